"""A damaged log is never read as if it were intact, and a run goes back to the last batch before the damage."""

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sandbox.cli.main import main
from sandbox.errors import ContractError, DataError
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.log_chain import DamagedLogError
from sandbox.runtime.log_rows import COLUMNS
from sandbox.runtime.run import LOG, Run
from sandbox.runtime.runner import Progress
from tests.sandbox.runtime.test_log import make_questions, write_log

SETTINGS = ["world=marketplace", "mind=rule", "population.size=12", "world.num_sellers=3", "steps=4", "null_worlds=0"]
PAGE = 16384
Damage = Callable[[bytearray, Random], None]


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run with an intervention, for tests that copy it."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    tax = "interventions=[{step: 1, do: tax, rate: 0.1}]"
    Run.start([*SETTINGS, tax, "reactions=0", f"run_dir={folder}"]).resume(Progress(), lambda _: None)
    return folder


@pytest.fixture
def damaged_run(finished_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished_run, tmp_path / "run")


def state(folder: Path) -> list[Any]:
    """Return all that a log holds, without times, and the metrics."""
    with closing(Run(folder).log()) as log:
        batches = [batch[:4] for batch in log.batches()]
        return [list(log.decisions()), batches, log.interventions(), (folder / "metrics.csv").read_bytes()]


