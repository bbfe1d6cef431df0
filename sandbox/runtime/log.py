"""The decision log: a run's SQLite file, one transaction a batch.

A world is deterministic given its configuration, seed and answers, so the answers are the run. Resuming,
branching and replaying all read them back, and a question that differs from the logged one is an error.
"""

import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self

from sandbox.core.answer import Answer
from sandbox.core.question import Question
from sandbox.core.replicate import Replicate
from sandbox.errors import ContractError, DataError, SandboxError
from sandbox.runtime.log_chain import FIRST_LINK, DamagedLogError, hash_batch, read_interventions, write_ending
from sandbox.runtime.log_difference import first_difference
from sandbox.runtime.log_file import check_log, connect_for_reading, explain_damage, lock_log
from sandbox.runtime.log_rows import COLUMNS, INSERT, SCHEMA, to_answer, to_row


class DecisionLog:
    """All questions and answers of one run, in the order in which they were asked."""

    def __init__(self, path: Path, db: sqlite3.Connection, lock: IO[str] | None) -> None:
        self.path = path
        self._db = db
        self._lock = lock
        self._find_end()

    @classmethod
    def create(cls, path: Path) -> Self:
        """Start a new log at `path`, which must not exist."""
        if path.exists():
            raise DataError(f"{path} already exists; resume that run or choose another run_dir")
        return cls.create_locked(path, lock_log(path))

    @classmethod
    def create_locked(cls, path: Path, lock: IO[str]) -> Self:
        """Start a new log at `path`, which must not exist, under a lock that `lock_log` gave for it."""
        db = sqlite3.connect(path, isolation_level=None)
        with _write_errors(path, "a new log"):
            db.executescript(SCHEMA)
            write_ending(db)
        return cls(path, db, lock)

    @classmethod
    def open(cls, path: Path, write: bool = False, is_checked: bool = False) -> Self:
        """Open an existing log.

        Args:
            path: The file.
            write: To write, for this process alone.
            is_checked: Whether this process has read the log already, so that it need not be checked for damage.

        Raises:
            DataError: There is no log, or it is another file or of another version.
            DamagedLogError: It does not hold what was written to it.
            SandboxError: Another process writes it.
        """
        if not path.is_file():
            raise DataError(f"no decision log at {path}; name the folder of a run")
        lock = lock_log(path) if write else None
        db = sqlite3.connect(path, isolation_level=None) if write else connect_for_reading(path)
        try:
            if not is_checked:
                check_log(path, db)
            return cls(path, db, lock)
        except DataError:
            db.close()
            if lock is not None:
                lock.close()
            raise

    def _find_end(self) -> None:
        """Find out where the log ends: the next batch is chained to the last one."""
        latest = self._db.execute("SELECT batch + 1, hash, step FROM batch ORDER BY batch DESC LIMIT 1").fetchone()
        self.num_batches, self._link, self._last_step = latest or (0, FIRST_LINK, -1)

    def append(
        self, questions: Sequence[Question[Any]], answers: Sequence[Answer], seconds: float, unix_time: float
    ) -> None:
        """Log one answered batch in one transaction: all of it or nothing."""
        number, first = self.num_batches, questions[0]
        pairs = enumerate(zip(questions, answers, strict=True))
        rows = [to_row(number, position, question, answer) for position, (question, answer) in pairs]
        batch = (number, first.step, first.round, len(rows), seconds, unix_time)
        with _write_errors(self.path, f"{len(rows)} decisions of step {first.step}"), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            interventions = read_interventions(self._db, self._last_step, first.step)
            link = hash_batch(self._link, batch, interventions, rows)
            self._db.executemany(INSERT["decision"], rows)
            self._db.execute(INSERT["batch"], (*batch, link))
            write_ending(self._db)
        self.num_batches, self._link, self._last_step = number + 1, link, first.step

    def drop_from(self, batch: int) -> int:
        """Remove a batch and all that follows from it; return the number of decisions that are removed."""
        with _write_errors(self.path, "the end of the log"), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            number = int(self._scalar("SELECT count(*) FROM decision WHERE batch >= ?", (batch,)))
            step = self._scalar("SELECT step FROM batch WHERE batch = ?", (batch,))
            self._db.execute("DELETE FROM intervention WHERE step > ?", (step,))
            for table in ("decision", "batch"):
                self._db.execute(f"DELETE FROM {table} WHERE batch >= ?", (batch,))
            write_ending(self._db)
        self._find_end()
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
        return [to_answer(question, row) for question, row in zip(questions, rows, strict=True)]

    def decisions(self, where: str = "1", values: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """Yield rows of the log in order, as dictionaries; JSON columns stay text."""
        cursor = self._db.execute(f"SELECT * FROM decision WHERE {where} ORDER BY batch, position_in_batch", values)
        for row in cursor:
            yield dict(zip(COLUMNS, row, strict=True))

    def batches(self) -> list[tuple[int, int, int, int, float, float]]:
        """Return (batch, step, round, decisions, seconds, unix time) of every batch."""
        columns = "batch, step, round, decisions, seconds, unix_time"
        return self._db.execute(f"SELECT {columns} FROM batch ORDER BY batch").fetchall()

    def count_by(self, column: str) -> dict[str, int]:
        """Return the number of decisions by the value of a column."""
        if column not in COLUMNS:
            raise ContractError(f"the log has no column {column!r}; it has {', '.join(COLUMNS)}")
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

    def count_costs(self) -> list[dict[str, Any]]:
        """Return by arm, template and step: how many decisions there are, who answered them, and their tokens.

        `questions` are decisions that a language model answered now, `cached_answers` those from the answer cache;
        `text_tokens` are the `output_tokens` of answers that were written, not chosen.
        """
        names = ("decisions", "questions", "cached_answers", "prompt_tokens", "cached_tokens", "output_tokens")
        keys = ("arm", "template", "step")
        rows = self._db.execute(
            "SELECT arm, template, step, count(*), sum(model != '' AND source != 'cache'), sum(source = 'cache'), "
            "sum(prompt_tokens), sum(cached_tokens), sum(output_tokens), sum(output_tokens * (position IS NULL)) "
            "FROM decision GROUP BY arm, template, step ORDER BY min(batch), min(position_in_batch)"
        )
        return [dict(zip((*keys, *names, "text_tokens"), row, strict=True)) for row in rows]

    def record_intervention(self, replicate: Replicate, step: int, number: int, description: str) -> None:
        """Record that an intervention happened; a log that is open for reading, or goes further, has it already.

        Args:
            replicate: Where it happened.
            step: When.
            number: 0-based position among the interventions of that step.
            description: Its type and settings.

        Raises:
            ContractError: The log goes further and does not have it, or has another one in its place.
        """
        key = (*replicate, step, number)
        query = "SELECT description FROM intervention WHERE (arm, seed, step, number) = (?, ?, ?, ?)"
        logged = self._db.execute(query, key).fetchone()
        if logged is None and step > self._last_step:
            if self._lock is not None:
                self._append_intervention((*key, description), step)
        elif logged != (description,):
            then = f"has {logged[0]!r}" if logged else "has none"
            raise ContractError(
                f"{self.path} does not match this run: {replicate}, step {step}: intervention {number} is "
                f"{description!r}, but the log {then}{_CHANGED}"
            )

    def _append_intervention(self, row: Sequence[str | int], step: int) -> None:
        with _write_errors(self.path, f"an intervention of step {step}"), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(INSERT["intervention"], row)
            write_ending(self._db)

    def interventions(self) -> list[tuple[str, int, int, str]]:
        """Return (arm, seed, step, description) of every intervention that happened."""
        query = "SELECT arm, seed, step, description FROM intervention ORDER BY step, arm, seed, number"
        return self._db.execute(query).fetchall()

    def seal(self) -> str:
        """Return the hash that the chain ends with: who knows it can tell whether the log was changed since."""
        return bytes(self._scalar("SELECT hash FROM ending")).hex()

    def check_end(self, num_decisions: float | None) -> None:
        """Close the log and raise `DamagedLogError` unless it holds all decisions with which its run finished."""
        number = self._scalar("SELECT count(*) FROM decision")
        if num_decisions is not None and number != num_decisions:
            self.close()
            reason = f"it holds {number} decisions, but the run finished with {num_decisions}"
            raise explain_damage(self.path, DamagedLogError(self.num_batches, reason))

    def copy_until(self, copy: "DecisionLog", step: int) -> None:
        """Put all batches and interventions before `step` into an empty log."""
        self._db.execute("ATTACH ? AS branch", (str(copy.path),))
        with _write_errors(copy.path, f"a copy of {self.path}"), self._db:
            self._db.execute("BEGIN")
            for table in INSERT:
                self._db.execute(f"INSERT INTO branch.{table} SELECT * FROM main.{table} WHERE step < ?", (step,))
        self._db.execute("DETACH branch")
        with _write_errors(copy.path, f"a copy of {self.path}"):
            write_ending(copy._db)

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


_CHANGED = "; the world's code or files have changed since the run: check out the commit in its manifest.json"


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
