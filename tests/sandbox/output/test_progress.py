from io import StringIO

import pytest
from rich.console import Console

from sandbox.output import progress
from sandbox.output.progress import ProgressBar
from training.pipeline.progress import StageBar


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What is written if there is no terminal, a line at every report."""
    file = StringIO()
    monkeypatch.setattr(progress, "CONSOLE", Console(file=file))
    monkeypatch.setattr(progress, "LINE_INTERVAL_S", 0.0)
    return file


def test_without_a_terminal_lines_say_how_far_a_run_is(output: StringIO) -> None:
    with ProgressBar(5) as bar:
        bar.begin_step(2)
        bar.add_answers(10, None)
        bar.add_answers(10, 0.5)
    first, second = output.getvalue().splitlines()[:2]
    assert first == "step 2 of 5, 10 decisions from the log"
    assert second.startswith("step 2 of 5, ")
    assert "decisions/s" in second


def test_without_a_terminal_lines_say_how_far_a_stage_is(output: StringIO) -> None:
    with StageBar() as bar:
        bar.show_progress("clean", 3, 40)
    assert output.getvalue().splitlines()[0] == "clean: 3 of 40 done"


def test_lines_are_not_written_all_the_time(output: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_INTERVAL_S", 30.0)
    with ProgressBar(5) as bar:
        bar.add_answers(10, 0.5)
    assert "step 0 of 5," not in output.getvalue()
