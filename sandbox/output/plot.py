"""Draw a run: every figure that its world declares, and one overview sheet, as PNG and SVG.

Figures draw themselves on axes (`sandbox.figures`); this module arranges them on sheets and writes files. It does not
use pyplot, restores matplotlib's settings, and writes files that depend on the results alone: drawn twice, they are
equal byte for byte.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from textwrap import fill, wrap
from typing import TYPE_CHECKING, Any

from sandbox.core.world import World
from sandbox.figures.figure import Figure, FigureData
from sandbox.figures.null_model import NullModel
from sandbox.figures.response_curve import CURVES
from sandbox.figures.style import FAINT, Pens, project_style
from sandbox.files import replace_file
from sandbox.output.progress import track
from sandbox.output.provenance import describe_origin, list_marks
from sandbox.runtime.manifest import Manifest
from sandbox.runtime.reactions import read_reactions
from sandbox.runtime.results import Results
from sandbox.user_code import explain_user_code

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

DPI = 180
MAX_OVERVIEW, MIN_REPEATED = 6, 3
"""Figures of the overview, and how many of them belong to the kinds that may repeat: dynamics come first."""
PANEL, OVERVIEW_PANEL = (3.6, 2.6), (3.7, 3.1)
"""Inches, width and height, of a panel next to others and of a panel of the overview."""
MAX_COLUMNS = 3
CHARACTERS_PER_INCH = 15
"""Characters of a note that fit into an inch."""
LINE_HEIGHT = 0.15
"""Inches of a line of a note."""
MARGIN = 0.012
"""Where titles and notes begin, as a share of the sheet's width."""


def draw_figures(
    results: Results,
    kind: type[World[Any]],
    make_graph: "Callable[[], nx.Graph[Any]]",
    folder: Path,
    null: NullModel | None = None,
    manifest: Manifest | None = None,
) -> list[Path]:
    """Draw all figures of a world and an overview into `folder`/figures.

    Args:
        results: Metrics and tables of the run, any number of arms and seeds.
        kind: The world; it declares figures and what an axis calls each metric.
        make_graph: Builds the social graph of the first replicate; called only if a figure needs it.
        folder: The run's folder.
        null: What chance alone gives; None if unknown.
        manifest: What the run was; None: its figures do not say so.

    Returns:
        The files, the overview's first.
    """
    target = folder / "figures"
    target.mkdir(parents=True, exist_ok=True)
    curves = read_reactions(folder, "curves")
    tables = results.tables if curves is None else {**results.tables, CURVES: curves}
    origin, marks = ("", []) if manifest is None else (describe_origin(manifest), list_marks(manifest))
    data = FigureData(results.metrics, tables, kind.metric_labels, make_graph, null, origin, marks)
    files: list[Path] = []
    with project_style():
        for figure in track(kind.figures, "figures"):  # before the overview: an error then names its figure
            with _explain_figure(kind, figure.name):
                files += save_sheet(_figure_sheet(figure, data), target / figure.name)
        if kind.figures:
            with _explain_figure(kind, "overview"):
                files = [*save_sheet(_overview_sheet(kind.figures, data), target / "overview"), *files]
    return files


def _explain_figure(kind: type[World[Any]], name: str) -> AbstractContextManager[None]:
    """Explain errors of a figure, which can be of the user's own, or name a column that its world does not have."""
    return explain_user_code(lambda: f"world {kind.name}: drawing the figure {name}", lambda: kind)


def select_overview(figures: Sequence[Figure]) -> list[Figure]:
    """Select at most `MAX_OVERVIEW` figures: those of kinds that may repeat, then one of each other kind.

    Where not all fit, at least `MIN_REPEATED` figures of the kinds that may repeat stay.
    """
    firsts = {type(figure): figure for figure in reversed(figures) if not figure.repeats_in_overview}
    singles = [figure for figure in figures if figure in firsts.values()]
    repeated = [figure for figure in figures if figure.repeats_in_overview]
    repeated = repeated[: max(MAX_OVERVIEW - len(singles), MIN_REPEATED)]
    return [*repeated, *singles[: MAX_OVERVIEW - len(repeated)]]


def make_sheet(width: float, height: float) -> "Sheet":
    """Return an empty sheet of that size in inches, on which nothing will overlap."""
    from matplotlib.figure import Figure as Sheet
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06, wspace=0.03, hspace=0.04)
    return Sheet(figsize=(width, height), layout=layout)


