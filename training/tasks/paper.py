"""The paper's forms whose answer is what a person really did: writing, commenting, choosing a product.

As in the paper but for what it got wrong (its section 3): what is shown of a person is earlier than what is asked,
nobody's later posts are, and the length of the answer is told only where `length_hint` asks for it.
"""

from collections.abc import Iterator, Sequence

from sandbox.seeds import permutation, uniforms
from training.tasks.catalog import Catalog
from training.tasks.choices import chosen_of
from training.tasks.example import Task, paper_task, text_of, worded
from training.tasks.moments import Moment, Row

MAX_SHOWN = 5
"""Earlier texts that are shown."""
SHOWN_WORDS = 300
"""Words of each that are shown."""
MAX_TITLES = 30
"""Earlier products that are shown."""
CANDIDATES = 20
OPENING = (0.3, 0.7)
"""Share of the words that an opening has, from and to."""
CONDITIONS = {"history": 0.5, "person": 0.15, "both": 0.35}
"""What is known of whoever chooses a product, and how often."""


def writing(moment: Moment, length_hint: bool) -> Iterator[Task]:
    """Write a text of theirs from a topic or an opening, by earlier texts or by a description of their style."""
    record = moment.record
    text = record["text"]
    if record["kind"] not in ("post", "review") or not text:
        return
    earlier = _earlier(moment, record["kind"], "writing")
    words = text.split()
    low, high = OPENING
    cut = max(1, int((low + (high - low) * next(uniforms(moment.seed_of("opening")))) * len(words)))
    topic = record["topic"] or ", ".join(part for part in (record["title"], record["context"]) if part)
    asked = {"topic": (topic, text), "opening": (" ".join(words[:cut]), " ".join(words[cut:]))}
    styles = {"posts": earlier, "style": moment.profile.writing_style}
    numbers = {("posts", "topic"): 1, ("posts", "opening"): 2, ("style", "topic"): 3, ("style", "opening"): 4}
    for (by, about), number in numbers.items():
        given, answer = asked[about]
        if given and answer and styles[by]:
            facts = {"kind": record["kind"], about: given, by: styles[by], "length": _length(answer, length_hint)}
            shape = {"by": by, "about": about, "posts": (), "style": "", "topic": "", "opening": ""}
            yield paper_task("writing", f"type{number}", worded("writing", **{**shape, **facts}), answer)


def commenting(moment: Moment, length_hint: bool) -> Iterator[Task]:
    """Comment on somebody's post as they did."""
    record = moment.record
    if record["kind"] != "comment" or not record["context"] or not record["text"]:
        return
    if earlier := _earlier(moment, "comment", "commenting"):
        asked = worded(
            "personalized_comment",
            person=person(moment, "personalized_comment"),
            comments=earlier,
            title=record["title"],
            post=record["context"],
            length=_length(record["text"], length_hint),
        )
        yield paper_task("comment", "personalized_comment", asked, record["text"])


def preference(moment: Moment, catalog: Catalog) -> Iterator[Task]:
    """Name the product that they bought among twenty."""
    record = moment.record
    titles = [row["context"] for row in moment.past if row["platform"] == "reviews" and row["context"]]
    if record["platform"] != "reviews" or not record["context"] or not titles:
        return
    chosen, seed = chosen_of(moment, catalog), moment.seed_of("item_selection")
    others = catalog.others(chosen, moment.owned, 0, CANDIDATES - 1, seed)
    if len(others) < CANDIDATES - 1:
        return
    names = [chosen.title, *(one.title for one, _ in others)]
    draws = uniforms(seed, b"wording")
    point, total, condition = next(draws), 0.0, "both"
    for name, share in CONDITIONS.items():
        total += share
        if point < total:
            condition = name
            break
    phrases = text_of("paper/item_selection_phrases").splitlines()
    asked = worded(
        "item_selection",
        phrase=phrases[int(next(draws) * len(phrases))],
        titles=titles[-MAX_TITLES:] if condition != "person" else (),
        person=person(moment, "item_selection") if condition != "history" else "",
        candidates=[names[place] for place in permutation(len(names), seed)],
    )
    yield paper_task("preference", "item_selection", asked, chosen.title, condition=condition)


def person(moment: Moment, form: str) -> str:
    """Persona or profile, drawn by the moment's seed."""
    is_long = next(uniforms(moment.seed_of(form), b"person")) < 0.5 and moment.profile.profile
    return moment.profile.profile if is_long else moment.profile.persona


def _earlier(moment: Moment, kind: str, form: str) -> Sequence[str]:
    """One to five of their latest earlier texts of that kind, oldest first."""
    texts = [_short(row) for row in moment.past if row["kind"] == kind and row["text"]]
    shown = 1 + int(next(uniforms(moment.seed_of(form))) * MAX_SHOWN)
    return texts[-shown:]


def _short(row: Row) -> str:
    return " ".join(row["text"].split()[:SHOWN_WORDS])


def _length(answer: str, length_hint: bool) -> int:
    """Words of the answer, in tens, at least ten; 0 where nothing is to be told."""
    return max(10, round(len(answer.split()), -1)) if length_hint else 0
