"""What is said of a reviewer, in our own words: figures in, English in the second person out.

Nothing that a person wrote gets here, only dates, categories, prices, stars and lengths. Where a thing can be said in
several ways, a hash of the person's id chooses, so the same figures always give the same text.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from statistics import mean, median
from typing import NamedTuple

MONTHS = "January February March April May June July August September October November December".split()
MAX_STORIES = 8
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


class Purchase(NamedTuple):
    """One reviewed purchase."""

    month: int
    """Months since the year 0: year x 12 + month, January being 0."""
    category: str
    price: float | None
    """In dollars; 0 is free of charge, None unknown."""
    stars: int
    words: int
    """Length of the review."""


class Habits(NamedTuple):
    """How somebody writes."""

    sentence: float
    """Words in the median sentence."""
    exclaimed: float
    """Share of sentences that end in an exclamation mark."""
    uncapitalised: float
    """Share of sentences that begin with a small letter."""
    shouted: float
    """Share of words of 3 and more letters in capitals."""
    first_person: float
    """Share of words such as I, my and we."""


class Figures(NamedTuple):
    """All that is known of a person."""

    id: str
    purchases: tuple[Purchase, ...]
    """Oldest first."""
    budget: float
    dearness: float | None
    """Median of price / median price of the category; None where no price is known."""
    habits: Habits

    @property
    def stars(self) -> list[int]:
        """Stars of every purchase."""
        return [purchase.stars for purchase in self.purchases]

    @property
    def words(self) -> int:
        """Median length of a review."""
        return max(1, round(median(purchase.words for purchase in self.purchases)))

    @property
    def categories(self) -> list[str]:
        """Categories, commonest first."""
        return [name for name, _ in Counter(sorted(p.category for p in self.purchases)).most_common()]

    @property
    def span(self) -> int:
        """Months from the first review to the last, both counted."""
        return self.purchases[-1].month - self.purchases[0].month + 1

    @property
    def active_months(self) -> int:
        """Months with a review."""
        return len({purchase.month for purchase in self.purchases})


def persona(figures: Figures) -> str:
    """Who they are, in at most 55 words."""
    return " ".join((_shopping(figures), _rating(figures), _reviewing(figures)))


def profile(figures: Figures) -> str:
    """The same at length, 100 to 250 words."""
    parts = (_history, _spread, _shopping, _prices, _rating, _counts, _extremes, _lengths, _leaning, _pace, _voice)
    return " ".join(text for part in parts if (text := part(figures)))


def stories(figures: Figures) -> tuple[str, ...]:
    """Up to eight purchases, oldest first: the first, the last, the dearest, the best and worst, then others evenly."""
    bought = figures.purchases
    every = range(len(bought))
    marked = [0, len(bought) - 1, max(every, key=lambda i: bought[i].price or 0)]
    marked += [min(every, key=lambda i: bought[i].stars), max(every, key=lambda i: bought[i].stars)]
    evenly = [round(i * (len(bought) - 1) / (MAX_STORIES - 1)) for i in range(MAX_STORIES)]
    chosen = list(dict.fromkeys([*marked, *evenly, *every]))[:MAX_STORIES]
    return tuple(_story(figures, index) for index in sorted(chosen))


def writing_style(figures: Figures) -> str:
    """How they write, in one sentence of at most 30 words."""
    habits = figures.habits
    length = _grade(habits.sentence, (5, "clipped"), (9, "short"), (14, "medium-long"), (99, "long"))
    words = round(habits.sentence)
    traits = [
        _grade(habits.exclaimed, (0.02, ""), (0.15, "now and then an exclamation mark"), (1, "many exclamation marks")),
        "some words in CAPITALS" if habits.shouted > 0.012 else "",
        "often no capital at the start" if habits.uncapitalised > 0.25 else "",
        _grade(habits.first_person, (0.025, "hardly a word about yourself"), (0.07, ""), (1, "much about yourself")),
    ]
    told = _listed([trait for trait in traits if trait]) or "plain punctuation"
    verb = _pick(figures, "style", "You write", "Your reviews are", "You put things in")
    return f"{verb} {length} sentences of about {words} word{'s' * (words != 1)}, with {told}."


def dollars(price: float) -> str:
    """A price as one remembers it: coarser the higher it is, since exact figures are nobody's business."""
    step = 1 if price < 20 else 5 if price < 100 else 10 if price < 500 else 50
    return f"${max(1, round(price / step) * step)}"


