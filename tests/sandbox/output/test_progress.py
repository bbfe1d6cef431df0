import re
import time
from io import StringIO

import pytest
from rich.console import Console

from sandbox.output import progress
from sandbox.output.progress import ProgressBar, RemainingTime, notify, track
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
        bar.show_progress("clean", 20, 40)
    first, second = output.getvalue().splitlines()[:2]
    assert first == "clean: 3 of 40 done"
    assert re.fullmatch(r"clean: 20 of 40 done, \d+ s left", second)


def test_lines_are_not_written_all_the_time(output: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_INTERVAL_S", 30.0)
    with ProgressBar(5) as bar:
        bar.add_answers(10, 0.5)
    assert "step 0 of 5," not in output.getvalue()


def test_progress_that_has_ended_has_no_time_left(output: StringIO) -> None:
    with ProgressBar(2) as bar:
        for step in range(2):
            bar.begin_step(step)
            bar.add_answers(10, 0.5)
    last = output.getvalue().splitlines()[-1]
    assert last.startswith("step 2/2")
    assert "left" not in last


def test_progress_that_was_stopped_has_no_time_left(output: StringIO) -> None:
    with pytest.raises(KeyboardInterrupt), ProgressBar(9) as bar:
        for step in range(3):
            bar.begin_step(step)
            bar.add_answers(10, 0.5)
        raise KeyboardInterrupt
    last = output.getvalue().splitlines()[-1]
    assert last.startswith("step 2/9")
    assert "left" not in last


def test_without_a_terminal_lines_say_how_far_other_work_is(output: StringIO) -> None:
    assert list(track(range(3), "null model")) == [0, 1, 2]
    lines = output.getvalue().splitlines()
    assert re.fullmatch(r"null model: 1 of 3 done, \d+ s left", lines[0])
    assert lines[-1] == "null model: 3 of 3 done"


def test_a_message_keeps_its_brackets_and_is_not_wrapped(output: StringIO) -> None:
    text = f"asking seeds=[0,1] of [bold] in {'a/' * 60}b"
    notify(text)
    assert output.getvalue() == f"{text} …\n"


def test_the_time_left_is_smoothed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    remaining = RemainingTime()
    assert remaining.seconds_left(10) is None
    for done, moment in enumerate((1.0, 2.0, 12.0), 1):  # the third unit takes ten times as long
        now = moment
        remaining.update(done)
    left = remaining.seconds_left(10)
    assert left is not None
    assert 7 < left < 35, "neither as if nothing happened nor as if all units were that slow"
    now += 2
    assert remaining.seconds_left(10) == pytest.approx(left - 2)


@pytest.mark.parametrize("width", [30, 40, 64, 80, 200])
def test_no_number_of_a_bar_is_cut_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    file = StringIO()
    monkeypatch.setattr(progress, "CONSOLE", Console(file=file, force_terminal=True, width=width))
    with ProgressBar(100) as bar:
        bar.begin_step(10)
        bar.add_answers(2000, 0.5)
        for _ in bar.track(range(2), "reactions"):
            pass
    assert "100/100" in file.getvalue()
    assert "…" not in file.getvalue()
