"""The decision log: a run's SQLite file, one transaction a batch.

A world is deterministic given its configuration, seed and answers, so the answers are the run. Resuming,
branching and replaying all read them back, and a question that differs from the logged one is an error.
"""

import fcntl
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self

import msgspec

from sandbox.core.answer import Answer
from sandbox.core.form import Choose, Fill
from sandbox.core.question import Question
from sandbox.core.replicate import Replicate
from sandbox.errors import ContractError, DataError, SandboxError
from sandbox.runtime.log_difference import first_difference, to_signed

APPLICATION_ID = 0x50E0_0005
"""Marks a file as a decision log, layout 5: arms and seeds in columns of their own, minds by name."""

_COLUMNS = (
    "batch", "position_in_batch", "arm", "seed", "step", "round", "agent", "role", "template", "hash", "question_seed",
    "memory", "content", "value", "source", "mind", "model", "probs", "position", "prompt_tokens", "cached_tokens",
    "output_tokens", "truncated", "retried",
)  # fmt: skip

_SCHEMA = f"""
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
BEGIN;
PRAGMA application_id = {APPLICATION_ID};
CREATE TABLE decision ({", ".join(_COLUMNS)}, PRIMARY KEY (batch, position_in_batch)) WITHOUT ROWID;
CREATE TABLE batch (batch INTEGER PRIMARY KEY, step, round, decisions, seconds, unix_time);
CREATE TABLE intervention (arm, seed, step, number, description, PRIMARY KEY (arm, seed, step, number)) WITHOUT ROWID;
COMMIT;
"""