def save_sheet(sheet: "Sheet", path: Path) -> list[Path]:
    """Write one sheet as PNG and SVG, without dates or versions."""
    files = [path.with_name(f"{path.name}.png"), path.with_name(f"{path.name}.svg")]
    with replace_file(files[0]) as draft:
        sheet.savefig(draft, format="png", dpi=DPI, metadata={"Software": None})
    sheet.set_layout_engine("none")  # the first file has laid it out already; doing it again would double the time
    with replace_file(files[1]) as draft:
        sheet.savefig(draft, format="svg", dpi=DPI, metadata={"Date": None, "Creator": None})
    return files


def _figure_sheet(figure: Figure, data: FigureData) -> "Sheet":
    """Draw one declared figure on a sheet of its own."""
    panels = figure.panels(data)
    is_single = len(panels) == 1
    sheet, axes = panel_grid(len(panels), figure.size if is_single else PANEL, 0.0 if is_single else 0.6)
    for ax, panel in zip(axes, panels, strict=True):
        if not is_single:
            ax.set_title(fill(panel.title, 40))
        draw_panel(ax, panel, data)
    annotate(sheet, figure.title, [figure], data)
    return sheet


def _overview_sheet(figures: Sequence[Figure], data: FigureData) -> "Sheet":
    """Draw the most important figures on one sheet."""
    selection = select_overview(figures)
    panels = [figure.panels(data)[0] for figure in selection]
    sheet, axes = panel_grid(len(selection), OVERVIEW_PANEL, 0.6)
    for ax, figure, title in zip(axes, panels, [figure.title for figure in selection], strict=True):
        ax.set_title(title, fontweight="bold", fontsize=10)
        draw_panel(ax, figure, data)
    annotate(sheet, "", panels, data)
    return sheet


def panel_grid(number: int, size: tuple[float, float], extra_height: float) -> "tuple[Sheet, list[Axes]]":
    """Return a sheet with `number` panels of `size` inches in rows, and room for titles and notes."""
    num_columns = min(number, MAX_COLUMNS)
    num_rows = -(-number // num_columns)
    sheet = make_sheet(size[0] * num_columns, size[1] * num_rows + extra_height)
    return sheet, [sheet.add_subplot(num_rows, num_columns, index) for index in range(1, number + 1)]


def draw_panel(ax: "Axes", panel: Figure, data: FigureData) -> None:
    """Draw one panel, or say that there is nothing to draw."""
    if panel.is_empty(data):
        ax.text(0.5, 0.5, "no observations", ha="center", va="center", color=FAINT, transform=ax.transAxes)
        ax.axis("off")
    else:
        panel.draw(ax, data)


def annotate(sheet: "Sheet", title: str, figures: Sequence[Figure], data: FigureData) -> None:
    """Add what the reader must know: which line is which arm, what a band is, what a map leaves out."""
    figures = [figure for figure in figures if not figure.is_empty(data)]
    if len(data.pens) > 1 and any(figure.has_arms for figure in figures):
        _add_arm_key(sheet, title, data.pens)
    elif title:
        sheet.suptitle(title, x=MARGIN, ha="left")
    notes = dict.fromkeys(line for figure in figures for line in figure.note(data).splitlines())
    add_note(sheet, [*notes, data.origin])


def add_note(sheet: "Sheet", lines: Sequence[str], num_planned: int | None = None) -> None:
    """Write lines of text at the bottom of a sheet, broken to its width; empty ones are left out.

    Args:
        sheet: The sheet.
        lines: Sentences.
        num_planned: Lines for which the sheet has room; it grows for more. None: it has room for all.
    """
    width = int(CHARACTERS_PER_INCH * sheet.get_figwidth())
    broken = [part for line in lines if line for part in wrap(line, width)]
    if num_planned is not None:
        sheet.set_figheight(sheet.get_figheight() + LINE_HEIGHT * max(len(broken) - num_planned, 0))
    if broken:
        sheet.supxlabel("\n".join(broken), x=MARGIN, ha="left", fontsize=7.5, color=FAINT)


def _add_arm_key(sheet: "Sheet", title: str, pens: Pens) -> None:
    """Put the title, and below it which line is which arm."""
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=pen.color, linestyle=pen.dash, label=pen.label) for pen in pens.values()]
    inches = 0.65 + 0.075 * max(map(len, pens))
    num_columns = max(1, min(len(lines), int(sheet.get_figwidth() / inches)))
    num_rows = -(-len(lines) // num_columns)
    # the layout engine keeps space free for titles but not for this legend: empty lines of the title reserve it
    heading = f"{title}\n" if title else ""
    sheet.suptitle(heading + "\n".join([" "] * num_rows), x=MARGIN, ha="left")
    top = 1 - (0.26 if title else 0.04) / sheet.get_figheight()
    sheet.legend(handles=lines, loc="upper left", bbox_to_anchor=(0.005, top), ncols=num_columns)
