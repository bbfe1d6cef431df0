"""What people wrote, as texts in the sandbox's own form: posts, reviews and replies."""

from collections.abc import Iterator

from agents.prompt import one_line
from sandbox.question import Write
from training.tasks.example import Task, sandbox_task
from training.tasks.moments import NAME_TOKENS, Moment, priced


def written(moment: Moment, most_words: int) -> Iterator[Task]:
    """Write what they wrote; the answer is theirs, letter by letter as it was cleaned."""
    record, form = moment.record, Write(most_words)
    if not record["text"]:
        return
    if record["kind"] == "review" and record["context"] and record["stars"]:
        name = one_line(record["context"], NAME_TOKENS)
        facts = {"name": name, "price": priced(record["price"], record["platform"]), "stars": f"{record['stars']:.0f}"}
        yield sandbox_task(moment, "review", facts, form, record["text"])
    elif record["kind"] == "comment" and record["context"]:
        facts = {"place": record["place"], "title": record["title"], "text": record["context"]}
        yield sandbox_task(moment, "answer", facts, form, record["text"])
    elif record["kind"] == "post":
        facts = {"place": record["place"], "title": record["title"]}
        yield sandbox_task(moment, "post", facts, form, record["text"])
