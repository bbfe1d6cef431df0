"""Phrases that the wording templates share: prices, months, stars, lengths, lists, and the sentence on style."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import TypeVar

PersonT = TypeVar("PersonT")

GOODS = {
    "All Beauty": "items",
    "Automotive": "parts",
    "Arts Crafts and Sewing": "supplies",
    "Beauty and Personal Care": "items",
    "Grocery and Gourmet Food": "items",
    "Health and Household": "goods",
    "Industrial and Scientific": "supplies",
    "Kindle Store": "e-books",
    "Patio Lawn and Garden": "things",
    "Sports and Outdoors": "gear",
    "Tools and Home Improvement": "gear",
}
"""What to call the goods of a category whose name does not say it."""


def dollars(price: float, sign: str = "$") -> str:
    """Return a price as people remember it: the higher, the coarser."""
    step = 1 if price < 20 else 5 if price < 100 else 10 if price < 500 else 50
    return f"{sign}{max(1, round(price / step) * step)}"


def goods(category: str) -> str:
    """Return what the things of a category are called."""
    kind = GOODS.get(category)
    return f"{category} {kind}" if kind else category


def length(words: int) -> str:
    """Return how long a text is, without the number."""
    return grade(
        words,
        (5, "a handful of words"),
        (12, "one short sentence"),
        (25, "one or two sentences"),
        (50, "a few sentences"),
        (100, "a full paragraph"),
        (10**9, "several paragraphs"),
    )


def frequency(rate: float) -> str:
    """Return how often something happens, from the share of months in which it does."""
    return grade(
        rate,
        (0.05, "less than once a year"),
        (0.1, "about once a year"),
        (0.2, "twice a year"),
        (0.4, "every few months"),
        (0.7, "in most months"),
        (1, "month after month"),
    )


def times(number: int) -> str:
    """Return how many times, in words for one and two."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def stars(number: int) -> str:
    """Return a number of stars."""
    return "1 star" if number == 1 else f"{number} stars"


def rating_counts(star_counts: Sequence[int]) -> str:
    """Return how many ratings were 5 stars, 4 or 3, 2 or 1; `star_counts` begins with 1 star."""
    parts: list[str] = []
    for group in ((5,), (3, 4), (1, 2)):
        counts = {star: star_counts[star - 1] for star in group if star_counts[star - 1]}
        if number := sum(counts.values()):
            kind = (
                " or ".join(map(str, counts)) if parts else stars(max(counts)) if len(counts) == 1 else "3 or 4 stars"
            )
            parts.append(
                f"{number} lower" if len(parts) == 2 else f"{number} {'was' if number == 1 else 'were'} {kind}"
            )
    return ", ".join(parts)


def season(month: int) -> str:
    """Return the season and year of a month, given as year x 12 + month with January as 0."""
    return f"{SEASONS[month % 12 // 3]} {month // 12}"


SEASONS = ("early", "spring", "summer", "autumn")
"""What we call the quarters of a year; a month would say too much about a real person."""


def duration(months: int) -> str:
    """Return a time in months or years."""
    return f"{months} months" if months < 24 else f"{round(months / 12)} years"


def join_list(parts: Sequence[str]) -> str:
    """Return `a and b`, or `a, b, and c`; two names are joined by `plus` if one contains an `and` of its own."""
    if len(parts) < 2:
        return "".join(parts)
    if len(parts) == 2:
        return (" plus " if any(" and " in part for part in parts) else " and ").join(parts)
    return f"{', '.join(parts[:-1])}, and {parts[-1]}"


def join_sentences(person: PersonT, parts: Iterable[Callable[[PersonT], str]]) -> str:
    """Return what `parts` say about a person; a part that has nothing to say returns ""."""
    return " ".join(text for part in parts if (text := part(person)))


def writing_style(person_id: str, length: str, words: int, traits: Iterable[str]) -> str:
    """Return the sentence on somebody's style.

    Args:
        person_id: Chooses the wording.
        length: What their sentences are, such as `short`.
        words: Length of their sentences.
        traits: What their texts have or lack; empty ones are left out.
    """
    verb = pick_variant(f"{person_id}/style", "You write", "You put things in", "You express yourself in")
    size = f"{words} word{'s' * (words != 1)}"
    return f"{verb} {length} sentences of about {size}, with {join_list([trait for trait in traits if trait])}."


def grade(value: float, *grades: tuple[float, str]) -> str:
    """Return the word of the first bound that `value` does not exceed, or of the last if it exceeds all."""
    return next((word for bound, word in grades if value <= bound), grades[-1][1])


def hash_key(key: str) -> int:
    """Return a number that depends on `key` only."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big")


def pick_variant(key: str, *variants: str) -> str:
    """Return one of several wordings of the same thing, chosen by a hash of `key`.

    The key and the number and order of the variants are part of the result: changing them rewords existing profiles.
    """
    return variants[hash_key(key) % len(variants)]
