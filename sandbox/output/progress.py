"""What the user sees while something is in progress: a bar on a terminal, otherwise a line from time to time."""

import time
from collections.abc import Collection, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from sandbox.characters import remove_control_characters
from sandbox.counting import count_of
from sandbox.output.formatting import format_rate, format_time_left
from sandbox.runtime.runner import Progress

if TYPE_CHECKING:
    from sandbox.runtime.results import Results
    from sandbox.runtime.run import Run

T = TypeVar("T")

CONSOLE = Console(stderr=True)
LINE_INTERVAL_S = 30.0
"""Seconds between lines when there is no terminal to draw a bar on, such as in a job's log."""
MIN_WIDTH_BAR, MIN_WIDTH_DETAILS = 80, 64
"""Characters of a terminal from which there is a bar, and from which rate and elapsed time stand beside it."""
SMOOTHING = 0.3
"""Weight of the latest unit in the mean time per unit."""


class RemainingTime:
    """Estimates the time left from how long units took, late ones counting more: one slow unit moves it little."""

    def __init__(self) -> None:
        self._per_unit: float | None = None
        self._done = 0.0
        self._since = time.monotonic()

    def restart(self, done: float) -> None:
        """Start to measure: so many units were done before, at another speed."""
        self._done, self._since, self._per_unit = done, time.monotonic(), None

    def update(self, done: float) -> None:
        """Receive the number of units that are done."""
        if done <= self._done:
            return
        now = time.monotonic()
        latest = (now - self._since) / (done - self._done)
        self._per_unit = latest if self._per_unit is None else self._per_unit + SMOOTHING * (latest - self._per_unit)
        self._done, self._since = done, now

    def seconds_left(self, total: float) -> float | None:
        """Return the seconds until `total` units are done; None before the first one is."""
        if self._per_unit is None:
            return None
        return max(0.0, (total - self._done) * self._per_unit - (time.monotonic() - self._since))


class TimeLeftColumn(ProgressColumn):
    """The time left, as long as something is left; a task's field `remaining` estimates it."""

    def render(self, task: Task) -> Text:
        """Return the time left; nothing before it is known and after the end."""
        remaining: RemainingTime = task.fields["remaining"]
        seconds = None if task.finished or task.total is None else remaining.seconds_left(task.total)
        return Text("" if seconds is None else format_time_left(seconds), style="progress.remaining")


class LineReporter:
    """Writes lines when there is no bar to look at."""

    def __init__(self) -> None:
        self._last_line = time.monotonic()

    def report(self, text: str, seconds_left: float | None = None) -> None:
        """Write a line with the time left, unless there is a bar or the last line is recent."""
        now = time.monotonic()
        if not CONSOLE.is_terminal and now - self._last_line >= LINE_INTERVAL_S:
            ending = "" if not seconds_left else f", {format_time_left(seconds_left)}"
            CONSOLE.print(f"{text}{ending}", highlight=False, markup=False, soft_wrap=True)
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


def track(items: Collection[T], description: str) -> Iterator[T]:
    """Yield items under a bar that disappears at the end; without a terminal, say from time to time how far it is.

    Args:
        items: What is worked on; the time that the caller spends on each counts.
        description: What is done with them, such as `null model`.
    """
    remaining, lines, total = RemainingTime(), LineReporter(), len(items)
    with RichProgress(*fitting_columns(), console=CONSOLE, transient=True, disable=not CONSOLE.is_terminal) as bar:
        task = bar.add_task(description, total=total, remaining=remaining)
        for done, item in enumerate(items, 1):
            yield item
            remaining.update(done)
            bar.update(task, completed=done)
            lines.report(f"{description}: {done} of {total} done", remaining.seconds_left(total))


def fitting_columns(*details: ProgressColumn) -> list[ProgressColumn]:
    """Return the columns of a bar with those details that the terminal has room for, so that no number is cut."""
    columns: list[ProgressColumn] = [TextColumn("{task.description}"), MofNCompleteColumn()]
    if CONSOLE.width >= MIN_WIDTH_BAR:
        columns.append(BarColumn())
    if CONSOLE.width >= MIN_WIDTH_DETAILS:
        columns += details
    return [*columns, TimeLeftColumn()]


class ProgressBar(Progress):
    """A bar over steps with decisions per second and the time left."""

    def __init__(self, steps: int, is_replay: bool = False) -> None:
        """Prepare the bar.

        Args:
            steps: How many there are.
            is_replay: Whether all of them are replayed; nothing of the bar then remains at the end.
        """
        self._remaining = RemainingTime()
        self._bar = RichProgress(
            *fitting_columns(TextColumn("{task.fields[rate]}"), TimeElapsedColumn()),
            console=CONSOLE,
            transient=is_replay,
        )
        self._task = self._bar.add_task("step", total=steps, rate="", remaining=self._remaining)
        self._steps = steps
        self._step = 0
        self._is_replay = is_replay
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
        self._remaining.restart(self._step)  # what has stopped has no time left
        self._bar.stop()

    def track(self, items: Collection[Any], description: str) -> Iterator[Any]:
        """Yield items under a bar of their own."""
        self._bar.update(self._task, completed=self._steps)
        remaining, total = RemainingTime(), len(items)
        task = self._bar.add_task(description, total=total, rate="", remaining=remaining)
        for done, item in enumerate(items, 1):
            yield item
            remaining.update(done)
            self._bar.update(task, completed=done)
            self._lines.report(f"{description}: {done} of {total} done", remaining.seconds_left(total))

    def begin_step(self, step: int) -> None:
        """Move the bar."""
        self._step = step
        if self._is_replay or self._start is not None:  # the speed of a replay says nothing about live steps
            self._remaining.update(step)
        self._bar.update(self._task, completed=step)

    def add_answers(self, num: int, seconds: float | None) -> None:
        """Show the mean rate of live decisions up to now."""
        if seconds is None:
            self._num_replayed += num
            rate = f"{count_of(self._num_replayed, 'decision')} from the log"
        else:
            self._num_live += num
            now = time.perf_counter()
            if self._start is None:
                self._start = now - seconds
                self._remaining.restart(self._step)
            rate = format_rate(self._num_live, max(now - self._start, 1e-9), "decision")
        self._bar.update(self._task, rate=rate)
        left = self._remaining.seconds_left(self._steps)
        self._lines.report(f"step {self._step} of {self._steps}, {rate}", left)


class ReplayBar(ProgressBar):
    """A bar over the steps of a replay, which disappears at its end."""

    def __init__(self, steps: int) -> None:
        super().__init__(steps, is_replay=True)
