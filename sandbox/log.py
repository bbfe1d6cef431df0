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

from sandbox.errors import ContractError, DataError, SandboxError
from sandbox.question import Answer, Question

APPLICATION_ID = 0x50E0_0004
"""Marks a file as a decision log, layout 4: events have numbers, and draws belong to kinds of questions."""

_COLUMNS = (
    "batch", "place", "replicate", "step", "round", "agent", "role", "template", "hash", "seed", "memory", "content",
    "value", "source", "voice", "model", "probs", "position", "prompt_tokens", "cached_tokens", "output_tokens",
    "truncated", "retried",
)  # fmt: skip

_SCHEMA = f"""
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
BEGIN;
PRAGMA application_id = {APPLICATION_ID};
CREATE TABLE decision ({", ".join(_COLUMNS)}, PRIMARY KEY (batch, place)) WITHOUT ROWID;
CREATE TABLE batch (batch INTEGER PRIMARY KEY, step, round, decisions, seconds, at);
CREATE TABLE event (replicate, step, number, what, PRIMARY KEY (replicate, step, number)) WITHOUT ROWID;
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
            raise DataError(f"{path} exists already; resume that run or choose another run_dir")
        lock = _lock(path)
        db = sqlite3.connect(path, isolation_level=None)
        with _written(path, "a new log"):
            db.executescript(_SCHEMA)
        return cls(path, db, lock)

    @classmethod
    def open(cls, path: Path, write: bool = False) -> Self:
        """Open an existing log, for this process alone where it will be written."""
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

    def append(self, questions: Sequence[Question], answers: Sequence[Answer], seconds: float, at: float) -> None:
        """Log one answered batch in one transaction: all of it or nothing."""
        number = self.num_batches
        rows = (_row(number, *both) for both in enumerate(zip(questions, answers, strict=True)))
        first = questions[0]
        with _written(self.path, f"{len(questions)} decisions of step {first.step}"), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(_INSERT, rows)
            head = (number, first.step, first.round, len(questions), seconds, at)
            self._db.execute("INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?)", head)
        self.num_batches += 1

    def replay(self, batch: int, questions: Sequence[Question]) -> list[Answer]:
        """Answers of a logged batch.

        Raises:
            ContractError: The questions are not the ones that were logged; the message names the first difference.
        """
        rows = self.decisions("batch = ?", (batch,))
        logged = list(rows)
        for question, row in zip(questions, logged, strict=False):
            if question.digest() != row["hash"]:
                raise ContractError(self._difference(question, row))
        if len(logged) != len(questions):
            raise ContractError(
                f"batch {batch} of {self.path} holds {len(logged)} decisions but the world now asks {len(questions)}"
                f"{_CHANGED}"
            )
        return [_answer(row) for row in logged]

    def decisions(self, where: str = "1", values: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """Rows of the log in order, as dictionaries; JSON columns stay text."""
        cursor = self._db.execute(f"SELECT * FROM decision WHERE {where} ORDER BY batch, place", values)
        for row in cursor:
            yield dict(zip(_COLUMNS, row, strict=True))

    def batches(self) -> list[tuple[int, int, int, int, float, float]]:
        """(batch, step, round, decisions, seconds, unix time) of every batch."""
        return self._db.execute("SELECT * FROM batch ORDER BY batch").fetchall()

    def counts(self, column: str) -> dict[str, int]:
        """Number of decisions by the value of a column."""
        if column not in _COLUMNS:
            raise ContractError(f"the log has no column {column!r}; it has {', '.join(_COLUMNS)}")
        return dict(self._db.execute(f"SELECT {column}, count(*) FROM decision GROUP BY 1 ORDER BY 1"))

    def totals(self) -> dict[str, float]:
        """Sums over the whole log: decisions, tokens, truncated and retried answers, seconds of answering."""
        names = ("prompt_tokens", "cached_tokens", "output_tokens", "truncated", "retried")
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in names)
        row = self._db.execute(f"SELECT count(*), {sums} FROM decision").fetchone()
        seconds = self._scalar("SELECT coalesce(sum(seconds), 0) FROM batch")
        return {**dict(zip(("decisions", *names), row, strict=True)), "seconds": seconds}

    def num_written(self) -> int:
        """Number of answers that were written, not chosen: only these can be truncated."""
        return int(self._scalar("SELECT count(*) FROM decision WHERE position IS NULL"))

    def mishaps(self) -> list[dict[str, Any]]:
        """By replicate: decisions and texts, and how many are fallbacks, were cut, were asked again, or were cached."""
        names = ("replicate", "decisions", "texts", "fallback", "truncated", "asked_again", "cache")
        rows = self._db.execute(
            "SELECT replicate, count(*), sum(position IS NULL), sum(source = 'fallback'), sum(truncated), "
            "sum(retried), sum(source = 'cache') FROM decision GROUP BY replicate ORDER BY min(batch), min(place)"
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def record_event(self, replicate: str, step: int, number: int, what: str) -> None:
        """Note that the so-manieth scheduled event of a step happened; a log that is open to be read has it already."""
        if self._lock is None:
            return
        with _written(self.path, f"an event of step {step}"):
            self._db.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?)", (replicate, step, number, what))

    def events(self) -> list[tuple[str, int, str]]:
        """(replicate, step, what) of everything that was scheduled and happened."""
        return self._db.execute("SELECT replicate, step, what FROM event ORDER BY step, replicate, number").fetchall()

    def copy_until(self, path: Path, step: int) -> None:
        """Start a log at `path` with all batches and events before `step`."""
        copy = DecisionLog.create(path)
        copy.close()
        self._db.execute("ATTACH ? AS branch", (str(path),))
        with _written(path, f"a copy of {self.path}"), self._db:
            self._db.execute("BEGIN")
            for table in ("decision", "batch", "event"):
                self._db.execute(f"INSERT INTO branch.{table} SELECT * FROM main.{table} WHERE step < ?", (step,))
        self._db.execute("DETACH branch")

    def close(self) -> None:
        """Close the file and let other processes write it."""
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def _scalar(self, sql: str) -> Any:
        return self._db.execute(sql).fetchone()[0]

    def _difference(self, question: Question, row: dict[str, Any]) -> str:
        where = f"{question.replicate}, step {question.step}, round {question.round}, agent {question.agent}"
        return f"{self.path} does not fit: {where}: {_first_difference(question, row)}{_CHANGED}"


_INSERT = f"INSERT INTO decision VALUES ({', '.join('?' * len(_COLUMNS))})"
_CHANGED = "; the world's code or files have changed since the run: check out the commit in its manifest.json"


def _check_file(path: Path, db: sqlite3.Connection) -> None:
    try:
        found = db.execute("PRAGMA application_id").fetchone()[0]
        damage = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise DataError(f"{path} is damaged or no decision log ({error}); restore it from a copy") from error
    if found != APPLICATION_ID:
        raise DataError(f"{path} is an SQLite file but no decision log of this version (id {found:#x})")
    if damage != "ok":
        raise DataError(f"{path} is damaged ({damage}); restore it from a copy")


@contextmanager
def _written(path: Path, what: str) -> Generator[None]:
    """Tell of a failed write in one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise SandboxError(
            f"could not write {what} to {path}: {error}; the log is intact up to there: mend the cause (a full disk?) "
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


def _row(batch: int, place: int, both: tuple[Question, Answer]) -> tuple[Any, ...]:
    question, answer = both
    content, memory = question.content(), question.memory.digest()
    return (
        batch, place, question.replicate, question.step, question.round, question.agent, question.role,
        question.template.name, question.digest(content, memory), _signed(question.seed), memory, content,
        answer.value if isinstance(answer.value, str) else msgspec.json.encode(answer.value).decode(),
        answer.source, answer.voice, answer.model,
        None if answer.probs is None else msgspec.json.encode(answer.probs),
        answer.position, answer.prompt_tokens, answer.cached_tokens, answer.output_tokens,
        answer.truncated, answer.retried,
    )  # fmt: skip


def _answer(row: dict[str, Any]) -> Answer:
    value = row["value"]
    return Answer(
        value=msgspec.json.decode(value) if msgspec.json.decode(row["content"])[2].get("properties") else value,
        source=row["source"],
        voice=row["voice"],
        model=row["model"],
        probs=None if row["probs"] is None else tuple(msgspec.json.decode(row["probs"])),
        position=row["position"],
        prompt_tokens=row["prompt_tokens"],
        cached_tokens=row["cached_tokens"],
        output_tokens=row["output_tokens"],
        truncated=bool(row["truncated"]),
        retried=bool(row["retried"]),
    )


def _signed(seed: int) -> int:
    """SQLite integers have a sign."""
    return seed - (1 << 64) if seed >> 63 else seed


def _first_difference(question: Question, row: dict[str, Any]) -> str:
    asked = {name: getattr(question, name) for name in ("replicate", "step", "round", "agent", "role")}
    for name, value in asked.items():
        if row[name] != value:
            return f"{name} is {value!r}, logged was {row[name]!r}"
    if (content := question.content()) != row["content"]:
        return _json_difference("question", msgspec.json.decode(content), msgspec.json.decode(row["content"]))
    if row["seed"] != _signed(question.seed):
        return "the random stream (seed) differs"
    if row["memory"] != question.memory.digest():
        return "the memory differs"
    return f"the profile, or the words of the prompt {question.template.name}, differ"


def _json_difference(path: str, now: Any, then: Any) -> str:
    if isinstance(now, dict) and isinstance(then, dict):
        for key in sorted({**now, **then}):
            if now.get(key) != then.get(key):
                return _json_difference(f"{path}.{key}", now.get(key), then.get(key))
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        for index, (one, other) in enumerate(zip(now, then, strict=True)):
            if one != other:
                return _json_difference(f"{path}[{index}]", one, other)
    return f"{path} is {now!r}, logged was {then!r}"
