"""What the user sees while a corpus is built: one bar for each stage."""

from types import TracebackType
from typing import Self

from rich.progress import Progress, TaskID, TimeElapsedColumn

from sandbox.output.progress import CONSOLE, LineReporter, RemainingTime, fitting_columns


class StageBar:
    """A bar for every stage that has something to do."""

    def __init__(self) -> None:
        self._bar = Progress(*fitting_columns(TimeElapsedColumn()), console=CONSOLE)
        self._tasks: dict[str, TaskID] = {}
        self._remaining: dict[str, RemainingTime] = {}
        self._notes = LineReporter()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for remaining in self._remaining.values():
            remaining.restart(0)
        self._bar.stop()

    def show_progress(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` units of a stage are done."""
        if stage not in self._tasks:
            remaining = self._remaining[stage] = RemainingTime()
            remaining.restart(done)
            self._tasks[stage] = self._bar.add_task(stage, total=total, remaining=remaining)
        self._remaining[stage].update(done)
        self._bar.update(self._tasks[stage], completed=done)
        self._notes.report(f"{stage}: {done} of {total} done", self._remaining[stage].seconds_left(total))
