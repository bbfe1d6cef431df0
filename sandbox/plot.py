"""Draw a run: every figure that its world declares, and one overview sheet, as PNG and SVG.

Worlds declare figures (`sandbox.figures`); here they get one style. Nothing touches pyplot or leaves settings
behind, and files are a function of the results: drawn twice, they are equal byte for byte.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import fill
from typing import Any

import networkx as nx

from sandbox.figures import Bars, Figure, Lorenz, NetworkMap, TimeSeries
from sandbox.maps import draw_map, shown_people
from sandbox.panels import FAINT, INK, Frame, Pens, draw_bars, draw_lorenz, draw_series, is_empty, pens
from sandbox.results import Results
from sandbox.world import World

DPI = 180
MAX_OVERVIEW = 6
ALONE, SQUARE, PANEL, OVERVIEW = (5.2, 3.4), (5.0, 4.7), (3.6, 2.6), (3.7, 3.1)
"""Inches, width and height, of a panel: by itself, square by itself, beside others, on the overview."""
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.title_fontsize": 8,
    "legend.frameon": False,
    "legend.borderaxespad": 0.2,
    "figure.titlesize": 11,
    "figure.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.8,
    "figure.facecolor": "white",
    "svg.hashsalt": "sandbox",
}


def draw_figures(results: Results, kind: type[World], graph: Callable[[], nx.Graph], folder: Path) -> list[Path]:
    """Draw all figures of a world and an overview into `folder`/figures.

    Args:
        results: Metrics and tables of the run, any number of arms and seeds.
        kind: The world; it declares figures and what an axis calls each metric.
        graph: Makes the social graph of the first replicate; called only where a map is drawn.
        folder: The run's folder.

    Returns:
        The files, the overview's first.
    """
    target = folder / "figures"
    target.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    with styled():
        artist = Artist(results, kind.measures, graph)
        if kind.figures:
            files += save(artist.overview(kind.figures), target / "overview")
        for figure in kind.figures:
            files += save(artist.sheet(figure), target / figure.name)
    return files


@contextmanager
def styled() -> Generator[None]:
    """Draw in the project's style, and leave matplotlib's settings as they were."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


@dataclass(frozen=True)
class Artist:
    """Draws sheets of one run's results."""

    results: Results
    measures: Mapping[str, str]
    make_graph: Callable[[], nx.Graph]

    @cached_property
    def graph(self) -> nx.Graph:
        """Social graph of the first replicate."""
        return self.make_graph()

    @cached_property
    def arms(self) -> Pens:
        """A pen for every arm."""
        return pens([str(arm) for arm in self.results.metrics["arm"].unique()])

    def sheet(self, figure: Figure) -> Any:
        """One declared figure on a sheet of its own."""
        names = figure.measures if isinstance(figure, TimeSeries) else ("",)
        size = SQUARE if isinstance(figure, Lorenz | NetworkMap) else ALONE if len(names) == 1 else PANEL
        sheet, axes = blank(len(names), size, len(names) == 1)
        for ax, name in zip(axes, names, strict=False):
            if len(names) > 1:
                ax.set_title(fill(self.measures.get(name, name), 40))
            self.panel(ax, figure, name)
        self._finish(sheet, figure.title, [figure])
        return sheet

    def overview(self, figures: Sequence[Figure]) -> Any:
        """The most telling figures on one sheet."""
        chosen = most_telling(figures)
        sheet, axes = blank(len(chosen), OVERVIEW)
        for ax, figure in zip(axes, chosen, strict=False):
            ax.set_title(figure.title, fontweight="bold", fontsize=10)
            self.panel(ax, figure, figure.measures[0] if isinstance(figure, TimeSeries) else "")
        self._finish(sheet, "", chosen)
        return sheet

    def panel(self, ax: Any, figure: Figure, measure: str) -> None:
        """Draw one figure, or one measure of a time series, on `ax`."""
        tables = self.results.tables
        if self._is_empty(figure):
            ax.text(0.5, 0.5, "no observations", ha="center", va="center", color=FAINT, transform=ax.transAxes)
            ax.axis("off")
            return
        match figure:
            case TimeSeries():
                draw_series(ax, self.results.metrics, measure, self.arms)
                ax.set_ylabel(fill(figure.ylabel, 34))
            case Bars():
                draw_bars(ax, figure, tables[figure.table], self.arms)
            case Lorenz():
                draw_lorenz(ax, figure, tables[figure.table], self.arms)
            case NetworkMap():
                draw_map(ax, figure, first_replicate(tables[figure.table], self.results.metrics), self.graph)

    def _is_empty(self, figure: Figure) -> bool:
        if isinstance(figure, TimeSeries):
            return self.results.metrics.empty
        return is_empty(figure, self.results.tables)

    def _finish(self, sheet: Any, title: str, figures: Sequence[Figure]) -> None:
        """Add what the reader must know: which line is which arm, what a band is, what a map leaves out."""
        drawn = [figure for figure in figures if not self._is_empty(figure)]
        if len(self.arms) > 1 and any(not isinstance(figure, NetworkMap) for figure in drawn):
            _add_key(sheet, title, self.arms)
        elif title:
            sheet.suptitle(title, x=0.012, ha="left")
        notes = [note for figure in drawn if (note := self._note(figure))]
        if notes:
            sheet.supxlabel("\n".join(dict.fromkeys(notes)), x=0.012, ha="left", fontsize=7.5, color=FAINT)

    def _note(self, figure: Figure) -> str:
        metrics: Frame = self.results.metrics
        replicates = metrics.groupby("arm", sort=False)["seed"].nunique()
        if isinstance(figure, NetworkMap):
            first = f"Map of {first_name(metrics)}." if replicates.sum() > 1 else ""
            return " ".join(filter(None, [first, shown_people(self.graph)]))
        fewest, most = replicates.min(), replicates.max()
        if most < 2:
            return ""
        number = f"{most}" if fewest == most else f"{fewest} to {most}"
        return f"Means over {number} seeds; bands, whiskers and ± are 95 % intervals of the mean (Student's t)."


