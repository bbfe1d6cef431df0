"""The common look of all figures: colours, pens, sizes, and matplotlib's settings.

The colours are those of Okabe & Ito (2008, https://jfly.uni-koeln.de/color/), which people with any kind of colour
vision can distinguish. matplotlib is imported only when something is drawn.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from matplotlib.typing import LineStyleType, RcKeyType

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: "tuple[LineStyleType, ...]" = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
"""Dashes distinguish arms in print, and keep lines visible that cover each other."""
HUMAN = "#9A9A9A"
INK = "#222222"
FAINT = "#6B6B6B"
SOLO_LABEL = "agents"
"""Name of the agents in a figure of a single arm."""

WIDE, SQUARE = (5.2, 3.4), (5.0, 4.7)
"""Width and height in inches of a figure that has one panel."""

STYLE: "dict[RcKeyType, Any]" = {
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


class Pen(NamedTuple):
    """How an arm is named and drawn."""

    label: str
    color: str
    dash: "LineStyleType"


Pens: TypeAlias = dict[str, Pen]
"""The pen of every arm, in the order in which arms appear."""


def assign_pens(arms: Sequence[str]) -> Pens:
    """Return a pen for every arm."""
    names = list(dict.fromkeys(arms))
    labels = [SOLO_LABEL] if len(names) == 1 else names
    return {
        name: Pen(label, COLORS[number % len(COLORS)], DASHES[number % len(DASHES)])
        for number, (name, label) in enumerate(zip(names, labels, strict=True))
    }


@contextmanager
def project_style() -> Generator[None]:
    """Draw in the project's style inside the `with` block; restore matplotlib's settings afterwards."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield
