"""Tasks about what people wrote, as texts in the sandbox's own form: posts, reviews and replies."""

from collections.abc import Iterator

from sandbox.core.form import Write
from sandbox.prompting.render import one_line
from training.tasks.decision_points import NAME_TOKENS, DecisionPoint, format_price
from training.tasks.forms import Task, sandbox_task


def text_tasks(point: DecisionPoint, max_words: int) -> Iterator[Task]:
    """Ask for the text that they wrote; the answer is theirs, character by character as it was cleaned."""
    record, form = point.record, Write(max_words)
    if not record["text"]:
        return
    if record["kind"] == "review" and record["context"] and record["stars"]:
        name, price = one_line(record["context"], NAME_TOKENS), format_price(record["price"], record["platform"])
        facts = {"name": name, "price": price, "stars": f"{record['stars']:.0f}"}
        yield sandbox_task(point, "review", facts, form, record["text"])
    elif record["kind"] == "comment" and record["context"]:
        facts = {"place": record["category"], "title": record["title"], "text": record["context"]}
        yield sandbox_task(point, "answer", facts, form, record["text"])
    elif record["kind"] == "post":
        facts = {"place": record["category"], "title": record["title"]}
        yield sandbox_task(point, "post", facts, form, record["text"])
