"""What the user sees while a run is in progress: a bar on a terminal, otherwise a line from time to time."""

import time
from math import ceil
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from sandbox.characters import remove_control_characters
from sandbox.runtime.runner import Progress

if TYPE_CHECKING:
    from sandbox.runtime.results import Results
    from sandbox.runtime.run import Run

CONSOLE = Console(stderr=True)
LINE_INTERVAL_S = 30.0
"""Seconds between lines when there is no terminal to draw a bar on, such as in a job's log."""


class LineReporter:
    """Writes lines when there is no bar to look at."""

    def __init__(self) -> None:
        self._last_line = time.monotonic()

    def report(self, text: str) -> None:
        """Write a line, unless there is a bar or the last line is recent."""
        now = time.monotonic()
        if not CONSOLE.is_terminal and now - self._last_line >= LINE_INTERVAL_S:
            CONSOLE.print(text, highlight=False)
            self._last_line = now


def notify(text: str) -> None:
    """Tell the user that something takes a while; a text that ends with a full stop is printed as it is."""
    ending = "" if text.endswith(".") else " …"
    line = remove_control_characters(f"{text}{ending}")
    CONSOLE.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)


def resume_with_bar(run: "Run") -> "Results":
    """Run a run to its end, or go on with it, under a bar."""
    with ProgressBar(run.manifest.segments[-1].config.steps) as progress:
        return run.resume(progress, notify)


class ProgressBar(Progress):
    """A bar over steps with decisions per second and the time left."""

    def __init__(self, steps: int) -> None:
        self._bar = RichProgress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=CONSOLE,
        )
        self._task = self._bar.add_task("", total=steps, rate="")
        self._steps = steps
        self._lines = LineReporter()
        self._num_live = self._num_replayed = 0
        self._start: float | None = None
        """When the first live batch began; replayed batches before it do not count for the rate."""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._bar.update(self._task, completed=self._steps)
        self._bar.stop()

    def begin_step(self, step: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step)

    def add_answers(self, num: int, seconds: float | None) -> None:
        """Show the mean rate of live decisions up to now."""
        if seconds is None:
            self._num_replayed += num
            rate = f"{self._num_replayed} decisions from the log"
        else:
            self._num_live += num
            now = time.perf_counter()
            self._start = self._start or now - seconds
            rate = f"{self._num_live / (now - self._start):,.0f} decisions/s"
        self._bar.update(self._task, rate=rate)
        task = self._bar.tasks[self._task]
        remaining = f", {ceil(task.time_remaining / 60)} min left" if task.time_remaining else ""
        self._lines.report(f"step {int(task.completed)} of {self._steps}, {rate}{remaining}")