def edit(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def flip_bit(content: bytearray, draws: Random) -> None:
    content[draws.randrange(len(content))] ^= 1 << draws.randrange(8)


def zero_block(content: bytearray, draws: Random) -> None:
    start = draws.randrange(len(content) // 512) * 512
    content[start : start + 512] = bytes(512)


def zero_page(content: bytearray, draws: Random) -> None:
    start = draws.randrange(len(content) // PAGE) * PAGE
    content[start : start + PAGE] = bytes(PAGE)


def swap_pages(content: bytearray, draws: Random) -> None:
    first, second = (draws.randrange(len(content) // PAGE) * PAGE for _ in range(2))
    pages = content[first : first + PAGE], content[second : second + PAGE]
    content[second : second + PAGE], content[first : first + PAGE] = pages


def cut_end(content: bytearray, draws: Random) -> None:
    del content[draws.randrange(len(content)) :]


@pytest.mark.parametrize("damage", [flip_bit, zero_block, zero_page, swap_pages, cut_end])
def test_a_log_damaged_at_random_is_refused_or_reads_as_before(
    finished_run: Path, damaged_run: Path, damage: Damage
) -> None:
    content, expected = (finished_run / LOG).read_bytes(), state(finished_run)
    num_refused = 0
    for seed in range(12):
        damaged_content = bytearray(content)
        damage(damaged_content, Random(seed))
        (damaged_run / LOG).write_bytes(damaged_content)
        try:
            assert state(damaged_run) == expected
        except DataError as error:
            num_refused += 1
            assert "\n" not in str(error)
            assert str(damaged_run / LOG) in str(error)
    assert num_refused


EDITS = {
    "another choice": "UPDATE decision SET value = value || '1' WHERE batch = 3",
    "a probability": "UPDATE decision SET probs = x'5b312c305d' WHERE batch = 3",
    "no JSON": "UPDATE decision SET content = x'7b' WHERE batch = 3",
    "no UTF-8": "UPDATE decision SET value = CAST(x'ff80' AS TEXT) WHERE batch = 3",
    "a source": "UPDATE decision SET source = 'model' WHERE batch = 3",
    "a missing decision": "DELETE FROM decision WHERE batch = 3 AND position_in_batch = 0",
    "a moved batch": "UPDATE decision SET batch = 300 WHERE batch = 3",
    "an added decision": "INSERT INTO decision "
    f"SELECT batch, position_in_batch + 100, {', '.join(COLUMNS[2:])} FROM decision WHERE batch = 3",
    "a time": "UPDATE batch SET seconds = 1e9 WHERE batch = 3",
    "a hash": "UPDATE batch SET hash = zeroblob(16) WHERE batch = 3",
}


@pytest.mark.parametrize("statement", EDITS.values(), ids=EDITS)
def test_an_edit_is_found_and_its_batch_is_named(damaged_run: Path, statement: str) -> None:
    edit(damaged_run / LOG, statement)
    with pytest.raises(
        DamagedLogError, match=r"decisions.sqlite is damaged: batch 3 .* first 3 batches are intact"
    ) as error:
        Run(damaged_run).log()
    assert error.value.num_intact == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE intervention SET description = 'Ban {}'",
        "DELETE FROM intervention",
        "INSERT INTO intervention VALUES ('main', 0, 1, 7, 'Tax {}')",
    ],
)
def test_interventions_are_part_of_the_chain(damaged_run: Path, statement: str) -> None:
    edit(damaged_run / LOG, statement)
    with pytest.raises(DamagedLogError, match="does not fit its hash"):
        Run(damaged_run).log()


TAIL_EDITS = {
    "an added intervention": ["INSERT INTO intervention VALUES ('main', 0, 9, 0, 'Tax {}')"],
    "an intervention at no number": ["INSERT INTO intervention VALUES ('main', 0, 'x', 0, 'Tax {}')"],
    "an intervention before the first step": ["INSERT INTO intervention VALUES ('main', 0, -5, 0, 'Tax {}')"],
    "lost batches": [
        "DELETE FROM decision WHERE batch = (SELECT max(batch) FROM batch)",
        "DELETE FROM batch WHERE batch = (SELECT max(batch) FROM batch)",
    ],
    "no ending": ["DELETE FROM ending"],
    "another ending": ["UPDATE ending SET hash = zeroblob(16)"],
    "two endings": ["INSERT INTO ending SELECT * FROM ending"],
}


@pytest.mark.parametrize("statements", TAIL_EDITS.values(), ids=TAIL_EDITS)
def test_what_comes_after_the_last_batch_is_part_of_the_chain(
    finished_run: Path, damaged_run: Path, statements: list[str]
) -> None:
    for statement in statements:
        edit(damaged_run / LOG, statement)
    with pytest.raises(DamagedLogError, match=r"batch \d+ there are other rows than were written"):
        Run(damaged_run).log()
    assert main(["resume", str(damaged_run), "--drop-damaged"]) == 0
    assert state(damaged_run) == state(finished_run)


def test_an_intervention_after_the_last_batch_of_a_stopped_run_may_not_change(tmp_path: Path) -> None:
    """It is recorded before anybody is asked, so it may be all that is left of its step."""
    write_log(tmp_path / "log.sqlite")
    replicate = make_questions()[0].replicate
    with closing(DecisionLog.open(tmp_path / "log.sqlite", write=True)) as log:
        log.record_intervention(replicate, 7, 0, "tax 0.1")
        log.record_intervention(replicate, 7, 0, "tax 0.1")
        with pytest.raises(ContractError, match=r"intervention 0 is 'tax 0.2', but the log has 'tax 0.1'"):
            log.record_intervention(replicate, 7, 0, "tax 0.2")
    DecisionLog.open(tmp_path / "log.sqlite").close()
    edit(tmp_path / "log.sqlite", "UPDATE intervention SET description = 'tax 0.2'")
    with pytest.raises(DamagedLogError, match="other rows than were written"):
        DecisionLog.open(tmp_path / "log.sqlite")


def test_a_log_that_ends_before_its_run_finished_is_damaged(finished_run: Path, damaged_run: Path) -> None:
    """As where an earlier copy of the log was restored."""
    with closing(Run(finished_run).log()) as log, closing(DecisionLog.create(damaged_run / "earlier.sqlite")) as copy:
        log.copy_until(copy, 3)
    for file in damaged_run.glob(f"{LOG}*"):
        file.unlink()
    (damaged_run / "earlier.sqlite").rename(damaged_run / LOG)
    with pytest.raises(DamagedLogError, match=r"it holds \d+ decisions, but the run finished with \d+"):
        Run(damaged_run).log()


def test_resume_goes_back_to_the_last_intact_batch(
    finished_run: Path, damaged_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(damaged_run / LOG, EDITS["another choice"])
    content = (damaged_run / LOG).read_bytes()
    for command in ("show", "export", "resume"):
        assert main([command, str(damaged_run)]) == 1
        assert f"`python -m sandbox resume {damaged_run} --drop-damaged` continues" in capsys.readouterr().err
    assert main(["resume", str(damaged_run), "--drop-damaged"]) == 0
    text = " ".join(capsys.readouterr().err.split())
    assert "batch 3 does not fit its hash: the 3 batches before it are kept" in text
    assert state(damaged_run) == state(finished_run)
    assert (damaged_run / "decisions.damaged.sqlite").read_bytes() == content
    assert main(["resume", str(damaged_run), "--drop-damaged"]) == 0
    assert "the log is intact: nothing is dropped" in capsys.readouterr().err
    assert not (damaged_run / "decisions.damaged1.sqlite").exists()


@pytest.mark.parametrize("content", [b"", b"no database " * 5000])
def test_a_run_without_any_intact_batch_begins_again(finished_run: Path, damaged_run: Path, content: bytes) -> None:
    (damaged_run / LOG).write_bytes(content)
    with pytest.raises(DamagedLogError, match="none of its batches is intact"):
        Run(damaged_run).log()
    run = Run(damaged_run)
    run.drop_damaged()
    run.resume(Progress(), lambda _: None)
    assert state(damaged_run) == state(finished_run)


def test_a_log_with_code_of_its_own_is_damaged(finished_run: Path, damaged_run: Path) -> None:
    edit(damaged_run / LOG, "CREATE TRIGGER t AFTER INSERT ON batch BEGIN DELETE FROM decision; END")
    with pytest.raises(DamagedLogError, match="its tables are not those of a decision log"):
        Run(damaged_run).log()
    Run(damaged_run).drop_damaged()
    assert state(damaged_run) == state(finished_run)


def test_a_log_of_another_version_is_never_dropped(damaged_run: Path) -> None:
    edit(damaged_run / LOG, f"PRAGMA application_id = {0x50E0_0006}")
    content = (damaged_run / LOG).read_bytes()
    with pytest.raises(DataError, match="but of an earlier one"):
        Run(damaged_run).drop_damaged()
    assert (damaged_run / LOG).read_bytes() == content


def test_a_log_is_read_where_nothing_can_be_written(finished_run: Path, tmp_path: Path) -> None:
    """A process that may write no byte to any file sees what one sees on a full disk, whoever runs it."""
    folder = shutil.copytree(finished_run, tmp_path / "run")
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); from sandbox.cli.main import main; "
        f"raise SystemExit(main(['show', {str(folder)!r}]))"
    )
    process = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert re.search(r"marketplace: .* 4 steps", process.stdout)


def test_a_write_ahead_log_is_read_where_no_file_can_be_made_beside_it(tmp_path: Path) -> None:
    questions = write_log(tmp_path / "log.sqlite")
    log = DecisionLog.open(tmp_path / "log.sqlite", write=True)
    log.append(questions, log.replay(0, questions), 0.1, 0.0)
    for suffix in ("", "-wal"):
        shutil.copyfile(tmp_path / f"log.sqlite{suffix}", tmp_path / f"copy.sqlite{suffix}")
    log.close()
    (tmp_path / "copy.sqlite-shm").mkdir()  # so SQLite cannot make this file
    with closing(DecisionLog.open(tmp_path / "copy.sqlite")) as copy:
        assert copy.num_batches == 2
        assert copy.replay(1, make_questions()) == copy.replay(0, make_questions())