def _shopping(figures: Figures) -> str:
    goods = _listed([_goods(name) for name in figures.categories[:2]])
    price = _paying(figures)
    return _pick(
        figures,
        "shopping",
        f"You mostly buy {goods}, {price}.",
        f"When you shop it is mostly for {goods}, {price}.",
        f"Most of what you buy is {goods}, {price}.",
        f"Your shopping goes mostly to {goods}, {price}.",
    )


def _paying(figures: Figures) -> str:
    price = dollars(figures.budget)
    if figures.dearness is None:
        return "mostly free of charge" if _free(figures) else f"at the ordinary {price} or so an item"
    shade = _grade(figures.dearness, (0.6, "on the cheap side"), (1.6, ""), (1e9, "on the dear side"))
    said = _pick(figures, "price", f"usually around {price} an item", f"typically at about {price} each")
    return f"{said}, {shade}" if shade else said


def _rating(figures: Figures) -> str:
    counts = Counter(figures.stars)
    number, average = len(figures.stars), mean(figures.stars)
    low = counts[1] + counts[2]
    if counts[5] == number:
        return _pick(
            figures,
            "rating",
            f"You rate generously: all {number} of your ratings were 5 stars.",
            f"You are easily pleased: 5 stars all {number} times so far.",
            f"You are a satisfied customer: {number} ratings, every one 5 stars.",
        )
    if low and counts[5] and low + counts[5] >= 0.8 * number and 0.2 * number <= low:
        return f"You rate in extremes: 5 stars {_of(counts[5], number)}, but 1 or 2 stars {_of(low, number)}."
    top = f"5 stars {_of(counts[5], number)}"
    if average >= 4.5:
        word = _pick(figures, "rating", "You rate generously", "You are easily pleased", "You are a warm critic")
        return f"{word}: {top}, {_worst(figures)}."
    if average >= 3.8:
        word = _pick(figures, "rating", "You rate kindly but with care", "You like most things", "You mean to be fair")
        return f"{word}: {top}, {_worst(figures)}."
    word = (
        _pick(figures, "rating", "You are hard to please", "You rate harshly", "You are often let down")
        if average < 3
        else _pick(figures, "rating", "You use the whole scale", "You are a critical customer", "You are choosy")
    )
    return f"{word}: {top}, 3 or 4 {_of(counts[3] + counts[4], number)}, 1 or 2 {_of(low, number)}."


def _worst(figures: Figures) -> str:
    worst = min(figures.stars)
    verb = _pick(figures, "worst", "at worst", "never below", "at the lowest")
    return f"{verb} {worst}"


def _reviewing(figures: Figures) -> str:
    length = _length(figures.words)
    rate = figures.active_months / figures.span
    often = _grade(
        rate,
        (0.1, "once or twice a year"),
        (0.2, "a few times a year"),
        (0.4, "every few months"),
        (0.7, "most months"),
        (1, "in bursts, month after month"),
    )
    return _pick(
        figures,
        "reviewing",
        f"You review {often}, in {length}.",
        f"You write {length} about what you bought, {often}.",
        f"Your reviews come {often} and are {length}.",
    )


def _history(figures: Figures) -> str:
    first, last = figures.purchases[0].month, figures.purchases[-1].month
    number = len(figures.purchases)
    if first // 12 == last // 12:
        return f"You wrote {number} reviews of things you bought online in {first // 12}."
    return f"Between {_month(first)} and {_month(last)} you wrote {number} reviews of things you bought online."


