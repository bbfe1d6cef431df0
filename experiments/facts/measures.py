"""Statistics of samples of people; the same code measures real and simulated people."""

import re
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd

from experiments.frames import Array, column, columns, entries_where, rows_where

Values: TypeAlias = Sequence[Any] | Array | pd.Series
"""Anything with one value per row."""

MAX_WORDS = 30
"""Number of words of a review that count, since a simulated review may have no more."""


def star_shares(stars: Values) -> Array:
    """Return the share of each rating, 1 to 5 stars."""
    counts = np.bincount(np.asarray(stars, int), minlength=6)[1:6]
    return counts / counts.sum()


def hook(shares: Sequence[float] | Array) -> float:
    """Return the smallest of the drops from 5 to 4, from 1 to 2, and from 5 to 1 stars; only a J has a positive one."""
    return float(min(shares[4] - shares[3], shares[0] - shares[1], shares[4] - shares[0]))


def valley(shares: Sequence[float] | Array) -> float:
    """Return the depth of the deepest valley between two peaks; negative if there is only one peak."""
    interior = range(1, len(shares) - 1)
    return float(max(min(max(shares[:index]), max(shares[index + 1 :])) - shares[index] for index in interior))


def capped_words(texts: Values) -> float:
    """Return the mean number of words, counting at most `MAX_WORDS` of each text."""
    return float(np.mean([min(len(str(text).split()), MAX_WORDS) for text in texts]))


def between_share(values: Values, people: Values) -> float:
    """Return the share of a variance that lies between people: the intraclass correlation ICC(1) of unequal groups.

    People with a single value are left out; the result is NaN with fewer than two people. Donner (1986), International
    Statistical Review 54:67.
    """
    table = pd.DataFrame({"value": np.asarray(values, float), "person": np.asarray(people)})
    groups = cast("pd.DataFrame", table.groupby("person")["value"].agg(["count", "mean", "var"]))
    groups = rows_where(groups, column(groups, "count") > 1)
    count, mean = groups["count"].to_numpy(float), groups["mean"].to_numpy(float)
    if len(groups) < 2:
        return float("nan")
    total = count.sum()
    size = (total - (count**2).sum() / total) / (len(groups) - 1)
    between = (count * (mean - (count * mean).sum() / total) ** 2).sum() / (len(groups) - 1)
    within = ((count - 1) * groups["var"].to_numpy(float)).sum() / (total - len(groups))
    spread = between + (size - 1) * within
    return float((between - within) / spread) if spread > 0 else float("nan")


def unevenness(purchases: pd.DataFrame, num_offered: pd.Series) -> pd.Series:
    """Return how much likelier two people's purchases in a category are of one product than if all sold equally.

    It is 1 if all products sell equally, and the number of products if only one sells. The index is Simpson's (1949,
    Nature 163:688, doi:10.1038/163688a0), which does not depend on the number of purchases. Only pairs of different
    people count, so that nobody's habits do.

    Args:
        purchases: One row per purchase: person, category, item.
        num_offered: Number of products on offer, sold or not, by category.

    Returns:
        The ratio by category, without the categories in which fewer than two people bought.
    """
    same_item = _count_pairs(purchases, "item") - _count_pairs(purchases, "item", "person")
    all_pairs = _count_pairs(purchases) - _count_pairs(purchases, "person")
    return entries_where(same_item * num_offered.reindex(same_item.index) / all_pairs, all_pairs > 0)


def _count_pairs(purchases: pd.DataFrame, *equal: str) -> pd.Series:
    """Count by category the ordered pairs of purchases that are equal in these columns, pairs with itself included."""
    sizes = cast("pd.Series", purchases.groupby(["category", *equal]).size())
    return cast("pd.Series", (sizes**2).groupby("category").sum())


def log_variance(amounts: Values) -> float:
    """Return the variance of the logarithm of positive amounts: a spread that does not depend on the currency."""
    return float(np.var(np.log(np.asarray(amounts, float)), ddof=1))


