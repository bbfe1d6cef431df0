"""What is said of a shopper, in our own words: figures in, English in the second person out.

Groups of products and products are named as the source names them. Where a thing can be said in several ways, a hash
of the person's id chooses, so the same figures always give the same text.
"""

from collections.abc import Sequence
from typing import NamedTuple

from training.persons import phrases as say
from training.persons.shoppers import Figures, Purchase, trips_of
from training.record import CURRENCIES

MAX_STORIES = 8
FULL = 8
"""Different things from which on a basket is full."""
SIGN = CURRENCIES["purchases"]
AGES = {"<25": "under 25", ">65": "over 65"}


class Shopper(NamedTuple):
    """All that is known of a person."""

    id: str
    figures: Figures
    purchases: tuple[Purchase, ...]
    """Oldest first."""


def persona(person: Shopper) -> str:
    """Who they are, in at most 65 words."""
    return " ".join((_who(person), _buying(person), _returning(person)))


def profile(person: Shopper) -> str:
    """The same at length, 80 to 250 words."""
    parts = (_who, _history, _rhythm, _baskets, _spread, _prices, _pieces, _returning, _favourite)
    return " ".join(text for part in parts if (text := part(person)))


def stories(person: Shopper) -> tuple[str, ...]:
    """Up to eight trips, oldest first: first, last, largest and dearest, then others evenly."""
    trips = trips_of(person.purchases)
    every, last = range(len(trips)), len(trips) - 1
    marked = [0, last, max(every, key=lambda place: len(trips[place])), max(every, key=lambda at: _paid(trips[at]))]
    evenly = [round(place * last / (MAX_STORIES - 1)) for place in range(MAX_STORIES)]
    chosen = list(dict.fromkeys((*marked, *evenly)))[:MAX_STORIES]
    return tuple(_story(person, place, trips[place]) for place in sorted(chosen))


def money(price: float) -> str:
    """A price as one remembers it."""
    return say.dollars(price, SIGN)


def _who(person: Shopper) -> str:
    figures = person.figures
    age = AGES.get(figures.age) or f"{figures.age.replace('-', ' to ')} years old"
    you = f"You are {age} and " if figures.age else "You "
    things = _things(figures.basket)
    if figures.days == 1:
        return f"{you}have come to this supermarket on one day so far and bought {things}."
    return _pick(
        person,
        "who",
        f"{you}go to the supermarket {_often(figures)}, usually for {things}.",
        f"{you}do your shopping at one supermarket {_often(figures)} and carry home {things} as a rule.",
        f"{you}shop at a supermarket {_often(figures)}; most times {things} end{'s' * (figures.basket == 1)} up in "
        "your basket.",
    )


def _buying(person: Shopper) -> str:
    figures, names = person.figures, _favourites(person)
    price = f"{_pick(person, 'about', 'about', 'around')} {money(figures.prices[1])}" if figures.prices else ""
    paid = f"at {price} apiece" if price else "at prices that are not on record"
    share = sum(figures.tastes[name] for name in names[:2])
    if len(names) == 1:
        return f"Everything you buy is from group {names[0]}, {paid}."
    two = say.listed(names[:2])
    if share < 0.25:
        return _pick(
            person,
            "buying",
            f"You buy a bit of everything, from {len(names)} groups of goods with {two} ahead, {paid}.",
            f"What you buy comes from {len(names)} groups of goods, a little more of it from {two}, {paid}.",
        )
    return _pick(
        person,
        "buying",
        f"You buy most from groups {two}, {share:.0%} of it all, {paid}.",
        f"Groups {two} make up {share:.0%} of what you buy, {paid}.",
        f"You come for groups {two} above all, {share:.0%} of what you buy, {paid}.",
    )


def _returning(person: Shopper) -> str:
    figures = person.figures
    if figures.days == 1:
        return "Whether you would buy the same things again, nobody knows yet."
    if not figures.repeats:
        return _pick(
            person,
            "returning",
            f"You have not bought anything twice so far, in {figures.num} purchases.",
            f"So far no two of your {figures.num} purchases were of the same thing.",
        )
    told = f"{figures.repeats} of {figures.num} purchases were of something you had bought before"
    habit = say.grade(
        figures.repeat_share,
        (0.1, _pick(person, "returning", "You seldom buy the same thing again", "You keep trying other things")),
        (0.3, _pick(person, "returning", "Some things you come back to", "Now and then you buy a thing again")),
        (0.5, _pick(person, "returning", "You come back to what you know", "You have your regular things")),
        (1, _pick(person, "returning", "You are a creature of habit", "You stick to what you know")),
    )
    return f"{habit}: {told}."


