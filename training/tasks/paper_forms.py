"""Tasks in the paper's forms whose answer is what a person really did: writing, commenting, choosing a product.

They follow the paper except for its mistakes (its section 3): what is shown of a person is earlier than what is asked,
nobody's later posts are shown, and the length of the answer is given only if `length_hint` asks for it.
"""

from collections.abc import Iterator, Sequence

from sandbox.core.seeds import permutation, uniforms
from training.sources.platform import find_platform
from training.tasks.catalog import Catalog
from training.tasks.choices import chosen_item
from training.tasks.decision_points import DecisionPoint, Record
from training.tasks.forms import Task, load_prompt, paper_task, render_paper_prompt

MAX_EARLIER_TEXTS = 5
"""Upper bound on the earlier texts in a prompt."""
EARLIER_TEXT_WORDS = 300
"""Words to which each of them is cut."""
MAX_TITLES = 30
"""Upper bound on the earlier products in a prompt."""
CANDIDATES = 20
OPENING_SHARE = (0.3, 0.7)
"""Bounds of the share of the words that an opening has."""
CONDITIONS = {"history": 0.5, "person": 0.15, "both": 0.35}
"""What the prompt says about a person who chooses a product, and how often."""


def writing_tasks(point: DecisionPoint, length_hint: bool) -> Iterator[Task]:
    """Ask for a text of theirs from a topic or an opening, given earlier texts or a description of their style."""
    record = point.record
    text = record["text"]
    if record["kind"] not in ("post", "review") or not text:
        return
    earlier = _earlier_texts(point, record["kind"], "writing")
    words = text.split()
    low, high = OPENING_SHARE
    cut = max(1, int((low + (high - low) * next(uniforms(point.seed_for("opening")))) * len(words)))
    topic = record["topic"] or ", ".join(part for part in (record["title"], record["context"]) if part)
    cues = {"topic": (topic, text), "opening": (" ".join(words[:cut]), " ".join(words[cut:]))}
    styles = {"posts": earlier, "style": point.profile.writing_style}
    numbers = {("posts", "topic"): 1, ("posts", "opening"): 2, ("style", "topic"): 3, ("style", "opening"): 4}
    for (by, about), number in numbers.items():
        cue, answer = cues[about]
        if cue and answer and styles[by]:
            facts = {"kind": record["kind"], about: cue, by: styles[by], "length": _length(answer, length_hint)}
            defaults = {"by": by, "about": about, "posts": (), "style": "", "topic": "", "opening": ""}
            prompt = render_paper_prompt("writing", **{**defaults, **facts})
            yield paper_task("writing", f"type{number}", prompt, answer)


def comment_tasks(point: DecisionPoint, length_hint: bool) -> Iterator[Task]:
    """Ask for the comment that they left on somebody's post."""
    record = point.record
    if record["kind"] != "comment" or not record["context"] or not record["text"]:
        return
    if earlier := _earlier_texts(point, "comment", "commenting"):
        prompt = render_paper_prompt(
            "personalized_comment",
            person=describe_person(point, "personalized_comment"),
            comments=earlier,
            title=record["title"],
            post=record["context"],
            length=_length(record["text"], length_hint),
        )
        yield paper_task("comment", "personalized_comment", prompt, record["text"])


def preference_tasks(point: DecisionPoint, catalog: Catalog) -> Iterator[Task]:
    """Ask for the product that they bought among twenty."""
    record = point.record
    if "item_selection" not in find_platform(record["platform"]).forms or not record["context"]:
        return
    titles = [row["context"] for row in point.past if row["platform"] == record["platform"] and row["context"]]
    if not titles:
        return
    chosen, seed = chosen_item(point, catalog), point.seed_for("item_selection")
    alternatives = catalog.draw_alternatives(chosen, point.owned, 0, CANDIDATES - 1, seed)
    if len(alternatives) < CANDIDATES - 1:
        return
    names = [chosen.title, *(item.title for item, _ in alternatives)]
    draws = uniforms(seed, b"wording")
    condition = _draw_condition(next(draws))
    phrases = load_prompt("paper/item_selection_phrases").splitlines()
    prompt = render_paper_prompt(
        "item_selection",
        phrase=phrases[int(next(draws) * len(phrases))],
        titles=titles[-MAX_TITLES:] if condition != "person" else (),
        person=describe_person(point, "item_selection") if condition != "history" else "",
        candidates=[names[place] for place in permutation(len(names), seed)],
    )
    yield paper_task("preference", "item_selection", prompt, chosen.title, condition=condition)


def describe_person(point: DecisionPoint, form: str) -> str:
    """Return the persona or the profile, drawn by the decision point's seed."""
    is_long = next(uniforms(point.seed_for(form), b"person")) < 0.5 and point.profile.profile
    return point.profile.profile if is_long else point.profile.persona


def _draw_condition(draw: float) -> str:
    """Return the condition at `draw`, 0 to 1, of the cumulative shares."""
    total = 0.0
    for condition, share in CONDITIONS.items():
        total += share
        if draw < total:
            return condition
    return "both"  # floating-point shares may sum to slightly less than 1


def _earlier_texts(point: DecisionPoint, kind: str, form: str) -> Sequence[str]:
    """Return one to five of their latest earlier texts of this kind, oldest first."""
    texts = [_cut_text(row) for row in point.past if row["kind"] == kind and row["text"]]
    number = 1 + int(next(uniforms(point.seed_for(form))) * MAX_EARLIER_TEXTS)
    return texts[-number:]


def _cut_text(row: Record) -> str:
    return " ".join(row["text"].split()[:EARLIER_TEXT_WORDS])


def _length(answer: str, length_hint: bool) -> int:
    """Return the words of the answer, in tens, at least ten; 0 if the prompt gives no length."""
    return max(10, round(len(answer.split()), -1)) if length_hint else 0
