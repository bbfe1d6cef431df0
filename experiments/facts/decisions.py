"""The decision log as tables: what was offered and what was chosen.

If the log has the probabilities of an answer, an option is weighted by its probability rather than by the draw: the
expectation is the same, with less noise.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import msgspec
import pandas as pd

from sandbox.output.log_totals import first_option_weight
from worlds.marketplace.goods import style_fit

LogRow: TypeAlias = dict[str, Any]

OFFERS = (
    "arm", "seed", "step", "buyer", "search", "category", "position", "listing", "title", "price", "stars", "reviews",
    "sponsored", "tip", "friends", "fit", "chosen", "weight",
)  # fmt: skip
"""One row per listing in the results of a search. `position` is 1 for the first listing, `weight` the probability that
the listing is chosen, `friends` the number of friends who bought it, `fit` how well its style suits the buyer (0 to 1).
"""
CHOICES = ("arm", "seed", "step", "template", "num_options", "ordered", "first", "first_weight")
"""One row per choice of any kind; `first` says whether the option displayed first was chosen, `first_weight` is its
probability; NaN if the options were not shuffled."""


def decision_tables(rows: Iterable[LogRow], shuffle: int = 0) -> dict[str, pd.DataFrame]:
    """Turn the rows of a decision log (`DecisionLog.decisions`) into tables.

    Args:
        rows: The rows.
        shuffle: `presentation.shuffle` of the run, which decided what was displayed first.

    Returns:
        `offers` and `choices`, without fallbacks, which nobody chose; empty if the world has none.
    """
    offers: list[LogRow] = []
    choices: list[LogRow] = []
    for row in rows:
        name, facts, form = _DECODER.decode(row["content"])
        if form.get("type") != "choose" or row["source"] == "fallback":
            continue
        replicate = {"arm": row["arm"], "seed": row["seed"], "step": row["step"]}
        choices.append({**replicate, **_describe_choice(row, name, form, shuffle)})
        offers += ({**replicate, **offer} for offer in _list_offers(row, facts, form))
    return {
        "offers": pd.DataFrame(offers, columns=list(OFFERS)),
        "choices": pd.DataFrame(choices, columns=list(CHOICES)),
    }


def _describe_choice(row: LogRow, name: str, form: LogRow, shuffle: int) -> LogRow:
    number, is_ordered = len(form["options"]), form.get("ordered", False)
    return {
        "template": name,
        "num_options": number,
        "ordered": is_ordered,
        "first": row["position"] == 0,
        "first_weight": float("nan") if is_ordered else first_option_weight(row, number, shuffle),
    }


def _list_offers(row: LogRow, facts: LogRow, form: LogRow) -> Iterator[LogRow]:
    """Yield the offers of a search; none if the question is about something else."""
    probs = None if row["probs"] is None else _DECODER.decode(row["probs"])
    for index, offer in enumerate(facts.get("offers", ())):
        chosen = offer["id"] == row["value"]
        yield {
            "buyer": row["agent"],
            "search": f"{row['batch']}/{row['position_in_batch']}",
            "category": facts["category"],
            "position": index + 1,
            "listing": int(offer["id"]),
            "title": offer["title"],
            "price": offer["price"],
            "stars": offer["stars"],
            "reviews": offer["reviews"],
            "sponsored": offer["sponsored"],
            "tip": offer["tip"],
            "friends": offer["friends"],
            "fit": style_fit(offer["style"], facts["style"]),
            "chosen": chosen,
            "weight": float(chosen) if probs is None else probs[index],
        }


_DECODER = msgspec.json.Decoder()