def count_repeats(purchases: pd.DataFrame) -> pd.DataFrame:
    """Compare what people buy in a category with what they bought there on their previous trip.

    Args:
        purchases: One row per purchase: person, time, category, item.

    Returns:
        One row per person: `num` purchases on later trips, how many (`same`) were also bought on the trip before, and
        how many would be (`chance`) if people bought each item by its share of the category.
    """
    bought = columns(purchases, ["person", "category", "time", "item"]).drop_duplicates()
    bought = bought.assign(share=_item_shares(bought))
    keys = ["person", "category", "time"]
    trips = cast("pd.Series", bought.groupby(keys)["share"].sum()).rename("chance").reset_index()
    trips["next_time"] = trips.groupby(["person", "category"])["time"].shift(-1)
    trips = trips.dropna(subset=["next_time"])
    later = trips.merge(bought, left_on=["person", "category", "next_time"], right_on=keys, suffixes=("", "_next"))
    earlier_items = pd.MultiIndex.from_frame(columns(bought, [*keys, "item"]))
    later["same"] = pd.MultiIndex.from_frame(columns(later, [*keys, "item"])).isin(earlier_items)
    by_person = later.groupby("person").agg(num=("same", "size"), same=("same", "sum"), chance=("chance", "sum"))
    return by_person.astype(float)


def beyond_chance(repeats: pd.DataFrame) -> float:
    """Return repeat purchase beyond chance: 0 if people buy by the items' shares, 1 if always the same item."""
    num, same, chance = repeats[["num", "same", "chance"]].sum()
    return float((same - chance) / (num - chance)) if num > chance else float("nan")


def _item_shares(bought: pd.DataFrame) -> pd.Series:
    """Return, for each row, the share of its category that its item has."""
    of_item = cast("pd.Series", bought.groupby(["category", "item"])["item"].transform("size"))
    return of_item / cast("pd.Series", bought.groupby("category")["item"].transform("size"))


def word_shares(texts: Values) -> Array:
    """Return the share of texts with 1, 2, ..., `MAX_WORDS` or more words."""
    lengths = [min(max(len(str(text).split()), 1), MAX_WORDS) for text in texts]
    counts = np.bincount(lengths, minlength=MAX_WORDS + 1)[1:]
    return counts / counts.sum()


def duplicate_share(texts: Values) -> float:
    """Return the share of texts that occur more than once, ignoring case and white space."""
    normalized = pd.Series([" ".join(str(text).lower().split()) for text in texts])
    return float(normalized.duplicated(keep=False).mean())


def word_overlap(texts: Values, pairs: int = 2000, seed: int = 0) -> float:
    """Return the mean Jaccard similarity of the words of two texts: how similarly people write.

    Args:
        texts: At least two, of which the first `MAX_WORDS` words count.
        pairs: Number of random pairs; the default is enough for two decimals.
        seed: Seed of the draw.
    """
    words = [frozenset(_WORD.findall(" ".join(str(text).lower().split()[:MAX_WORDS]))) for text in texts]
    rng = np.random.default_rng(seed)
    first = rng.integers(len(words), size=pairs)
    second = (first + rng.integers(1, len(words), size=pairs)) % len(words)
    similarities = [_jaccard(words[i], words[j]) for i, j in zip(first, second, strict=True)]
    return float(np.mean(similarities))


def _jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    return len(first & second) / max(1, len(first | second))


def divergence(first: Sequence[float] | Array, second: Sequence[float] | Array) -> float:
    """Return the Jensen-Shannon divergence of two distributions in bits: 0 if equal, 1 if disjoint (Lin 1991)."""
    from scipy.spatial.distance import jensenshannon

    return float(jensenshannon(first, second, base=2) ** 2)


def earth_mover(first: Sequence[float] | Array, second: Sequence[float] | Array) -> float:
    """Return the Wasserstein distance of two distributions over 1, 2, ..., in units of that scale."""
    from scipy.stats import wasserstein_distance

    scale = np.arange(len(first))
    return float(wasserstein_distance(scale, scale, first, second))


def absolute_difference(first: float, second: float) -> float:
    """Return the distance of two values."""
    return abs(first - second)


def log_ratio(first: float, second: float) -> float:
    """Return the distance of two spreads: half is as far away as double."""
    return abs(float(np.log(max(first, 1e-6) / second)))


_WORD = re.compile(r"\w+")
