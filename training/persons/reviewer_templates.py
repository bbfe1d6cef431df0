"""Describe a reviewer, in our own words: statistics in, English in the second person out.

Nothing that a person wrote gets here, only dates, categories, prices, stars and lengths. If a thing can be worded in
several ways, a hash of the person's id chooses, so the same statistics always give the same text.

The sentences are part of the shipped profiles: changing one changes the people that models are trained on.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

from training.persons import phrases
from training.persons.reviewers import ReviewedPurchase, ReviewerStatistics

MAX_STORIES = 8
MAX_THREE_NAMES = 36
"""A persona names three categories if their names have at most this many letters together, else two."""
CLEAR_GAP = 0.8
"""Difference in mean stars from which we say that one kind of purchase does better than another."""


class Reviewer(NamedTuple):
    """Everything known about a person."""

    id: str
    stats: ReviewerStatistics
    """With readable names of categories."""
    purchases: tuple[ReviewedPurchase, ...]
    """Oldest first."""
    budget: float | None
    price_ratio: float | None
    """Median of price / median price of the category; None if no price is known."""


def persona(person: Reviewer) -> str:
    """Describe who they are, in at most 55 words."""
    return " ".join((_tastes(person), _rating_style(person), _review_habit(person)))


def profile(person: Reviewer) -> str:
    """Describe the same at length, in 100 to 250 words."""
    parts = (_history, _categories, _tastes, _price_range, _rating_style, _star_counts, _worst_purchase)
    return phrases.join_sentences(person, (*parts, _review_lengths, _tendencies, _review_pace, _tone))


def stories(person: Reviewer) -> tuple[str, ...]:
    """Describe up to eight purchases, oldest first: first, last, dearest, worst, best, and evenly spaced ones."""
    purchases = person.purchases
    indices, last = range(len(purchases)), len(purchases) - 1
    dearest = max(indices, key=lambda index: purchases[index].price or 0)
    worst = min(indices, key=lambda index: purchases[index].stars)
    best = max(indices, key=lambda index: purchases[index].stars)
    evenly = [round(step * last / (MAX_STORIES - 1)) for step in range(MAX_STORIES)]
    chosen = list(dict.fromkeys((0, last, dearest, worst, best, *evenly, *indices)))[:MAX_STORIES]
    return tuple(_story(person, index) for index in sorted(chosen))


def writing_style(person: Reviewer) -> str:
    """Describe how they write, in one sentence of at most 30 words."""
    habits = person.stats.habits
    length = phrases.grade(habits.sentence, (5, "clipped"), (8, "short"), (13, "medium-long"), (999, "long"))
    exclamation = (0.1, "no exclamation marks"), (0.5, "some exclamation marks"), (1, "many exclamation marks")
    first_person = (0.35, "hardly a word about yourself"), (0.75, ""), (1, "your own experience at the centre")
    traits = (
        phrases.grade(habits.exclaim_share, *exclamation),
        "some words in CAPITALS" if habits.shout_share > 0.25 else "",
        "small letters where capitals belong" if habits.lower_share > 0.3 else "",
        phrases.grade(habits.first_person_share, *first_person),
    )
    return phrases.writing_style(person.id, length, habits.sentence, traits)


def _tastes(person: Reviewer) -> str:
    price, names = _price_level(person), _favourite_categories(person)
    shares = person.stats.tastes
    if len(names) > 3 and sum(shares[name] for name in names[:2]) <= 0.5:
        return f"You buy all sorts, like {phrases.join_list(names[:2])}, {price}."
    number = 3 if len(names) == 3 and sum(map(len, names)) <= MAX_THREE_NAMES else 2
    things = phrases.join_list(names[:number]) if len(names) > 1 else phrases.goods(names[0])
    return _pick(
        person,
        "shopping",
        f"You mostly buy {things}, {price}.",
        f"You shop mostly for {things}, {price}.",
        f"You buy {things} most of all, {price}.",
        f"Your shopping is mostly {things}, {price}.",
    )


def _favourite_categories(person: Reviewer) -> list[str]:
    """Return the categories, most bought first; a hash decides among equals, so that nobody favours the alphabet."""
    shares = person.stats.tastes
    return sorted(shares, key=lambda name: (-shares[name], phrases.hash_key(f"{person.id}/{name}")))


def _price_level(person: Reviewer) -> str:
    if person.budget is None:
        return "often free of charge" if _free_share(person) >= 0.5 else "at prices that are not on record"
    price = phrases.dollars(person.budget)
    if _free_share(person) >= 0.5:
        return f"often free of charge, else about {price}"
    if person.price_ratio is None:
        return f"at the ordinary {price} or so an item"
    shade = phrases.grade(person.price_ratio, (0.6, "on the cheap side"), (1.6, ""), (1e9, "on the dear side"))
    level = _pick(person, "price", f"around {price} each", f"about {price} an item")
    return f"{level}, {shade}" if shade and len(person.stats.tastes) == 1 else level


def _rating_style(person: Reviewer) -> str:
    number, fives = person.stats.num, person.stats.star_counts[4]
    low = sum(person.stats.star_counts[:2])
    if fives == number:
        return _pick(
            person,
            "rating",
            f"You rate generously: all {number} of your ratings were 5 stars.",
            f"You are easily pleased: 5 stars in all {number} ratings so far.",
            f"You are a satisfied customer: {number} ratings, every one 5 stars.",
        )
    ratings = f"of {number} ratings, {phrases.rating_counts(person.stats.star_counts)}."
    if fives and low >= 0.2 * number and low + fives >= 0.85 * number:
        return f"You rate in extremes: {ratings}"
    return f"{_critic(person)}: {ratings}"


def _critic(person: Reviewer) -> str:
    mean = person.stats.mean
    if mean >= 4.5:
        return _pick(person, "rating", "You rate generously", "You are easily pleased", "You are a warm critic")
    if mean >= 3.8:
        return _pick(person, "rating", "You rate kindly but with care", "You like most things", "You mean to be fair")
    if mean >= 3:
        return _pick(person, "rating", "You use the whole scale", "You are a critical customer", "You are choosy")
    return _pick(person, "rating", "You are hard to please", "You rate harshly", "You are often let down")


def _review_habit(person: Reviewer) -> str:
    stats = person.stats
    length, rate = phrases.length(stats.habits.words), phrases.frequency(stats.months / stats.span)
    if stats.span == 1:
        return f"You reviewed it all in one month, in {length} each."
    return _pick(
        person,
        "reviewing",
        f"You review something {rate}, in {length}.",
        f"You write {length} about it, {rate}.",
        f"You speak up {rate}, in {length}.",
    )


def _history(person: Reviewer) -> str:
    first, last = person.purchases[0].month, person.purchases[-1].month
    first_season, last_season = phrases.season(first), phrases.season(last)
    period = f"In {first_season}" if first == last else f"Between {first_season} and {last_season}"
    return f"{period} you reviewed {person.stats.num} things that you had bought online."


def _categories(person: Reviewer) -> str:
    counts = [(name, round(share * person.stats.num)) for name, share in person.stats.tastes.items()]
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
    return f"They came from {phrases.join_list(parts)}."


def _price_range(person: Reviewer) -> str:
    prices = sorted(purchase.price for purchase in person.purchases if purchase.price)
    if not prices and _free_share(person) >= 0.5:
        return "What you reviewed so far cost you nothing, so there is no telling what you would pay."
    if not prices:
        return "What you paid is not on record, so take it that you pay what most people pay for such things."
    lowest, highest = phrases.dollars(prices[0]), phrases.dollars(prices[-1])
    if lowest == highest:
        return f"As far as is known you pay about {lowest} for such a thing."
    free = " Some things you took because they cost nothing." if _free_share(person) >= 0.2 else ""
    return f"The cheapest cost about {lowest} and the dearest about {highest}.{free}"


def _star_counts(person: Reviewer) -> str:
    counts = [(star, count) for star, count in enumerate(person.stats.star_counts, 1) if count][::-1]
    if len(counts) == 1:
        return ""
    ratings = phrases.join_list([f"{phrases.stars(star)} {phrases.times(count)}" for star, count in counts])
    return f"In all you gave {ratings}, which makes {person.stats.mean:.1f} on average."


def _worst_purchase(person: Reviewer) -> str:
    disappointing = [purchase for purchase in person.purchases if purchase.stars <= 2]
    if not disappointing:
        return _pick(
            person,
            "low point",
            "Nothing so far has annoyed you enough for 1 or 2 stars.",
            "You have given nothing fewer than 3 stars.",
        )
    latest = disappointing[-1]
    cost = f" for about {phrases.dollars(latest.price)}" if latest.price else ""
    return f"What last disappointed you was something in {latest.category}{cost}: it got {phrases.stars(latest.stars)}."


def _review_lengths(person: Reviewer) -> str:
    usual = person.stats.habits.words
    shortest = min(person.purchases, key=lambda purchase: purchase.words)
    longest = max(person.purchases, key=lambda purchase: purchase.words)
    if longest.words < 2 * shortest.words + 5:
        return f"A review of yours has about {usual} word{'s' * (usual != 1)}, hardly ever many more or fewer."
    rating = "" if max(person.stats.star_counts) == person.stats.num else f" for {phrases.stars(longest.stars)}"
    return (
        f"A review of yours usually has about {usual} word{'s' * (usual != 1)}; the shortest had {shortest.words} and "
        f"the longest {longest.words}{rating}."
    )


def _tendencies(person: Reviewer) -> str:
    """Describe what goes with high and low ratings, if the differences are clear."""
    priced = [purchase for purchase in person.purchases if purchase.price]
    by_price = _mean_star_change(sorted(priced, key=lambda purchase: purchase.price or 0))
    by_time, ratio = _mean_star_change(person.purchases), person.stats.critical_ratio
    sentences: list[str] = []
    if abs(by_price) >= CLEAR_GAP:
        sentences.append(
            f"The {'dearer' if by_price < 0 else 'cheaper'} things let you down more often than the others."
        )
    if abs(by_time) >= CLEAR_GAP:
        sentences.append(f"With time you have become {'stricter' if by_time < 0 else 'milder'} in your ratings.")
    if ratio is not None and not 0.6 < ratio < 1.6:
        sentences.append(f"You have more to say when you are {'disappointed' if ratio > 1 else 'pleased'}.")
    return " ".join(sentences)


def _mean_star_change(purchases: Sequence[ReviewedPurchase]) -> float:
    """Return the mean stars of the last half minus those of the first half; 0 if there are fewer than 4 purchases."""
    half = len(purchases) // 2
    stars = [purchase.stars for purchase in purchases]
    return fmean(stars[-half:]) - fmean(stars[:half]) if len(stars) >= 4 else 0.0


def _review_pace(person: Reviewer) -> str:
    months = sorted({purchase.month for purchase in person.purchases})
    if len(months) == 1:
        return "All of this was written within one month, so how you go on is anybody's guess."
    pause = max(later - earlier for earlier, later in pairwise(months))
    activity = f"You wrote something in {len(months)} of {person.stats.span} months"
    return f"{activity}, and once you were silent for {phrases.duration(pause)}." if pause > 2 else f"{activity}."


def _tone(person: Reviewer) -> str:
    habits = person.stats.habits
    loudness = phrases.grade(
        habits.exclaim_share,
        (0.1, "You keep your voice down and hardly ever use an exclamation mark"),
        (0.5, "You allow yourself an exclamation mark from time to time"),
        (1, "You sound excited, with exclamation marks in most of what you write"),
    )
    self_mentions = phrases.grade(
        habits.first_person_share,
        (0.35, "you speak of the thing itself rather than of yourself"),
        (0.75, "you say in passing how it went for you"),
        (1, "you nearly always tell how it went for you"),
    )
    return f"{loudness}, and {self_mentions}."


def _story(person: Reviewer, index: int) -> str:
    purchase = person.purchases[index]
    season, stars, slot = phrases.season(purchase.month), phrases.stars(purchase.stars), f"story {index}"
    thing = f"something in {purchase.category}"
    if purchase.price is None:
        variants = f"In {season} you gave {thing} {stars}.", f"In {season} you bought {thing} and gave it {stars}."
        return _pick(person, slot, *variants)
    if not purchase.price:
        return f"In {season} you got {thing} free of charge and gave it {stars}."
    price = phrases.dollars(purchase.price)
    return _pick(
        person,
        slot,
        f"In {season} you paid about {price} for {thing} and gave it {stars}.",
        f"In {season} {thing} cost you about {price}; you gave it {stars}.",
        f"In {season} you bought {thing} for about {price} and rated it {stars}.",
    )


def _free_share(person: Reviewer) -> float:
    """Return the share of known prices that are zero."""
    prices = [purchase.price for purchase in person.purchases if purchase.price is not None]
    return prices.count(0) / len(prices) if prices else 0.0


def _pick(person: Reviewer, slot: str, *variants: str) -> str:
    """Return one of several wordings of the same thing; the choice depends on the person and the slot only."""
    return phrases.pick_variant(f"{person.id}/{slot}", *variants)