def _history(person: Shopper) -> str:
    figures = person.figures
    first, last = say.season(figures.first), say.season(figures.last)
    when = f"In {first}" if first == last else f"Between {first} and {last}"
    if figures.days == 1:
        return f"{when} the shop has you down for {figures.num} purchases on a single day."
    return _pick(
        person,
        "history",
        f"{when} the shop has you down for {figures.num} purchases on {figures.days} days.",
        f"{when} you came on {figures.days} days and made {figures.num} purchases in all.",
    )


def _rhythm(person: Shopper) -> str:
    figures = person.figures
    if figures.days < 3:
        return ""
    week = say.grade(
        figures.weekend_share,
        (0.1, "you hardly ever come at a weekend"),
        (0.4, "you come on weekdays and at weekends alike"),
        (0.7, "many of your trips fall on a weekend"),
        (1, "you come at weekends"),
    )
    return f"{week[0].upper()}{week[1:]}, and the longest you stayed away was {figures.pause} days."


def _baskets(person: Shopper) -> str:
    figures = person.figures
    spent = f" and you spend {money(figures.spent)} or so" if figures.spent else ""
    if figures.days == 1:
        return f"You left {money(figures.spent)} or so at the till." if figures.spent else ""
    if figures.largest == figures.basket:
        return f"You never take more than {_things(figures.largest)} at a time{spent}."
    return _pick(
        person,
        "baskets",
        f"A usual basket holds {_things(figures.basket)}{spent}; the fullest one held {figures.largest}.",
        f"It is {_things(figures.basket)} on a usual day{spent}, and {figures.largest} at the most.",
    )


def _spread(person: Shopper) -> str:
    figures, names = person.figures, _favourites(person)
    counts = [(name, round(figures.tastes[name] * figures.num)) for name in names]
    if len(counts) == 1:
        return ""
    parts = [f"{count} from group {name}" for name, count in counts[:5]]
    if rest := sum(count for _, count in counts[5:]):
        parts.append(f"{rest} from {len(counts) - 5} other{'s' * (len(counts) > 6)}")
    return _pick(
        person,
        "spread",
        f"By group of goods these were {say.listed(parts)}.",
        f"Counted by group of goods, there were {say.listed(parts)}.",
    )


def _prices(person: Shopper) -> str:
    if not person.figures.prices:
        return ""
    low, middle, high = map(money, person.figures.prices)
    if low == high:
        return f"Everything cost {low} or so apiece."
    return _pick(
        person,
        "prices",
        f"The cheapest of it cost {low} apiece and the dearest {high}, with {middle} in the middle.",
        f"You pay anything from {low} to {high} for one piece, and half of the time no more than {middle}.",
    )


def _pieces(person: Shopper) -> str:
    told = say.grade(
        person.figures.several_share,
        (0.05, "you nearly always take a single piece of a thing"),
        (0.2, "once in a while you take several pieces of a thing"),
        (0.5, "you often take several pieces of a thing at once"),
        (1, "you take several pieces of most things"),
    )
    return f"{told[0].upper()}{told[1:]} ({person.figures.several_share:.0%} of the time)."


def _favourite(person: Shopper) -> str:
    if not person.figures.favourite:
        return ""
    name, times = person.figures.favourite
    return _pick(
        person,
        "favourite",
        f"What you buy most is the {name}: on {times} days so far.",
        f"Your favourite is the {name}, which you took home on {times} days.",
    )


def _story(person: Shopper, place: int, trip: Sequence[Purchase]) -> str:
    when, dearest = say.season(trip[0].month), max(trip, key=lambda one: one.price)
    paid = f" for about {money(_paid(trip))}" if _paid(trip) else ""
    if len(trip) == 1:
        return f"In {when} you went for one thing only, the {dearest.name}{paid}."
    last = f"; the dearest was the {dearest.name} at {money(dearest.price)}" if dearest.price else ""
    got = "filled a basket" if len(trip) >= FULL else _pick(person, f"story {place}", "came home", "came by and left")
    return f"In {when} you {got} with {_things(len(trip))}{paid}{last}."


def _favourites(person: Shopper) -> list[str]:
    """Groups, the most bought first; among equals a hash decides."""
    shares = person.figures.tastes
    return sorted(shares, key=lambda name: (-shares[name], say.place(f"{person.id}/{name}")))


def _often(figures: Figures) -> str:
    """How often they come, from the days between their trips."""
    return say.grade(
        (figures.span_days - 1) / (figures.days - 1),
        (1.5, "nearly every day"),
        (2.5, "every other day"),
        (4.5, "twice a week"),
        (9, "about once a week"),
        (18, "about every other week"),
        (40, "about once a month"),
        (10**6, "once in a long while"),
    )


def _things(number: int) -> str:
    return "a single thing" if number == 1 else f"{number} different things"


def _paid(trip: Sequence[Purchase]) -> float:
    return sum(one.paid for one in trip)


def _pick(person: Shopper, slot: str, *variants: str) -> str:
    """One of several ways to say the same thing; which one depends on the person and the place only."""
    return say.pick(f"{person.id}/{slot}", *variants)
