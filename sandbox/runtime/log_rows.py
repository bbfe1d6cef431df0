"""What the decision log stores: its tables, and how questions and answers become rows and rows become answers."""

from typing import Any

import msgspec

from sandbox.core.answer import Answer
from sandbox.core.form import Choose, Fill
from sandbox.core.question import Question
from sandbox.runtime.log_difference import to_signed

COLUMNS = (
    "batch", "position_in_batch", "arm", "seed", "step", "round", "agent", "role", "template", "hash", "question_seed",
    "memory", "content", "value", "source", "mind", "model", "probs", "position", "prompt_tokens", "cached_tokens",
    "output_tokens", "truncated", "retried",
)  # fmt: skip

TABLES = {
    "batch": "CREATE TABLE batch (batch INTEGER PRIMARY KEY, step, round, decisions, seconds, unix_time, hash)",
    "decision": f"CREATE TABLE decision ({', '.join(COLUMNS)}, PRIMARY KEY (batch, position_in_batch)) WITHOUT ROWID",
    "intervention": "CREATE TABLE intervention (arm, seed, step, number, description, "
    "PRIMARY KEY (arm, seed, step, number)) WITHOUT ROWID",
    "ending": "CREATE TABLE ending (hash)",
}
"""The statement that makes each table, as SQLite stores it."""
APPLICATION_ID = 0x50E0_0007
"""Marks a file as a decision log, layout 7: batches are chained by hash, and so is what comes after the last one."""
EARLIER_IDS = range(0x50E0_0001, APPLICATION_ID)
SCHEMA = f"""
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
BEGIN;
PRAGMA application_id = {APPLICATION_ID};
{";".join(TABLES.values())};
COMMIT;
"""
INSERT = {
    "batch": f"INSERT INTO batch VALUES ({', '.join('?' * 7)})",
    "decision": f"INSERT INTO decision VALUES ({', '.join('?' * len(COLUMNS))})",
    "intervention": "INSERT INTO intervention VALUES (?, ?, ?, ?, ?)",
}


def to_row(batch: int, position: int, question: Question[Any], answer: Answer) -> tuple[Any, ...]:
    """Return one decision as a row with `COLUMNS`, in types that SQLite gives back unchanged."""
    content, memory = question.content(), question.memory.digest()
    return (
        batch, position, *question.replicate, question.step, question.round, question.agent, question.role,
        question.template.name, question.digest(content, memory), to_signed(question.seed), memory, content,
        answer.value if isinstance(answer.value, str) else msgspec.json.encode(answer.value).decode(),
        answer.source, answer.mind, answer.model,
        None if answer.probs is None else msgspec.json.encode(answer.probs),
        answer.position, answer.prompt_tokens, answer.cached_tokens, answer.output_tokens,
        int(answer.truncated), int(answer.retried),
    )  # fmt: skip


def to_answer(question: Question[Any], row: dict[str, Any]) -> Answer:
    """Return the answer that a row of the log holds."""
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
