"""What is said of a reviewer, in our own words: figures in, English in the second person out.

Nothing that a person wrote gets here, only dates, categories, prices, stars and lengths. Where a thing can be said in
several ways, a hash of the person's id chooses, so the same figures always give the same text.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

from training.persons import phrases as say
from training.persons.habits import Habits
from training.persons.reviewers import Figures, Purchase

MAX_STORIES = 8
MAX_THREE_NAMES = 36
"""Letters in the names of three categories up to which a persona has room for all of them."""
CLEAR_GAP = 0.8
"""Difference of mean stars from which one kind of purchase is said to fare better than another."""


class Person(NamedTuple):
    """All that is known of a person."""

    id: str
    figures: Figures
    """With readable names of categories."""
    purchases: tuple[Purchase, ...]
    """Oldest first."""
    budget: float
    dearness: float | None
    """Median of price / median price of the category; None where no price is known."""


def persona(person: Person) -> str:
    """Who they are, in at most 55 words."""
    return " ".join((_shopping(person), _rating(person), _reviewing(person)))


def profile(person: Person) -> str:
    """The same at length, 100 to 250 words."""
    parts = (_history, _spread, _shopping, _prices, _rating, _counts, _low_point, _lengths, _leanings, _pace, _voice)
    return " ".join(text for part in parts if (text := part(person)))


def stories(person: Person) -> tuple[str, ...]:
    """Up to eight purchases, oldest first: first, last, dearest, worst and best, then others evenly."""
    bought = person.purchases
    every, last = range(len(bought)), len(bought) - 1
    marked = [0, last, max(every, key=lambda place: bought[place].price or 0)]
    marked += [min(every, key=lambda place: bought[place].stars), max(every, key=lambda place: bought[place].stars)]
    evenly = [round(place * last / (MAX_STORIES - 1)) for place in range(MAX_STORIES)]
    chosen = list(dict.fromkeys((*marked, *evenly, *every)))[:MAX_STORIES]
    return tuple(_story(person, place) for place in sorted(chosen))


def writing_style(person: Person) -> str:
    """How they write, in one sentence of at most 30 words."""
    habits = person.figures.habits
    length = say.grade(habits.sentence, (5, "clipped"), (8, "short"), (13, "medium-long"), (999, "long"))
    words = f"{habits.sentence} word{'s' * (habits.sentence != 1)}"
    verb = _pick(person, "style", "You write", "You put things in", "You express yourself in")
    return f"{verb} {length} sentences of about {words}, with {_manners(habits)}."


def _manners(habits: Habits) -> str:
    exclaimed = (0.1, "no exclamation marks"), (0.5, "some exclamation marks"), (1, "many exclamation marks")
    about = (0.35, "hardly a word about yourself"), (0.75, ""), (1, "your own experience at the centre")
    manners = (
        say.grade(habits.exclaim_share, *exclaimed),
        "some words in CAPITALS" if habits.shout_share > 0.25 else "",
        "small letters where capitals belong" if habits.lower_share > 0.3 else "",
        say.grade(habits.first_person_share, *about),
    )
    return say.listed([manner for manner in manners if manner])


def _shopping(person: Person) -> str:
    price, names = _paying(person), _favourites(person)
    shares = person.figures.tastes
    if len(names) > 3 and sum(shares[name] for name in names[:2]) <= 0.5:
        return f"You buy all sorts, like {say.listed(names[:2])}, {price}."
    number = 3 if len(names) == 3 and sum(map(len, names)) <= MAX_THREE_NAMES else 2
    things = say.listed(names[:number]) if len(names) > 1 else say.goods(names[0])
    return _pick(
        person,
        "shopping",
        f"You mostly buy {things}, {price}.",
        f"You shop mostly for {things}, {price}.",
        f"You buy {things} most of all, {price}.",
        f"Your shopping is mostly {things}, {price}.",
    )


def _favourites(person: Person) -> list[str]:
    """Categories, the most bought first; among equals a hash decides, lest the alphabet does for all."""
    shares = person.figures.tastes
    return sorted(shares, key=lambda name: (-shares[name], say.place(f"{person.id}/{name}")))


def _paying(person: Person) -> str:
    price = say.dollars(person.budget)
    if _free_share(person) >= 0.5:
        return f"often free of charge, else about {price}"
    if person.dearness is None:
        return f"at the ordinary {price} or so an item"
    shade = say.grade(person.dearness, (0.6, "on the cheap side"), (1.6, ""), (1e9, "on the dear side"))
    said = _pick(person, "price", f"around {price} each", f"about {price} an item")
    return f"{said}, {shade}" if shade and len(person.figures.tastes) == 1 else said


def _rating(person: Person) -> str:
    number, average, fives = person.figures.num, person.figures.mean, person.figures.star_counts[4]
    low = sum(person.figures.star_counts[:2])
    if fives == number:
        return _pick(
            person,
            "rating",
            f"You rate generously: all {number} of your ratings were 5 stars.",
            f"You are easily pleased: 5 stars in all {number} ratings so far.",
            f"You are a satisfied customer: {number} ratings, every one 5 stars.",
        )
    told = f"of {number} ratings, {say.rated(person.figures.star_counts)}."
    if fives and low >= 0.2 * number and low + fives >= 0.85 * number:
        return f"You rate in extremes: {told}"
    return f"{_kindness(person) if average >= 3.8 else _severity(person)}: {told}"


def _kindness(person: Person) -> str:
    if person.figures.mean >= 4.5:
        return _pick(person, "rating", "You rate generously", "You are easily pleased", "You are a warm critic")
    return _pick(person, "rating", "You rate kindly but with care", "You like most things", "You mean to be fair")


def _severity(person: Person) -> str:
    if person.figures.mean < 3:
        return _pick(person, "rating", "You are hard to please", "You rate harshly", "You are often let down")
    return _pick(person, "rating", "You use the whole scale", "You are a critical customer", "You are choosy")


def _reviewing(person: Person) -> str:
    length, rate = say.length(person.figures.habits.words), say.often(person.figures.months / person.figures.span)
    if person.figures.span == 1:
        return f"You reviewed it all in one month, in {length} each."
    return _pick(
        person,
        "reviewing",
        f"You review something {rate}, in {length}.",
        f"You write {length} about it, {rate}.",
        f"You speak up {rate}, in {length}.",
    )


def _history(person: Person) -> str:
    first, last = (person.purchases[place].month for place in (0, -1))
    when = f"In {say.season(first)}" if first == last else f"Between {say.season(first)} and {say.season(last)}"
    return f"{when} you reviewed {person.figures.num} things that you had bought online."


def _spread(person: Person) -> str:
    counts = [(name, round(share * person.figures.num)) for name, share in person.figures.tastes.items()]
    if len(counts) == 1:
        return _pick(
            person,
            "spread",
            f"All of them came from {counts[0][0]}; of anything else you buy there is no record.",
            f"Every one came from {counts[0][0]}, the one part of the shop you speak up about.",
        )
    parts = [f"{name} ({count})" for name, count in counts[:5]]
    if rest := sum(count for _, count in counts[5:]):
        parts.append(f"other parts of the shop ({rest})")
    return f"They came from {say.listed(parts)}."


def _prices(person: Person) -> str:
    paid = sorted(purchase.price for purchase in person.purchases if purchase.price)
    if not paid and _free_share(person) >= 0.5:
        return "What you reviewed so far cost you nothing, so there is no telling what you would pay."
    if not paid:
        return "What you paid is not on record, so take it that you pay what most people pay for such things."
    if say.dollars(paid[0]) == say.dollars(paid[-1]):
        return f"As far as is known you pay about {say.dollars(paid[0])} for such a thing."
    free = " Some things you took because they cost nothing." if _free_share(person) >= 0.2 else ""
    return f"The cheapest cost about {say.dollars(paid[0])} and the dearest about {say.dollars(paid[-1])}.{free}"


def _counts(person: Person) -> str:
    counts = [(star, count) for star, count in enumerate(person.figures.star_counts, 1) if count][::-1]
    if len(counts) == 1:
        return ""
    told = say.listed([f"{say.stars(star)} {say.times(count)}" for star, count in counts])
    return f"In all you gave {told}, which makes {person.figures.mean:.1f} on average."


def _low_point(person: Person) -> str:
    low = [purchase for purchase in person.purchases if purchase.stars <= 2]
    if not low:
        return _pick(
            person,
            "low point",
            "Nothing so far has annoyed you enough for 1 or 2 stars.",
            "You have given nothing fewer than 3 stars.",
        )
    worst = low[-1]
    cost = f" for about {say.dollars(worst.price)}" if worst.price else ""
    return f"What last disappointed you was something in {worst.category}{cost}: it got {say.stars(worst.stars)}."


def _lengths(person: Person) -> str:
    usual = person.figures.habits.words
    shortest, longest = (choose(person.purchases, key=lambda one: one.words) for choose in (min, max))
    if longest.words < 2 * shortest.words + 5:
        return f"A review of yours has about {usual} word{'s' * (usual != 1)}, hardly ever many more or fewer."
    rating = "" if max(person.figures.star_counts) == person.figures.num else f" for {say.stars(longest.stars)}"
    return (
        f"A review of yours usually has about {usual} word{'s' * (usual != 1)}; the shortest had {shortest.words} and "
        f"the longest {longest.words}{rating}."
    )


def _leanings(person: Person) -> str:
    """What goes with high and low ratings, where there is enough to tell."""
    priced = sorted((one for one in person.purchases if one.price), key=lambda one: one.price or 0)
    by_price, by_time, ratio = _gap(priced), _gap(person.purchases), person.figures.critical_ratio
    told: list[str] = []
    if abs(by_price) >= CLEAR_GAP:
        told.append(f"The {'dearer' if by_price < 0 else 'cheaper'} things let you down more often than the others.")
    if abs(by_time) >= CLEAR_GAP:
        told.append(f"With time you have become {'stricter' if by_time < 0 else 'milder'} in your ratings.")
    if ratio is not None and not 0.6 < ratio < 1.6:
        told.append(f"You have more to say when you are {'disappointed' if ratio > 1 else 'pleased'}.")
    return " ".join(told)


def _gap(purchases: Sequence[Purchase]) -> float:
    """Mean stars of the last half minus those of the first half; 0 where there are fewer than 4."""
    half = len(purchases) // 2
    stars = [purchase.stars for purchase in purchases]
    return fmean(stars[-half:]) - fmean(stars[:half]) if len(stars) >= 4 else 0.0


def _pace(person: Person) -> str:
    days = Counter(purchase.month for purchase in person.purchases)
    if len(days) == 1:
        return "All of this was written within one month, so how you go on is anybody's guess."
    months = sorted(days)
    pause = max(later - earlier for earlier, later in pairwise(months))
    told = f"You wrote something in {len(months)} of {person.figures.span} months"
    return f"{told}, and once you were silent for {say.duration(pause)}." if pause > 2 else f"{told}."


def _voice(person: Person) -> str:
    habits = person.figures.habits
    loud = say.grade(
        habits.exclaim_share,
        (0.1, "You keep your voice down and hardly ever use an exclamation mark"),
        (0.5, "You allow yourself an exclamation mark from time to time"),
        (1, "You sound excited, with exclamation marks in most of what you write"),
    )
    own = say.grade(
        habits.first_person_share,
        (0.35, "you speak of the thing itself rather than of yourself"),
        (0.75, "you say in passing how it went for you"),
        (1, "you nearly always tell how it went for you"),
    )
    return f"{loud}, and {own}."


def _story(person: Person, place: int) -> str:
    bought = person.purchases[place]
    when, stars, slot = say.season(bought.month), say.stars(bought.stars), f"story {place}"
    thing = f"something in {bought.category}"
    if bought.price is None:
        plain = f"In {when} you gave {thing} {stars}.", f"In {when} you bought {thing} and gave it {stars}."
        return _pick(person, slot, *plain)
    if not bought.price:
        return f"In {when} you got {thing} free of charge and gave it {stars}."
    price = say.dollars(bought.price)
    return _pick(
        person,
        slot,
        f"In {when} you paid about {price} for {thing} and gave it {stars}.",
        f"In {when} {thing} cost you about {price}; you gave it {stars}.",
        f"In {when} you bought {thing} for about {price} and rated it {stars}.",
    )


def _free_share(person: Person) -> float:
    """Share of the known prices that are zero."""
    known = [purchase.price for purchase in person.purchases if purchase.price is not None]
    return known.count(0) / len(known) if known else 0.0


def _pick(person: Person, slot: str, *variants: str) -> str:
    """One of several ways to say the same thing; which one depends on the person and the place only."""
    return say.pick(f"{person.id}/{slot}", *variants)