def _spread(figures: Figures) -> str:
    counts = Counter(purchase.category for purchase in figures.purchases)
    names = figures.categories
    if len(names) == 1:
        return _pick(
            figures,
            "spread",
            f"All of them were about {_goods(names[0])}; of anything else you buy there is no record.",
            f"They were all about {_goods(names[0])}, the one corner of the shop you speak up about.",
        )
    parts = _listed([f"{counts[name]} about {_goods(name)}" for name in names[:5]])
    rest = f", and the rest about {len(names) - 5} other kinds of goods" if len(names) > 5 else ""
    return f"Of these, {parts.replace(' and ' + parts.split(' and ')[-1], ' and ' + parts.split(' and ')[-1])}{rest}."


def _prices(figures: Figures) -> str:
    paid = sorted(purchase.price for purchase in figures.purchases if purchase.price)
    if not paid:
        return "What you paid is not on record, so take it that you pay what most people pay for such things."
    if len(paid) == 1 or dollars(paid[0]) == dollars(paid[-1]):
        return f"As far as is known you pay about {dollars(paid[0])} for such a thing."
    free = " Some things you took because they were free." if _free(figures, 0.2) else ""
    return f"The cheapest thing cost about {dollars(paid[0])} and the dearest about {dollars(paid[-1])}.{free}"


def _counts(figures: Figures) -> str:
    counts = sorted(Counter(figures.stars).items(), reverse=True)
    told = _listed([f"{stars} star{'s' * (stars > 1)} {_times(number)}" for stars, number in counts])
    return f"In all you gave {told}, {mean(figures.stars):.1f} stars on average."


def _extremes(figures: Figures) -> str:
    low = [purchase for purchase in figures.purchases if purchase.stars <= 2]
    if not low:
        return _pick(
            figures,
            "extremes",
            "Nothing has made you angry enough for 1 or 2 stars.",
            "You have not yet given fewer than 3 stars.",
        )
    worst = low[-1]
    cost = f" that cost about {dollars(worst.price)}" if worst.price else ""
    return f"The last thing to disappoint you was one of the {_goods(worst.category)}{cost}: {_stars(worst.stars)}."


def _lengths(figures: Figures) -> str:
    lengths = [purchase.words for purchase in figures.purchases]
    shortest, longest = min(lengths), max(lengths)
    if longest < 2 * shortest + 5:
        return f"A review of yours has about {figures.words} words, hardly ever many more or fewer."
    most = max(figures.purchases, key=lambda purchase: purchase.words)
    return (
        f"A review of yours usually has about {figures.words} words; the shortest had {shortest}, and the longest, "
        f"{longest} words, went to {_goods(most.category)} that you gave {_stars(most.stars)}."
    )


def _leaning(figures: Figures) -> str:
    """What goes with high and low ratings, where there is enough to tell."""
    told = [text for part in (_by_price, _by_time, _by_length) if (text := part(figures.purchases))]
    return " ".join(told)


def _by_price(purchases: Sequence[Purchase]) -> str:
    priced = sorted((purchase.price, purchase.stars) for purchase in purchases if purchase.price)
    gap = _gap([stars for _, stars in priced])
    if abs(gap) < 0.8:
        return ""
    return f"Your {'dearer' if gap < 0 else 'cheaper'} purchases disappointed you more often than the others."


def _by_time(purchases: Sequence[Purchase]) -> str:
    gap = _gap([purchase.stars for purchase in purchases])
    return "" if abs(gap) < 0.8 else f"Over the years you have become {'stricter' if gap < 0 else 'milder'}."


