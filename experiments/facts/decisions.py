"""The decision log as tables: what was offered and what was chosen.

Where an answer's probabilities are in the log, an option counts by its probability rather than by the draw: the same
expectation with less noise.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import msgspec
import pandas as pd

from experiments.facts.measures import Frame

Row: TypeAlias = dict[str, Any]

OFFERS = (
    "arm", "seed", "step", "buyer", "search", "category", "place", "listing", "title", "price", "stars", "reviews",
    "sponsored", "tip", "chosen", "weight",
)  # fmt: skip
"""One row per listing shown in a search. `place` is 1 for the first, `weight` the probability of being chosen."""
CHOICES = ("arm", "seed", "step", "template", "num_options", "ordered", "first")
"""One row per choice of any kind; `first` says whether the option that was shown first was chosen."""


def decision_tables(rows: Iterable[Row]) -> dict[str, Frame]:
    """Read the rows of a decision log (`DecisionLog.decisions`).

    Returns:
        `offers` and `choices`, empty where the world has none.
    """
    offers: list[Row] = []
    choices: list[Row] = []
    for row in rows:
        name, facts, form = _DECODER.decode(row["content"])
        where = _where(row)
        if form.get("type") != "choose":
            continue
        choices.append({**where, **_choice(row, name, form)})
        offers += ({**where, **offer} for offer in _offers(row, facts, form))
    return {
        "offers": pd.DataFrame(offers, columns=list(OFFERS)),
        "choices": pd.DataFrame(choices, columns=list(CHOICES)),
    }


def _where(row: Row) -> Row:
    arm, seed = row["replicate"].rsplit("/", 1)
    return {"arm": arm, "seed": int(seed), "step": row["step"]}


def _choice(row: Row, name: str, form: Row) -> Row:
    return {
        "template": name,
        "num_options": len(form["options"]),
        "ordered": form["ordered"],
        "first": row["position"] == 0,
    }


def _offers(row: Row, facts: Row, form: Row) -> Iterator[Row]:
    """The offers of a search; none where the question is about something else."""
    shown = facts.get("offers", ())
    probs = None if row["probs"] is None else _DECODER.decode(row["probs"])
    for place, offer in enumerate(shown):
        chosen = offer["id"] == row["value"]
        yield {
            "buyer": row["agent"],
            "search": f"{row['batch']}/{row['place']}",
            "category": facts["category"],
            "place": place + 1,
            "listing": int(offer["id"]),
            "title": form["options"][place]["text"].split(", ", 1)[0],
            "price": offer["price"],
            "stars": offer["stars"],
            "reviews": offer["reviews"],
            "sponsored": facts["sponsored"][place],
            "tip": facts["tips"][place],
            "chosen": chosen,
            "weight": float(chosen) if probs is None else probs[place],
        }


_DECODER = msgspec.json.Decoder()
