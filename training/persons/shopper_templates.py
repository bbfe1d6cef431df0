"""Describe a shopper, in our own words: statistics in, English in the second person out.

Products and groups of products are named as the source names them. If a thing can be worded in several ways, a hash of
the person's id chooses, so the same statistics always give the same text.

The sentences are part of the shipped profiles: changing one changes the people that models are trained on.
"""

from collections.abc import Sequence
from typing import NamedTuple

from training.persons import phrases
from training.persons.shoppers import BasketItem, ShopperStatistics, group_by_day, trip_cost

MAX_STORIES = 8
FULL_BASKET = 8
"""A basket with at least this many different things is full."""
OPEN_AGE_GROUPS = {"<25": "under 25", ">65": "over 65"}


class Shopper(NamedTuple):
    """Everything known about a person."""

    id: str
    stats: ShopperStatistics
    items: tuple[BasketItem, ...]
    """Oldest first."""
    currency: str
    """Sign of the money that the prices are in."""


def persona(person: Shopper) -> str:
    """Describe who they are, in at most 65 words."""
    return phrases.join_sentences(person, (_introduction, _tastes, _repeat_habit))


def profile(person: Shopper) -> str:
    """Describe the same at length, in 80 to 250 words."""
    parts = (_introduction, _history, _trip_rhythm, _baskets, _groups, _price_range)
    return phrases.join_sentences(person, (*parts, _piece_habit, _repeat_habit, _favourite_product))


def stories(person: Shopper) -> tuple[str, ...]:
    """Describe up to eight trips, oldest first: first, last, largest, dearest, and evenly spaced ones."""
    trips = group_by_day(person.items)
    indices, last = range(len(trips)), len(trips) - 1
    largest = max(indices, key=lambda index: len(trips[index]))
    dearest = max(indices, key=lambda index: trip_cost(trips[index]) or 0.0)
    evenly = [round(step * last / (MAX_STORIES - 1)) for step in range(MAX_STORIES)]
    chosen = list(dict.fromkeys((0, last, largest, dearest, *evenly)))[:MAX_STORIES]
    return tuple(_story(person, index, trips[index]) for index in sorted(chosen))


def _money(person: Shopper, price: float) -> str:
    """Return a price as people remember it."""
    return phrases.dollars(price, person.currency)


def _introduction(person: Shopper) -> str:
    stats = person.stats
    age = OPEN_AGE_GROUPS.get(stats.age) or f"{stats.age.replace('-', ' to ')} years old"
    you = f"You are {age} and " if stats.age else "You "
    things = _count_things(stats.basket)
    if stats.days == 1:
        return f"{you}have come to this supermarket on one day so far and bought {things}."
    return _pick(
        person,
        "who",
        f"{you}go to the supermarket {_trip_frequency(stats)}, usually for {things}.",
        f"{you}do your shopping at one supermarket {_trip_frequency(stats)} and carry home {things} as a rule.",
        f"{you}shop at a supermarket {_trip_frequency(stats)}; most times {things} end{'s' * (stats.basket == 1)} up "
        "in your basket.",
    )


def _tastes(person: Shopper) -> str:
    stats, names = person.stats, _favourite_groups(person)
    price = f"{_pick(person, 'about', 'about', 'around')} {_money(person, stats.prices[1])}" if stats.prices else ""
    terms = f"at {price} apiece" if price else "at prices that are not on record"
    share = sum(stats.tastes[name] for name in names[:2])
    if len(names) == 1:
        return f"Everything you buy is from group {names[0]}, {terms}."
    top_groups = phrases.join_list(names[:2])
    if share < 0.25:
        return _pick(
            person,
            "buying",
            f"You buy a bit of everything, from {len(names)} groups of goods with {top_groups} ahead, {terms}.",
            f"What you buy comes from {len(names)} groups of goods, a little more of it from {top_groups}, {terms}.",
        )
    return _pick(
        person,
        "buying",
        f"You buy most from groups {top_groups}, {share:.0%} of it all, {terms}.",
        f"Groups {top_groups} make up {share:.0%} of what you buy, {terms}.",
        f"You come for groups {top_groups} above all, {share:.0%} of what you buy, {terms}.",
    )


def _repeat_habit(person: Shopper) -> str:
    stats = person.stats
    if stats.days == 1:
        return "Whether you would buy the same things again, nobody knows yet."
    if not stats.repeats:
        return _pick(
            person,
            "returning",
            f"You have not bought anything twice so far, in {stats.num} purchases.",
            f"So far no two of your {stats.num} purchases were of the same thing.",
        )
    repeats = f"{stats.repeats} of {stats.num} purchases were of something you had bought before"
    habit = phrases.grade(
        stats.repeat_share,
        (0.1, _pick(person, "returning", "You seldom buy the same thing again", "You keep trying other things")),
        (0.3, _pick(person, "returning", "Some things you come back to", "Now and then you buy a thing again")),
        (0.5, _pick(person, "returning", "You come back to what you know", "You have your regular things")),
        (1, _pick(person, "returning", "You are a creature of habit", "You stick to what you know")),
    )
    return f"{habit}: {repeats}."