def _by_length(purchases: Sequence[Purchase]) -> str:
    good = [purchase.words for purchase in purchases if purchase.stars == 5]
    bad = [purchase.words for purchase in purchases if purchase.stars <= 3]
    if not good or not bad or max(median(good), median(bad)) < 1.6 * min(median(good), median(bad)):
        return ""
    return f"You have more to say when you are {'pleased' if median(good) > median(bad) else 'disappointed'}."


def _gap(stars: Sequence[int]) -> float:
    """Mean of the last half minus that of the first half; 0 where there are fewer than 4."""
    half = len(stars) // 2
    return mean(stars[-half:]) - mean(stars[:half]) if len(stars) >= 4 else 0.0


def _pace(figures: Figures) -> str:
    if figures.span == 1:
        return "All of it fell into a single month."
    months = [purchase.month for purchase in figures.purchases]
    pause = max(later - earlier for earlier, later in zip(months, months[1:], strict=False))
    told = f"You wrote something in {figures.active_months} of {figures.span} months"
    return f"{told}, and your longest silence lasted {_duration(pause)}." if pause > 1 else f"{told}."


def _voice(figures: Figures) -> str:
    habits = figures.habits
    loud = _grade(
        habits.exclaimed,
        (0.02, "You keep your voice down and hardly ever use an exclamation mark"),
        (0.15, "You allow yourself an exclamation mark from time to time"),
        (1, "Your reviews sound excited, with an exclamation mark in many places"),
    )
    own = _grade(
        habits.first_person,
        (0.025, "you speak about the thing rather than about yourself"),
        (0.07, "you say in passing how it went for you"),
        (1, "you tell what you did with it and how it went for you"),
    )
    return f"{loud}, and {own}."


def _story(figures: Figures, index: int) -> str:
    bought = figures.purchases[index]
    when, stars, slot = _month(bought.month), _stars(bought.stars), f"story {index}"
    thing = f"something in {bought.category}"
    if bought.price is None:
        return _pick(
            figures, slot, f"In {when} you gave {thing} {stars}.", f"In {when} you bought {thing} and gave it {stars}."
        )
    if not bought.price:
        return f"In {when} you got {thing} free of charge and gave it {stars}."
    price = dollars(bought.price)
    return _pick(
        figures,
        slot,
        f"In {when} you paid about {price} for {thing} and gave it {stars}.",
        f"In {when} {thing} cost you about {price}; you gave it {stars}.",
        f"In {when} you bought {thing} for about {price} and rated it {stars}.",
    )


def _length(words: int) -> str:
    return _grade(
        words,
        (5, "a handful of words"),
        (12, "one short sentence"),
        (25, "one or two sentences"),
        (50, "a few sentences"),
        (100, "a full paragraph"),
        (10**9, "several paragraphs"),
    )


def _goods(category: str) -> str:
    kind = GOODS.get(category)
    return f"{category} {kind}" if kind else category


def _free(figures: Figures, share: float = 0.5) -> bool:
    """Whether that share of the known prices are zero."""
    known = [purchase.price for purchase in figures.purchases if purchase.price is not None]
    return bool(known) and known.count(0) >= share * len(known)


def _of(count: int, number: int) -> str:
    return f"{count} times in {number}" if number <= 10 else f"about {round(10 * count / number)} times in 10"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _stars(number: int) -> str:
    return "1 star" if number == 1 else f"{number} stars"


def _month(month: int) -> str:
    return f"{MONTHS[month % 12]} {month // 12}"


def _duration(months: int) -> str:
    return f"{months} months" if months < 24 else f"{round(months / 12)} years"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _grade(value: float, *grades: tuple[float, str]) -> str:
    """The word of the first bound that `value` does not exceed."""
    return next((word for bound, word in grades if value <= bound), grades[-1][1])


def _pick(figures: Figures, slot: str, *variants: str) -> str:
    """One of several ways to say the same thing; which one depends on the person and the place only."""
    digest = blake2b(f"{figures.id}/{slot}".encode(), digest_size=8).digest()
    return variants[int.from_bytes(digest, "big") % len(variants)]
