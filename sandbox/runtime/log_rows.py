"""What the decision log stores: its tables, and how questions and answers become rows and rows become answers."""

from typing import Any

import msgspec

from sandbox.core.answer import Answer
from sandbox.core.form import Choose, Fill
from sandbox.core.question import Question

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
}
"""The statement that makes each table, as SQLite stores it."""
APPLICATION_ID = 0x50E0_0006
"""Marks a file as a decision log, layout 6: batches are chained by hash."""
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
    "intervention": "INSERT OR IGNORE INTO intervention VALUES (?, ?, ?, ?, ?)",
}


def to_row(batch: int, position: int, question: Question[Any], answer: Answer) -> tuple[Any, ...]:
    """Return one decision as a row with `COLUMNS`, in types that SQLite gives back unchanged."""
    content, memory = question.content(), question.memory.digest()
    return (
        batch, position, *question.replicate, question.step, question.round, question.agent, question.role,
        question.template.name, question.digest(content, memory), _to_signed(question.seed), memory, content,
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


def describe_difference(question: Question[Any], row: dict[str, Any]) -> str:
    """Say what in a question is not what the log has."""
    fields = {name: getattr(question, name) for name in ("step", "round", "agent", "role")}
    for name, value in {**question.replicate._asdict(), **fields}.items():
        if row[name] != value:
            return f"{name} is {value!r}, but the log has {row[name]!r}"
    if (content := question.content()) != row["content"]:
        return _json_difference("question", msgspec.json.decode(content), msgspec.json.decode(row["content"]))
    if row["question_seed"] != _to_signed(question.seed):
        return "the seed of the question differs"
    if row["memory"] != question.memory.digest():
        return "the memory differs"
    return f"the profile or the text of the prompt {question.template.name} differs"


def _to_signed(seed: int) -> int:
    """Return 64 bits as SQLite stores them: its integers have a sign."""
    return seed - (1 << 64) if seed >> 63 else seed


def _json_difference(path: str, now: Any, then: Any) -> str:
    if isinstance(now, dict) and isinstance(then, dict):
        for key in sorted({**now, **then}):
            if now.get(key) != then.get(key):
                return _json_difference(f"{path}.{key}", now.get(key), then.get(key))
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        for index, (item_now, item_then) in enumerate(zip(now, then, strict=True)):
            if item_now != item_then:
                return _json_difference(f"{path}[{index}]", item_now, item_then)
    return f"{path} is {now!r}, but the log has {then!r}"
