"""Small phrases: prices, months, stars, lengths and lists as one says them."""

from collections.abc import Sequence
from hashlib import blake2b

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
    """A price as one remembers it: the higher, the coarser."""
    step = 1 if price < 20 else 5 if price < 100 else 10 if price < 500 else 50
    return f"{sign}{max(1, round(price / step) * step)}"


def goods(category: str) -> str:
    """The things of a category."""
    kind = GOODS.get(category)
    return f"{category} {kind}" if kind else category


def length(words: int) -> str:
    """How long a text is, without the figure."""
    return grade(
        words,
        (5, "a handful of words"),
        (12, "one short sentence"),
        (25, "one or two sentences"),
        (50, "a few sentences"),
        (100, "a full paragraph"),
        (10**9, "several paragraphs"),
    )


def often(rate: float) -> str:
    """How often, from a share of months."""
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
    """How many times."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def stars(number: int) -> str:
    """How many stars."""
    return "1 star" if number == 1 else f"{number} stars"


def rated(star_counts: Sequence[int]) -> str:
    """How many ratings were 5 stars, 4 or 3, 2 or 1; `star_counts` begins with 1 star."""
    parts: list[str] = []
    for group in ((5,), (3, 4), (1, 2)):
        given = {star: star_counts[star - 1] for star in group if star_counts[star - 1]}
        if number := sum(given.values()):
            kind = " or ".join(map(str, given)) if parts else stars(max(given)) if len(given) == 1 else "3 or 4 stars"
            parts.append(
                f"{number} lower" if len(parts) == 2 else f"{number} {'was' if number == 1 else 'were'} {kind}"
            )
    return ", ".join(parts)


def season(number: int) -> str:
    """The season of a month, from the month's number: year x 12 + month with January as 0."""
    return f"{SEASONS[number % 12 // 3]} {number // 12}"


SEASONS = ("early", "spring", "summer", "autumn")
"""What we call the quarters of a year; a month would say too much about a real person."""


def duration(months: int) -> str:
    """A time in months or years."""
    return f"{months} months" if months < 24 else f"{round(months / 12)} years"


def listed(parts: Sequence[str]) -> str:
    """`a and b`, or `a, b, and c`; names that hold an `and` of their own are kept apart."""
    if len(parts) < 2:
        return "".join(parts)
    if len(parts) == 2:
        return (" plus " if any(" and " in part for part in parts) else " and ").join(parts)
    return f"{', '.join(parts[:-1])}, and {parts[-1]}"


def grade(value: float, *grades: tuple[float, str]) -> str:
    """The word of the first bound that `value` does not exceed; of the last where it exceeds all."""
    return next((word for bound, word in grades if value <= bound), grades[-1][1])


def place(key: str) -> int:
    """A number that depends on `key` only."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big")


def pick(key: str, *variants: str) -> str:
    """One of several ways to say the same thing, by a hash of `key`."""
    return variants[place(key) % len(variants)]
