"""Make the population of Amazon reviewers: `python -m agents.populations.build_amazon_reviewers --reviews FILE`.

Source: Amazon Reviews 2023 (Hou et al. 2024, arXiv:2403.03952). It states no licence, so neither rows nor text are
handed on: a person is facts and figures (`figures.py`) in our own words (`wording.py`). The data card beside the
population is written along with it.
"""

import gzip
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from statistics import fmean, median
from textwrap import dedent

import msgspec

from agents.population import FOLDER, write_population
from agents.populations.figures import (
    ACTIVITY_BOUNDS,
    STRENGTH,
    Marginals,
    Purchase,
    Review,
    activity,
    budget,
    by_category,
    figures_of,
    marginals_of,
    quantiles,
    smoothed_stars,
)
from agents.populations.wording import MAX_STORIES, Person, persona, profile, stories, writing_style
from sandbox.people import Profile

POPULATION = FOLDER / "amazon_reviewers.parquet"
CARD = FOLDER / "amazon_reviewers.card.md"
SOURCE = "amazon_reviews_2023"
MIN_REVIEWS = 3
DIGITS = 4
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MIN_PRICED = 30
"""Prices above 0 from which the quantiles of a category are printed."""


def build(path: Path) -> tuple[list[Profile], str]:
    """The people in the reviews of `path`, and the data card."""
    users = read_users(path)
    reviews = [review for group in users.values() for review in group]
    marginals = marginals_of(reviews, [figures_of(group) for group in users.values()])
    people = [make_person(f"r{place:03}", group, marginals) for place, group in enumerate(users.values(), 1)]
    profiles = [make_profile(person, marginals) for person in people]
    return profiles, card(users, profiles)


def read_users(path: Path) -> Mapping[str, list[Review]]:
    """Reviews of every user with enough of them, oldest first; users in the order of a keyed hash of their names."""
    users: dict[str, list[Review]] = {}
    decoder = msgspec.json.Decoder(Review)
    with gzip.open(path, "rb") as file:
        for review in sorted(map(decoder.decode, file), key=lambda review: review.ts_ms):
            review.category = review.category.replace("_", " ")
            users.setdefault(review.user, []).append(review)
    names = sorted(users, key=lambda name: blake2b(name.encode(), key=SOURCE.encode()).digest())
    return {name: users[name] for name in names if len(users[name]) >= MIN_REVIEWS}


def make_person(name: str, reviews: Sequence[Review], marginals: Marginals) -> Person:
    """What the wording speaks of."""
    figures = figures_of(reviews)
    ratios = [review.price / marginals.prices[review.category] for review in reviews if review.price]
    purchases = [
        Purchase(
            month=review.when.year * 12 + review.when.month - 1,
            category=review.category,
            price=review.price,
            stars=review.stars,
            words=review.num_words,
        )
        for review in reviews
    ]
    dearness = median(ratios) if ratios else None
    return Person(name, figures, tuple(purchases), budget(figures, marginals), dearness)


def make_profile(person: Person, marginals: Marginals) -> Profile:
    """A person as the simulations know them."""
    figures = person.figures
    names, weights = zip(*figures.tastes.items(), strict=True)
    one, two, three, four, five = rounded_shares(smoothed_stars(figures, marginals))
    return Profile(
        id=person.id,
        persona=persona(person),
        profile=profile(person),
        stories=stories(person),
        writing_style=writing_style(person),
        tastes=dict(zip(names, rounded_shares(weights), strict=True)),
        budget=round(person.budget, 2),
        activity=round(activity(figures, marginals), DIGITS),
        star_shares=(one, two, three, four, five),
        words=figures.habits.words,
        source=SOURCE,
    )


def rounded_shares(shares: Sequence[float]) -> list[float]:
    """Shares in few digits; the largest takes up what rounding leaves, so that they sum to 1."""
    short = [round(share, DIGITS) for share in shares]
    largest = short.index(max(short))
    short[largest] = round(short[largest] + 1 - sum(short), DIGITS)
    return short


def card(users: Mapping[str, Sequence[Review]], profiles: Sequence[Profile]) -> str:
    """The data card."""
    splits = Counter(group[0].split for group in users.values())
    dates = sorted(review.when for group in users.values() for review in group)
    reviews = [review for group in users.values() for review in group]
    single = sum(len(one.tastes) == 1 for one in profiles)
    unpriced = sum(not any(review.price for review in group) for group in users.values())
    at_bounds = [sum(one.activity == bound for one in profiles) for bound in ACTIVITY_BOUNDS]
    return dedent(CARD_TEXT).format(
        people=len(profiles),
        reviews=len(reviews),
        categories=len({review.category for review in reviews}),
        minimum=MIN_REVIEWS,
        median_reviews=f"{median(len(group) for group in users.values()):g}",
        most_reviews=max(len(group) for group in users.values()),
        first=f"{dates[0]:%B %Y}",
        last=f"{dates[-1]:%B %Y}",
        train=splits["train"],
        val=splits["val"],
        test=splits["test"],
        single=single,
        priced=sum(review.price is not None for review in reviews),
        free=sum(review.price == 0 for review in reviews),
        unpriced=unpriced,
        budget=f"{median(one.budget for one in profiles):.2f}",
        stars=f"{fmean(review.stars for review in reviews):.2f}",
        fives=f"{fmean(review.stars == 5 for review in reviews):.0%}",
        words=f"{median(one.words for one in profiles):g}",
        activity=f"{fmean(one.activity for one in profiles):.2f}",
        activity_median=f"{median(one.activity for one in profiles):.2f}",
        strength=STRENGTH,
        stories=MAX_STORIES,
        low=ACTIVITY_BOUNDS[0],
        high=ACTIVITY_BOUNDS[1],
        at_low=at_bounds[0],
        at_high=at_bounds[1],
    )


