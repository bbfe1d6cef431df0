"""What the user sees while a run goes on."""

import time
from math import ceil
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from sandbox.runner import Progress

CONSOLE = Console(stderr=True)
EVERY_S = 30.0
"""Where there is no terminal to draw a bar on, such as in a job's log, a line is written this often."""


class Notes:
    """Lines for those who cannot see a bar."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def note(self, text: str) -> None:
        """Write a line, unless there is a bar or the last line is not long ago."""
        now = time.monotonic()
        if not CONSOLE.is_terminal and now - self._last >= EVERY_S:
            CONSOLE.print(text, highlight=False)
            self._last = now


def say(text: str) -> None:
    """Tell the user that something takes a while."""
    CONSOLE.print(f"[dim]{text} …[/dim]", highlight=False)


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
        self._notes = Notes()
        self._live = self._replayed = 0
        self._began: float | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._bar.update(self._task, completed=self._steps)
        self._bar.stop()

    def stepped(self, step: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step)

    def answered(self, num: int, seconds: float | None) -> None:
        """Show the rate of live decisions so far."""
        if seconds is None:
            self._replayed += num
            rate = f"{self._replayed} decisions from the log"
        else:
            self._live += num
            now = time.perf_counter()
            self._began = self._began or now - seconds
            rate = f"{self._live / (now - self._began):,.0f} decisions/s"
        self._bar.update(self._task, rate=rate)
        left = self._bar.tasks[self._task].time_remaining
        step = int(self._bar.tasks[self._task].completed)
        self._notes.note(f"step {step} of {self._steps}, {rate}" + (f", {ceil(left / 60)} min left" if left else ""))