def _history(person: Shopper) -> str:
    stats = person.stats
    first, last = phrases.season(stats.first), phrases.season(stats.last)
    period = f"In {first}" if first == last else f"Between {first} and {last}"
    if stats.days == 1:
        return f"{period} the shop has you down for {stats.num} purchases on a single day."
    return _pick(
        person,
        "history",
        f"{period} the shop has you down for {stats.num} purchases on {stats.days} days.",
        f"{period} you came on {stats.days} days and made {stats.num} purchases in all.",
    )


def _trip_rhythm(person: Shopper) -> str:
    stats = person.stats
    if stats.days < 3:
        return ""
    habit = phrases.grade(
        stats.weekend_share,
        (0.1, "you hardly ever come at a weekend"),
        (0.4, "you come on weekdays and at weekends alike"),
        (0.7, "many of your trips fall on a weekend"),
        (1, "you come at weekends"),
    )
    return f"{habit[0].upper()}{habit[1:]}, and the longest you stayed away was {stats.pause} days."


def _baskets(person: Shopper) -> str:
    stats = person.stats
    spending = f" and you spend {_money(person, stats.spent)} or so" if stats.spent else ""
    if stats.days == 1:
        return f"You left {_money(person, stats.spent)} or so at the till." if stats.spent else ""
    if stats.largest == stats.basket:
        return f"You never take more than {_count_things(stats.largest)} at a time{spending}."
    return _pick(
        person,
        "baskets",
        f"A usual basket holds {_count_things(stats.basket)}{spending}; the fullest one held {stats.largest}.",
        f"It is {_count_things(stats.basket)} on a usual day{spending}, and {stats.largest} at the most.",
    )


def _groups(person: Shopper) -> str:
    stats, names = person.stats, _favourite_groups(person)
    counts = [(name, round(stats.tastes[name] * stats.num)) for name in names]
    if len(counts) == 1:
        return ""
    parts = [f"{count} from group {name}" for name, count in counts[:5]]
    if rest := sum(count for _, count in counts[5:]):
        parts.append(f"{rest} from {len(counts) - 5} other{'s' * (len(counts) > 6)}")
    return _pick(
        person,
        "spread",
        f"By group of goods these were {phrases.join_list(parts)}.",
        f"Counted by group of goods, there were {phrases.join_list(parts)}.",
    )


def _price_range(person: Shopper) -> str:
    if not person.stats.prices:
        return ""
    low, middle, high = (_money(person, price) for price in person.stats.prices)
    if low == high:
        return f"Everything cost {low} or so apiece."
    return _pick(
        person,
        "prices",
        f"The cheapest of it cost {low} apiece and the dearest {high}, with {middle} in the middle.",
        f"You pay anything from {low} to {high} for one piece, and half of the time no more than {middle}.",
    )


def _piece_habit(person: Shopper) -> str:
    habit = phrases.grade(
        person.stats.several_share,
        (0.05, "you nearly always take a single piece of a thing"),
        (0.2, "once in a while you take several pieces of a thing"),
        (0.5, "you often take several pieces of a thing at once"),
        (1, "you take several pieces of most things"),
    )
    return f"{habit[0].upper()}{habit[1:]} ({person.stats.several_share:.0%} of the time)."


def _favourite_product(person: Shopper) -> str:
    if not person.stats.favourite:
        return ""
    name, num_days = person.stats.favourite
    return _pick(
        person,
        "favourite",
        f"What you buy most is the {name}: on {num_days} days so far.",
        f"Your favourite is the {name}, which you took home on {num_days} days.",
    )


def _story(person: Shopper, index: int, trip: Sequence[BasketItem]) -> str:
    season, dearest = phrases.season(trip[0].month), max(trip, key=lambda item: item.price or 0.0)
    total = trip_cost(trip)
    cost = f" for about {_money(person, total)}" if total else ""
    if len(trip) == 1:
        return f"In {season} you went for one thing only, the {dearest.name}{cost}."
    detail = f"; the dearest was the {dearest.name} at {_money(person, dearest.price or 0.0)}" if total else ""
    is_full = len(trip) >= FULL_BASKET
    act = "filled a basket" if is_full else _pick(person, f"story {index}", "came home", "came by and left")
    return f"In {season} you {act} with {_count_things(len(trip))}{cost}{detail}."


def _favourite_groups(person: Shopper) -> list[str]:
    """Return the groups of products, most bought first; a hash decides among equals."""
    shares = person.stats.tastes
    return sorted(shares, key=lambda name: (-shares[name], phrases.hash_key(f"{person.id}/{name}")))


def _trip_frequency(stats: ShopperStatistics) -> str:
    """Say how often they come, from the days between their trips."""
    return phrases.grade(
        (stats.span_days - 1) / (stats.days - 1),
        (1.5, "nearly every day"),
        (2.5, "every other day"),
        (4.5, "twice a week"),
        (9, "about once a week"),
        (18, "about every other week"),
        (40, "about once a month"),
        (10**6, "once in a long while"),
    )


def _count_things(number: int) -> str:
    return "a single thing" if number == 1 else f"{number} different things"


def _pick(person: Shopper, slot: str, *variants: str) -> str:
    """Return one of several wordings of the same thing; the choice depends on the person and the slot only."""
    return phrases.pick_variant(f"{person.id}/{slot}", *variants)
