"""What a figure is: a declaration that a world makes and that can draw itself.

A world lists instances of `Figure` in `World.figures`; `sandbox.output.plot` arranges them on sheets. A new kind of
figure is a frozen dataclass that derives from `Figure` and writes two methods, `is_empty` and `draw`. It may be in a
world's own module: matplotlib and pandas are imported inside `draw`, so that a world can be imported without them.
This module must not import `sandbox.core` or `sandbox.runtime`, because `sandbox.core` imports it.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from sandbox.figures.null_model import NullModel
from sandbox.figures.style import WIDE, Pens, assign_pens

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from matplotlib.axes import Axes


class Mark(NamedTuple):
    """A change of the running world, which figures over steps mark."""

    step: int
    """0-based step before whose first round it happened."""
    label: str
    """A word or two, beside the line."""
    description: str
    """What changed, for the note."""


@dataclass(frozen=True)
class FigureData:
    """What figures are drawn from: the results of one run."""

    metrics: "pd.DataFrame"
    """One row per replicate and step: arm, seed, step, one column per metric."""
    tables: "Mapping[str, pd.DataFrame]"
    """The world's tables; columns arm and seed first."""
    metric_labels: Mapping[str, str]
    """What an axis calls each metric."""
    make_graph: "Callable[[], nx.Graph[Any]]"
    """Builds the social graph of the first replicate; called only if a figure needs it."""
    null: NullModel | None = None
    """What chance alone gives; None if unknown."""
    origin: str = ""
    """What the figures are of: world, minds, seeds and settings, on one line."""
    marks: Sequence[Mark] = ()
    """Changes of the running world, by step."""

    @property
    def reached_marks(self) -> list[Mark]:
        """Return the marks of steps that have metrics."""
        last = max(self.metrics["step"], default=-1)
        return [mark for mark in self.marks if mark.step <= last]

    @cached_property
    def graph(self) -> "nx.Graph[Any]":
        """Return the social graph of the first replicate."""
        return self.make_graph()

    @cached_property
    def pens(self) -> Pens:
        """Return a pen for every arm."""
        return assign_pens([str(arm) for arm in self.metrics["arm"].unique()])

    @cached_property
    def num_replicates(self) -> int:
        """Return the number of worlds in the run: arms times seeds."""
        return len(self.metrics[["arm", "seed"]].drop_duplicates())

    def total(self, table: str, column: str) -> float:
        """Return the sum of a table's column over all replicates; 0 if the table is missing or empty."""
        rows = self.tables.get(table)
        return 0.0 if rows is None or rows.empty else cast("float", rows[column].sum())

    def first_seed_rows(self, table: str) -> "pd.DataFrame":
        """Return the rows of a table that belong to the first seed, in all arms."""
        rows = self.tables[table]
        return cast(
            "pd.DataFrame", rows[rows["seed"] == (rows if self.metrics.empty else self.metrics)["seed"].iloc[0]]
        )

    @cached_property
    def num_seeds(self) -> Mapping[str, int]:
        """Return the number of seeds of every arm."""
        return Counter(map(str, self.metrics[["arm", "seed"]].drop_duplicates()["arm"]))

    def sample_note(self) -> str:
        """Say how many worlds were run, and explain means and intervals; empty before the first step."""
        if not self.num_seeds:
            return ""
        number = format_range(self.num_seeds.values())
        of_arm = " for each arm" if len(self.num_seeds) > 1 else ""
        if number == "1":
            return f"n = 1 world{of_arm}."
        return (
            f"n = {number} worlds (seeds){of_arm}, of which means are drawn; "
            "bands in colour, error bars and ± are 95 % intervals of the mean (Student's t)."
        )


@dataclass(frozen=True)
class Figure(ABC):
    """A figure that a world wants to have drawn."""

    name: str
    """Name of its files."""
    title: str

    size: ClassVar[tuple[float, float]] = WIDE
    """Inches, width and height, of a sheet with this figure alone."""
    has_arms: ClassVar[bool] = True
    """Whether lines or colours stand for arms, so that a sheet of several arms needs a key."""
    repeats_in_overview: ClassVar[bool] = False
    """Whether the overview shows several figures of this kind, before all others; otherwise only the first."""

    @abstractmethod
    def is_empty(self, data: FigureData) -> bool:
        """Return whether there is nothing to draw; the sheet then says so, and `draw` is not called."""

    @abstractmethod
    def draw(self, ax: "Axes", data: FigureData) -> None:
        """Draw on `ax`, which is empty."""

    def panels(self, data: FigureData) -> "Sequence[Figure]":
        """Return the parts that are drawn on axes of their own; the overview shows the first."""
        return [self]

    def note(self, data: FigureData) -> str:
        """Return what the bottom of the sheet says about this figure, line by line; it shows equal lines once."""
        return data.sample_note()


def format_range(numbers: Collection[int]) -> str:
    """Return numbers as a reader wants them: `4`, or `3 to 1,200` if they differ."""
    fewest, most = min(numbers), max(numbers)
    return f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