class DecisionLog:
    """All questions and answers of one run, in the order in which they were asked."""

    def __init__(self, path: Path, db: sqlite3.Connection, lock: IO[str] | None) -> None:
        self.path = path
        self._db = db
        self._lock = lock
        self.num_batches = int(self._scalar("SELECT count(*) FROM batch"))

    @classmethod
    def create(cls, path: Path) -> Self:
        """Start a new log at `path`, which must not exist."""
        if path.exists():
            raise DataError(f"{path} already exists; resume that run or choose another run_dir")
        lock = _lock(path)
        db = sqlite3.connect(path, isolation_level=None)
        with _write_errors(path, "a new log"):
            db.executescript(_SCHEMA)
        return cls(path, db, lock)

    @classmethod
    def open(cls, path: Path, write: bool = False) -> Self:
        """Open an existing log; to write, for this process alone."""
        if not path.is_file():
            raise DataError(f"no decision log at {path}; name the folder of a run")
        lock = _lock(path) if write else None
        source = path if write else f"{path.absolute().as_uri()}?mode=ro"
        db = sqlite3.connect(source, uri=not write, isolation_level=None)
        try:
            _check_file(path, db)
            return cls(path, db, lock)
        except DataError:
            db.close()
            if lock is not None:
                lock.close()
            raise

    def append(
        self, questions: Sequence[Question[Any]], answers: Sequence[Answer], seconds: float, unix_time: float
    ) -> None:
        """Log one answered batch in one transaction: all of it or nothing."""
        number = self.num_batches
        pairs = enumerate(zip(questions, answers, strict=True))
        rows = (_to_row(number, position, question, answer) for position, (question, answer) in pairs)
        first = questions[0]
        with _write_errors(self.path, f"{len(questions)} decisions of step {first.step}"), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(_INSERT, rows)
            batch = (number, first.step, first.round, len(questions), seconds, unix_time)
            self._db.execute("INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?)", batch)
        self.num_batches += 1

    def drop_from(self, batch: int) -> int:
        """Remove a batch and all that follows from it; return the number of decisions that are removed."""
        with _write_errors(self.path, "the end of the log"), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            number = int(self._scalar("SELECT count(*) FROM decision WHERE batch >= ?", (batch,)))
            step = self._scalar("SELECT step FROM batch WHERE batch = ?", (batch,))
            self._db.execute("DELETE FROM intervention WHERE step > ?", (step,))
            for table in ("decision", "batch"):
                self._db.execute(f"DELETE FROM {table} WHERE batch >= ?", (batch,))
        self.num_batches = batch
        return number

    def replay(self, batch: int, questions: Sequence[Question[Any]]) -> list[Answer]:
        """Return the answers of a logged batch.

        Raises:
            ContractError: The questions are not the ones that were logged; the message names the first difference.
        """
        rows = list(self.decisions("batch = ?", (batch,)))
        for question, row in zip(questions, rows, strict=False):
            if question.digest() != row["hash"]:
                raise ContractError(self._describe_difference(question, row))
        if len(rows) != len(questions):
            raise ContractError(
                f"batch {batch} of {self.path} holds {len(rows)} decisions but the world now asks {len(questions)}"
                f"{_CHANGED}"
            )
        return [_to_answer(question, row) for question, row in zip(questions, rows, strict=True)]

    def decisions(self, where: str = "1", values: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """Yield rows of the log in order, as dictionaries; JSON columns stay text."""
        cursor = self._db.execute(f"SELECT * FROM decision WHERE {where} ORDER BY batch, position_in_batch", values)
        for row in cursor:
            yield dict(zip(_COLUMNS, row, strict=True))

    def batches(self) -> list[tuple[int, int, int, int, float, float]]:
        """Return (batch, step, round, decisions, seconds, unix time) of every batch."""
        return self._db.execute("SELECT * FROM batch ORDER BY batch").fetchall()

    def count_by(self, column: str) -> dict[str, int]:
        """Return the number of decisions by the value of a column."""
        if column not in _COLUMNS:
            raise ContractError(f"the log has no column {column!r}; it has {', '.join(_COLUMNS)}")
        return dict(self._db.execute(f"SELECT {column}, count(*) FROM decision GROUP BY 1 ORDER BY 1"))

    def totals(self) -> dict[str, float]:
        """Return sums over the log: decisions, tokens, truncated and retried answers, seconds of answering."""
        names = ("prompt_tokens", "cached_tokens", "output_tokens", "truncated", "retried")
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in names)
        row = self._db.execute(f"SELECT count(*), {sums} FROM decision").fetchone()
        seconds = self._scalar("SELECT coalesce(sum(seconds), 0) FROM batch")
        return {**dict(zip(("decisions", *names), row, strict=True)), "seconds": seconds}

    def count_texts(self) -> int:
        """Return the number of answers that were written, not chosen: only these can be truncated."""
        return int(self._scalar("SELECT count(*) FROM decision WHERE position IS NULL"))

    def count_quality(self) -> list[dict[str, Any]]:
        """Return, by arm, the number of decisions, texts, fallbacks, truncated, retried and cached answers."""
        names = ("arm", "decisions", "texts", "fallback", "truncated", "retried", "cache")
        rows = self._db.execute(
            "SELECT arm, count(*), sum(position IS NULL), sum(source = 'fallback'), sum(truncated), "
            "sum(retried), sum(source = 'cache') FROM decision GROUP BY arm ORDER BY min(batch), min(position_in_batch)"
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def count_answers(self) -> list[dict[str, Any]]:
        """Return who answered, by arm: arm, mind, source, model (None if none answered) and number of decisions."""
        names = ("arm", "mind", "source", "model", "decisions")
        rows = self._db.execute(
            "SELECT arm, mind, source, nullif(model, ''), count(*) FROM decision GROUP BY 1, 2, 3, 4 "
            "ORDER BY min(batch), min(position_in_batch)"
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def record_intervention(self, replicate: Replicate, step: int, number: int, description: str) -> None:
        """Record that an intervention happened; a log that is open for reading has it already.

        Args:
            replicate: Where it happened.
            step: When.
            number: 0-based position among the interventions of that step.
            description: Its type and settings.
        """
        if self._lock is None:
            return
        with _write_errors(self.path, f"an intervention of step {step}"):
            row = (*replicate, step, number, description)
            self._db.execute("INSERT OR IGNORE INTO intervention VALUES (?, ?, ?, ?, ?)", row)

    def interventions(self) -> list[tuple[str, int, int, str]]:
        """Return (arm, seed, step, description) of every intervention that happened."""
        query = "SELECT arm, seed, step, description FROM intervention ORDER BY step, arm, seed, number"
        return self._db.execute(query).fetchall()

    def copy_until(self, path: Path, step: int) -> None:
        """Start a log at `path` with all batches and interventions before `step`."""
        copy = DecisionLog.create(path)
        copy.close()
        self._db.execute("ATTACH ? AS branch", (str(path),))
        with _write_errors(path, f"a copy of {self.path}"), self._db:
            self._db.execute("BEGIN")
            for table in ("decision", "batch", "intervention"):
                self._db.execute(f"INSERT INTO branch.{table} SELECT * FROM main.{table} WHERE step < ?", (step,))
        self._db.execute("DETACH branch")

    def close(self) -> None:
        """Close the file and let other processes write it."""
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def _scalar(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self._db.execute(sql, values).fetchone()[0]

    def _describe_difference(self, question: Question[Any], row: dict[str, Any]) -> str:
        context = f"{question.replicate}, step {question.step}, round {question.round}, agent {question.agent}"
        return f"{self.path} does not match this run: {context}: {first_difference(question, row)}{_CHANGED}"


_INSERT = f"INSERT INTO decision VALUES ({', '.join('?' * len(_COLUMNS))})"
_CHANGED = "; the world's code or files have changed since the run: check out the commit in its manifest.json"


def _check_file(path: Path, db: sqlite3.Connection) -> None:
    try:
        layout = db.execute("PRAGMA application_id").fetchone()[0]
        damage = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise DataError(f"{path} is damaged or not a decision log ({error}); restore it from a copy") from error
    if layout != APPLICATION_ID:
        raise DataError(f"{path} is an SQLite file but not a decision log of this version (id {layout:#x})")
    if damage != "ok":
        raise DataError(f"{path} is damaged ({damage}); restore it from a copy")


@contextmanager
def _write_errors(path: Path, what: str) -> Generator[None]:
    """Turn a failed write into one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise SandboxError(
            f"could not write {what} to {path}: {error}; the log is intact up to there: fix the cause (a full disk?) "
            "and resume the run"
        ) from error


def _lock(path: Path) -> IO[str]:
    lock = path.with_suffix(".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise SandboxError(f"another process is writing {path}; wait for it or stop it") from error
    return lock


def _to_row(batch: int, position: int, question: Question[Any], answer: Answer) -> tuple[Any, ...]:
    content, memory = question.content(), question.memory.digest()
    return (
        batch, position, *question.replicate, question.step, question.round, question.agent, question.role,
        question.template.name, question.digest(content, memory), to_signed(question.seed), memory, content,
        answer.value if isinstance(answer.value, str) else msgspec.json.encode(answer.value).decode(),
        answer.source, answer.mind, answer.model,
        None if answer.probs is None else msgspec.json.encode(answer.probs),
        answer.position, answer.prompt_tokens, answer.cached_tokens, answer.output_tokens,
        answer.truncated, answer.retried,
    )  # fmt: skip


def _to_answer(question: Question[Any], row: dict[str, Any]) -> Answer:
    form, value = question.form, row["value"]
    return Answer(
        value=msgspec.json.decode(value) if isinstance(form, Fill) else value,
        source=row["source"],
        mind=row["mind"],
        model=row["model"],
        index=form.index(value) if isinstance(form, Choose) else None,
        probs=None if row["probs"] is None else tuple(msgspec.json.decode(row["probs"])),
        position=row["position"],
        prompt_tokens=row["prompt_tokens"],
        cached_tokens=row["cached_tokens"],
        output_tokens=row["output_tokens"],
        truncated=bool(row["truncated"]),
        retried=bool(row["retried"]),
    )