CARD_TEXT = """\
    # Data card: amazon_reviewers.parquet

    {people} people distilled from {reviews} reviews of {categories} Amazon categories, {first} to {last}. Each is a
    real reviewer, reduced to facts and figures.

    **Source.** Hou, Li, He, Yan, Chen and McAuley (2024), *Bridging Language and Items for Retrieval and
    Recommendation*, arXiv:2403.03952 (Amazon Reviews 2023), by way of a sample of 352 users with 3,399 reviews. Kept
    are the {people} users with at least {minimum} reviews (median {median_reviews}, most {most_reviews}).

    **Licence.** The source states none. So nothing of it is redistributed as it stands, and no text at all, only facts
    and figures: shares, medians, counts, seasons and rounded prices. All sentences come from templates of ours
    (`wording.py`); no title, product, brand or phrase of a reviewer is in them, and a test looks for every run of eight
    words of the source.

    **Made with** `python -m agents.populations.build_amazon_reviewers --reviews reviews.jsonl.gz`, which also writes
    this card. It draws no random numbers: the same reviews give the same people.

    | Field | Meaning, and how it was computed |
    |---|---|
    | `id` | `r001`, ...; numbered in the order of a keyed hash of the source's user name, which is not kept |
    | `persona` | what they buy, at what price, how they rate and how often; at most 55 words |
    | `profile` | the same at length with counts, price range, longest silence, and what goes with low ratings |
    | `stories` | up to 8 reviewed purchases: first, last, dearest, worst, best, then evenly; prices rounded |
    | `writing_style` | sentence length, exclamation marks, capitals and first person, put into one sentence |
    | `tastes` | share of each category among their reviews |
    | `budget` | median price above 0, US dollars; where none is known, the medians of their categories by taste |
    | `activity` | share of months with a review, first to last, with {strength:g} pseudo-months; {low} to {high} |
    | `star_shares` | shares of 1 to 5 stars, with {strength:g} pseudo-ratings spread as in the whole sample |
    | `words` | median length of a review, in words |
    | `demographics` | empty: nothing is known |
    | `source` | `amazon_reviews_2023` |

    Over people, the median `budget` is ${budget} ({unpriced} have no price above 0), the median of `words` is {words},
    and `activity` has mean {activity} and median {activity_median}, with {at_low} people at its lower bound and
    {at_high} at its upper. Over reviews, the mean is {stars} stars, and {fives} have 5 stars.

    **Limits.**
    - Reviewers choose themselves, write English, and write mostly when they are delighted or angry.
    - Only purchases that were reviewed are known. How many were not is unknown, so `activity` is a rate of reviewing,
      and says nothing about how often somebody buys or how likely a purchase is to be reviewed.
    - The sample was drawn by category, five reviews or so a person and category: {single} people have a single
      category. That says how they were sampled; real people buy more widely. `activity` and the trends in `profile`
      often rest on five reviews.
    - Prices are those listed when the source was collected, known for {priced} of {reviews} reviews (0 for {free},
      mostly software and e-books). "Paid" in a story means listed; its season is that of the review.
    - For people with at most {stories} reviews the stories tell of every review its season, its
      category, its stars and about what the thing cost. Whoever holds the source can find a person again by these. Do
      not try to.
    - Who is in it, by split of the sample: {train} training, {val} validation and {test} test users. The split of a
      person is not in the file, so do not judge a model that was tuned on the training users by these people: it has
      seen most of them. For a test on people held out, build a population from the test users of the sample.
"""


def world_figures(reviews: Sequence[Review]) -> str:
    """What a world may want to know of the reviews as a whole, as YAML."""
    lines = [f"star_shares: {[round(fmean(one.stars == star for one in reviews), DIGITS) for star in range(1, 6)]}"]
    lines += [f"word_quantiles: {quantiles([review.num_words for review in reviews], QUANTILES)}", "prices:"]
    for category, group in by_category(reviews).items():
        paid = [review.price for review in group if review.price]
        if len(paid) >= MIN_PRICED:
            lines.append(f"  {category}: {quantiles(paid, QUANTILES)}  # {len(paid)} priced reviews")
    return "\n".join(lines)


def main() -> None:
    """Write the population and its card; print figures of the reviews as a whole."""
    parser = ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--reviews", type=Path, required=True, help="reviews.jsonl.gz of the sample")
    reviews = parser.parse_args().reviews
    profiles, text = build(reviews)
    write_population(POPULATION, profiles)
    CARD.write_text(text, encoding="utf-8")
    print(f"# {POPULATION}: {len(profiles)} people")
    print(world_figures([review for group in read_users(reviews).values() for review in group]))


if __name__ == "__main__":
    main()
