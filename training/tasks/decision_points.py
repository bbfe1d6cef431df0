"""Decision points: a record of a person with everything known about them right before it, and nothing later."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from string import ascii_uppercase
from typing import Any, NamedTuple, TypeAlias

from sandbox.core.memory import NO_MEMORY, Event, Memory, MemoryBudget, MemoryView
from sandbox.core.presentation import PLAIN, Presentation
from sandbox.core.profile import Profile
from sandbox.core.seeds import uniform, uniforms
from sandbox.prompting.render import one_line
from training.sources.platform import find_platform

Record: TypeAlias = Mapping[str, Any]
"""A row of the records of one bucket, with its split and part."""

NAME_TOKENS = 24
"""Tokens to which the name of a product or thread is cut in prompts."""
MEMORY_TOKENS = 48
"""Tokens to which a person's own text is cut in their memories."""


class DecisionPoint(NamedTuple):
    """What a person did, and who they were until then."""

    record: Record
    past: Sequence[Record]
    """Their earlier records, oldest first; none of the same time."""
    profile: Profile
    """Made from the first records of `past`."""
    memory: MemoryView
    """The last records of `past`, as events."""
    owned: frozenset[str]
    """Products and threads of all their records, earlier and later: none of them is an option that they passed over."""
    seed: int
    """The run's seed, for `seed_for`."""
    simultaneous: frozenset[str] = frozenset()
    """Products and threads of all records of the same time, this one included: a basket has no order."""
    draw: int = 0
    """Which of several lists of options the question uses."""
    varied_share: float = 0.0
    """Share of the questions about it that use another presentation than a simulation."""
    forgetful_share: float = 0.0
    """Share of the questions about it that are asked without the memory."""

    @property
    def is_new(self) -> bool:
        """Whether they choose this product or thread for the first time."""
        chosen = choice_key(self.record)
        return all(choice_key(row) != chosen for row in self.past)

    def seed_for(self, form: str) -> int:
        """Return 64 bits for all randomness of one task about this decision point."""
        draw = (self.draw,) if self.draw else ()
        return stable_hash(self.seed, self.record["source"], self.record["id"], form, *draw)

    def presentation(self, form: str, num_wordings: int = 1) -> Presentation:
        """Return how one question is laid out, in one of the wordings that there are."""
        return draw_presentation(self.seed_for(form), self.varied_share, num_wordings)

    def memory_for(self, form: str) -> MemoryView:
        """Return what the person remembers in one question."""
        return draw_memory(self.seed_for(form), self.forgetful_share, self.memory)


def draw_presentation(seed: int, varied_share: float, num_wordings: int = 1) -> Presentation:
    """Return how a question is laid out; it varies so that the model does not learn what should not matter.

    Args:
        seed: Seed of the question.
        varied_share: Probability of another presentation than a simulation's.
        num_wordings: Wordings of the question that there are.
    """
    draws = uniforms(seed, b"presentation")
    if next(draws) >= varied_share:
        return PLAIN
    return Presentation(
        scales_reversed=next(draws) < 0.5,
        profile_reversed=next(draws) < 0.5,
        first_label=ascii_uppercase[int(next(draws) * len(ascii_uppercase))],
        wording=int(next(draws) * num_wordings),
    )


def draw_memory(seed: int, forgetful_share: float, memory: MemoryView) -> MemoryView:
    """Return a person's memory or, with the probability `forgetful_share`, none.

    Most decisions repeat earlier ones, so a model learns first to repeat what is remembered. Where nothing is, only the
    situation and the person are left to learn from.
    """
    return NO_MEMORY if uniform(seed, b"memory") < forgetful_share else memory


def find_decision_points(
    rows: Sequence[Record], selves: Mapping[str, Profile], budget: MemoryBudget, most: int, seed: int
) -> Iterator[DecisionPoint]:
    """Yield the decision points of one person that tasks may ask about.

    Args:
        rows: All records of the person, oldest first.
        selves: `latest`, made from their history, who is asked about what came after it; and possibly `early`, made
            from the first records of the history, who is asked about the rest of it.
        budget: Bounds of the memory.
        most: Upper bound on the decision points, which are drawn by hash.
        seed: Seed of the draw and of all tasks.
    """
    owned = frozenset(choice_key(row) for row in rows)
    profiles = {row["id"]: selves.get(_self_to_ask(row)) for row in rows}
    targets = [record for record, profile in profiles.items() if profile]
    selected = set(sorted(targets, key=lambda record: stable_hash(seed, record))[:most])
    memory, place = Memory(budget), 0
    for _, group in groupby(rows, lambda row: row["time"]):
        past, view, records = rows[:place], memory.view(), list(group)
        simultaneous = frozenset(choice_key(row) for row in records)
        for row in records:
            profile = profiles[row["id"]]
            if profile and row["id"] in selected:
                yield DecisionPoint(row, past, profile, view, owned, seed, simultaneous)
        for row in records:
            memory.add(Event(place, row["kind"], describe_record(row)))
            place += 1


def stable_hash(*parts: str | int) -> int:
    """Return 64 bits that depend on all parts, the same on every machine."""
    name = "/".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "little")


def choice_key(row: Record) -> str:
    """Return the product or thread that a record chose; "" if it chose none."""
    return row["item"] if find_platform(row["platform"]).has_products else row["thread"]


def describe_record(row: Record) -> str:
    """Return a record as one sentence to the person who made it."""
    quote = f'"{one_line(row["text"], MEMORY_TOKENS)}"' if row["text"] else ""
    is_product = find_platform(row["platform"]).has_products
    name = one_line(row["context"] if is_product else row["title"], NAME_TOKENS)
    if is_product:
        stars = f" and gave it {row['stars']:.0f} of 5 stars" if row["stars"] else ""
        price = f" for {amount}" if (amount := format_price(row["price"], row["platform"])) else ""
        purchase = f"You bought the {name or 'product'}{price}{stars}"
        return f"{purchase}: {quote}" if quote else f"{purchase}."
    if row["kind"] == "comment":
        return f'You replied under "{name}": {quote}' if name else f"You replied: {quote}"
    return f'You posted "{name}": {quote}' if name else f"You posted: {quote}"


def format_price(price: float | None, platform: str) -> str:
    """Return a price with the platform's currency; "" if it is unknown."""
    return f"{find_platform(platform).currency}{price:,.2f}" if price else ""


def _self_to_ask(row: Record) -> str:
    """Return which self is asked about a record; "" if both are made from it."""
    if row["part"] == "target":
        return "latest"
    return "" if row["early"] else "early"