def most_telling(figures: Sequence[Figure]) -> list[Figure]:
    """Six figures at most: the first map, Lorenz curve and bars, and before them series in declared order."""
    firsts = {type(figure): figure for figure in reversed(figures) if not isinstance(figure, TimeSeries)}
    others = [figure for figure in figures if figure in firsts.values()]
    series = [figure for figure in figures if isinstance(figure, TimeSeries)]
    return [*series[: MAX_OVERVIEW - len(others)], *others]


def first_replicate(table: Frame, metrics: Frame) -> Frame:
    """Rows of a table that belong to the first replicate."""
    arm, seed = (table if metrics.empty else metrics)[["arm", "seed"]].iloc[0]
    return table[(table["arm"] == arm) & (table["seed"] == seed)]


def first_name(metrics: Frame) -> str:
    """What a note calls the first replicate."""
    arm, seed = metrics[["arm", "seed"]].iloc[0]
    return f"seed {seed}" if metrics["arm"].nunique() == 1 else f"arm {arm}, seed {seed}"


def blank(number: int, size: tuple[float, float], alone: bool = False) -> tuple[Any, list[Any]]:
    """A sheet with `number` panels of `size` inches, three a row."""
    columns = min(number, 3)
    rows = -(-number // columns)
    sheet = sheet_of(size[0] * columns, size[1] * rows + (0.0 if alone else 0.6))
    axes = [sheet.add_subplot(rows, columns, place + 1) for place in range(number)]
    return sheet, axes


def sheet_of(width: float, height: float) -> Any:
    """An empty sheet of so many inches, on which nothing will overlap."""
    from matplotlib.figure import Figure as Sheet
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06, wspace=0.03, hspace=0.04)
    return Sheet(figsize=(width, height), layout=layout)


def _add_key(sheet: Any, title: str, arms: Pens) -> None:
    """Put the title, and below it which line is which arm; empty lines of the title keep the place free."""
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=pen.color, linestyle=pen.dash, label=pen.label) for pen in arms.values()]
    inches = 0.65 + 0.075 * max(map(len, arms))
    columns = max(1, min(len(lines), int(sheet.get_figwidth() / inches)))
    rows = -(-len(lines) // columns)
    head = f"{title}\n" if title else ""
    sheet.suptitle(head + "\n".join([" "] * rows), x=0.012, ha="left")
    top = 1 - (0.26 if title else 0.04) / sheet.get_figheight()
    sheet.legend(handles=lines, loc="upper left", bbox_to_anchor=(0.005, top), ncols=columns)


def save(sheet: Any, path: Path) -> list[Path]:
    """Write one sheet as PNG and SVG, without dates or versions."""
    files = [path.with_name(f"{path.name}.png"), path.with_name(f"{path.name}.svg")]
    sheet.savefig(files[0], dpi=DPI, metadata={"Software": None})
    sheet.set_layout_engine("none")  # it is laid out, and twice takes twice the time
    sheet.savefig(files[1], dpi=DPI, metadata={"Date": None, "Creator": None})
    return files
