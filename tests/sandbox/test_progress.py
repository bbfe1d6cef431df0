from io import StringIO

import pytest
from rich.console import Console

from sandbox import progress
from sandbox.progress import ProgressBar
from training.progress import StageBar


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What is written where there is no terminal, a line as often as there is news."""
    file = StringIO()
    monkeypatch.setattr(progress, "CONSOLE", Console(file=file))
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    return file


def test_without_a_terminal_lines_tell_how_far_a_run_is(written: StringIO) -> None:
    with ProgressBar(5) as bar:
        bar.stepped(2)
        bar.answered(10, None)
        bar.answered(10, 0.5)
    first, second = written.getvalue().splitlines()[:2]
    assert first == "step 2 of 5, 10 decisions from the log"
    assert second.startswith("step 2 of 5, ")
    assert "decisions/s" in second


def test_without_a_terminal_lines_tell_how_far_a_stage_is(written: StringIO) -> None:
    with StageBar() as bar:
        bar.told("clean", 3, 40)
    assert written.getvalue().splitlines()[0] == "clean: 3 of 40 done"


def test_lines_are_not_written_all_the_time(written: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 30.0)
    with ProgressBar(5) as bar:
        bar.answered(10, 0.5)
    assert "step 0 of 5," not in written.getvalue()
