"""Moments: a record of a person with all that is known of them right before it, and nothing later."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from string import ascii_uppercase
from typing import Any, NamedTuple

from agents.prompt import one_line
from sandbox.people import Event, Memory, MemoryBudget, MemoryView, Profile
from sandbox.presentation import PLAIN, Presentation
from sandbox.seeds import uniforms
from training.record import CURRENCIES, PRODUCT_PLATFORMS

Row = Mapping[str, Any]

NAME_TOKENS = 24
"""Of a product's or a thread's name, so much is shown."""
REMEMBERED_TOKENS = 48
"""Of a text of their own, so much is remembered."""


class Moment(NamedTuple):
    """What a person did, and who they were until then."""

    record: Row
    past: Sequence[Row]
    """Their earlier records, oldest first; none of the same time."""
    profile: Profile
    """Made from some of `past`, the first of it."""
    memory: MemoryView
    """The last of `past`, as events."""
    owned: frozenset[str]
    """Products and threads of all of their records, earlier and later: none of them is an option they passed over."""
    seed: int
    """The run's, for `seed_of`."""
    together: frozenset[str] = frozenset()
    """Products and threads of their records of the same time, this one among them: a basket has no order."""
    draw: int = 0
    """Which of several lists of options it is asked with."""
    varied_share: float = 0.0
    """Share of the questions about it that are laid out in another way than a simulation's."""

    @property
    def is_new(self) -> bool:
        """Whether they choose this product or thread for the first time."""
        chosen = key_of(self.record)
        return all(key_of(row) != chosen for row in self.past)

    def seed_of(self, form: str) -> int:
        """64 bits for all randomness of one task about this moment."""
        again = (self.draw,) if self.draw else ()
        return hashed(self.seed, self.record["source"], self.record["id"], form, *again)

    def presentation(self, form: str) -> Presentation:
        """How one question about this moment is laid out: what should not matter is not to be learnt."""
        draws = uniforms(self.seed_of(form), b"presentation")
        if next(draws) >= self.varied_share:
            return PLAIN
        return Presentation(
            scales_reversed=next(draws) < 0.5,
            profile_reversed=next(draws) < 0.5,
            first_label=ascii_uppercase[int(next(draws) * len(ascii_uppercase))],
        )


def moments_of(
    rows: Sequence[Row], selves: Mapping[str, Profile], budget: MemoryBudget, most: int, seed: int
) -> Iterator[Moment]:
    """The moments of one person that may be asked about.

    Args:
        rows: All records of the person, oldest first.
        selves: `latest`, made from their history, who is asked about what came after it; and, where there is one,
            `early`, made from the first records of it, who is asked about its others.
        budget: Bounds of what is remembered.
        most: No more moments than this, drawn by hash.
        seed: Of the draw and of all tasks.
    """
    owned = frozenset(key_of(row) for row in rows)
    who = {row["id"]: selves.get(_self_of(row)) for row in rows}
    targets = [name for name, profile in who.items() if profile]
    drawn = set(sorted(targets, key=lambda name: hashed(seed, name))[:most])
    memory, place = Memory(budget), 0
    for _, group in groupby(rows, lambda row: row["time"]):
        past, view, now = rows[:place], memory.view(), list(group)
        together = frozenset(key_of(row) for row in now)
        for row in now:
            profile = who[row["id"]]
            if profile and row["id"] in drawn:
                yield Moment(row, past, profile, view, owned, seed, together)
        for row in now:
            memory.add(Event(place, row["kind"], remembered(row)))
            place += 1


def hashed(*parts: str | int) -> int:
    """64 bits that depend on all parts."""
    name = "/".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "little")


def _self_of(row: Row) -> str:
    """Who is asked about a record; "" where it is what they are made from."""
    if row["part"] == "target":
        return "latest"
    return "" if row["early"] else "early"


def key_of(row: Row) -> str:
    """What was chosen by this record: a product or a thread; "" for none."""
    return row["item"] if row["platform"] in PRODUCT_PLATFORMS else row["thread"]


def remembered(row: Row) -> str:
    """A record as one sentence to the person who made it."""
    said = f'"{one_line(row["text"], REMEMBERED_TOKENS)}"' if row["text"] else ""
    is_product = row["platform"] in PRODUCT_PLATFORMS
    name = one_line(row["context"] if is_product else row["title"], NAME_TOKENS)
    if is_product:
        stars = f" and gave it {row['stars']:.0f} of 5 stars" if row["stars"] else ""
        price = f" for {cost}" if (cost := priced(row["price"], row["platform"])) else ""
        bought = f"You bought the {name or 'product'}{price}{stars}"
        return f"{bought}: {said}" if said else f"{bought}."
    if row["kind"] == "comment":
        return f'You replied under "{name}": {said}' if name else f"You replied: {said}"
    return f'You posted "{name}": {said}' if name else f"You posted: {said}"


def priced(price: float | None, platform: str) -> str:
    """A price with the platform's currency; nothing where it is unknown."""
    return f"{CURRENCIES.get(platform, '$')}{price:,.2f}" if price else ""
