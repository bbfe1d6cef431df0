"""What should move what in the opinion world."""

from collections.abc import Sequence
from typing import Any

import msgspec

from sandbox.core import Choose, Level, PeopleSlope, Question, Reaction, VariedFact, change_facts
from worlds.opinion.member import STEPS, format_opinion

LEVELS = (0.25, 0.5, 0.75, 1.0)
"""Distances of the others from one's own opinion, as shares of the distance as it was."""


def _read_nearness(question: Question[Any]) -> float | None:
    """Return the others' distance as a share of what it was; None without others or where rounding would hide it."""
    facts, form = question.facts, question.form
    if not facts["follows"] or not isinstance(form, Choose) or len(form.options) < len(STEPS):
        return None
    smallest = min(LEVELS) * abs(facts["others"] - facts["own"]) / 4
    return facts["nearness"] if smallest >= 0.1 ** facts["decimals"] else None


def _write_nearness(question: Question[Any], nearness: float) -> Question[Any]:
    """Return the question with all others nearer, so that all numbers stay legal."""
    facts, form = question.facts, question.form
    if nearness == facts["nearness"] or not isinstance(form, Choose):
        return question

    def move(value: float) -> float:
        return round(facts["own"] + nearness * (value - facts["own"]), facts["decimals"])

    others, answers = move(facts["others"]), [move(answer) for answer in facts["answers"]]
    changes = {
        "nearness": nearness,
        "others": others,
        "others_text": format_opinion(others, max(facts["decimals"], 1)),
        "answers": answers,
        "answer_texts": [format_opinion(answer, facts["decimals"]) for answer in answers],
    }
    values = [move(value) for value in form.objects]
    changed = change_facts(
        question, changes, {place: format_opinion(value, facts["decimals"]) for place, value in enumerate(values)}
    )
    return msgspec.structs.replace(changed, form=msgspec.structs.replace(changed.form, objects=tuple(values)))


def _expected_share(question: Question[Any], probs: Sequence[float]) -> float:
    """Return the expected revision as a share of the distance as it was."""
    form = question.form
    steps = [float(option.key) for option in form.options] if isinstance(form, Choose) else []
    return question.facts["nearness"] * sum(step * prob for step, prob in zip(steps, probs, strict=True))


REVISION_BY_OTHERS = Reaction(
    name="revision_by_others",
    cause="the distance of the others",
    effect="the revision",
    template="revise",
    fact=VariedFact(_read_nearness, _write_nearness),
    levels=tuple(Level(share, f"{share:.0%}", share) for share in LEVELS),
    outcome=_expected_share,
    outcome_label="expected revision (share of the distance)",
    unit="share of the distance",
    direction=1,
    people=PeopleSlope(
        0.404,
        0.363,
        0.445,
        360,
        "Becker, Brackbill & Centola 2017, doi:10.1073/pnas.1615978114: revisions by the distance of the others",
    ),
    source="DeGroot 1974, doi:10.1080/01621459.1974.10480137: people move towards the mean of those whom they see",
)
REACTIONS = (REVISION_BY_OTHERS,)
