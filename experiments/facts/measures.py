"""Statistics that are the same for simulated and for real people, so that both are measured by one piece of code."""

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

Frame: TypeAlias = Any
"""A pandas data frame or a column of one: pandas' annotations cannot say which of the two an index yields."""

MAX_WORDS = 30
"""Words of a review that count, since the market's people may not write more."""


def star_shares(stars: Sequence[int] | Frame) -> np.ndarray[Any, Any]:
    """Share of each star, 1 to 5."""
    counts = np.bincount(np.asarray(stars, int), minlength=6)[1:6]
    return counts / counts.sum()


def hook(shares: Sequence[float] | np.ndarray[Any, Any]) -> float:
    """How far both ends stand above their neighbours, and the upper one above the lower; positive for a J only."""
    return float(min(shares[4] - shares[3], shares[0] - shares[1], shares[4] - shares[0]))


def valley(shares: Sequence[float] | np.ndarray[Any, Any]) -> float:
    """How deep the deepest valley between two peaks is; negative where there is but one peak."""
    inner = range(1, len(shares) - 1)
    return float(max(min(max(shares[:place]), max(shares[place + 1 :])) - shares[place] for place in inner))


def capped_words(texts: Sequence[str] | Frame) -> float:
    """Mean number of words, of which no more than `MAX_WORDS` count."""
    return float(np.mean([min(len(str(text).split()), MAX_WORDS) for text in texts]))


def between_share(values: Sequence[float] | Frame, people: Sequence[Any] | Frame) -> float:
    """Share of a variance that lies between people: the intraclass correlation ICC(1) of unequal groups.

    People with one value are left out; NaN with fewer than two people. Donner (1986), International Statistical
    Review 54:67.
    """
    groups = pd.DataFrame({"value": np.asarray(values, float), "person": np.asarray(people)}).groupby("person")["value"]
    known: Frame = groups.agg(["count", "mean", "var"])
    known = known[known["count"] > 1]
    count, mean = known["count"].to_numpy(float), known["mean"].to_numpy(float)
    if len(known) < 2:
        return float("nan")
    total = count.sum()
    size = (total - (count**2).sum() / total) / (len(known) - 1)
    between = (count * (mean - (count * mean).sum() / total) ** 2).sum() / (len(known) - 1)
    within = ((count - 1) * known["var"].to_numpy(float)).sum() / (total - len(known))
    spread = between + (size - 1) * within
    return float((between - within) / spread) if spread > 0 else float("nan")


def unevenness(purchases: Frame, offered: Frame) -> Frame:
    """How much likelier two people's purchases in a category are of one product than if all offered there sold alike.

    1 where all sell alike, the number of products where one alone sells. Simpson's index (1949, Nature 163:688,
    doi:10.1038/163688a0), in which the number of purchases makes no difference, of pairs of different people, so that
    nobody's habit counts.

    Args:
        purchases: One row per purchase: person, category, item.
        offered: Number of products, sold or not, by category.

    Returns:
        The ratio by category, without those in which no two people bought.
    """
    same = _pairs(purchases, "item") - _pairs(purchases, "item", "person")
    every = _pairs(purchases) - _pairs(purchases, "person")
    return (same * offered.reindex(same.index) / every)[every > 0]


def _pairs(purchases: Frame, *alike: str) -> Frame:
    """Ordered pairs of purchases in each category, of itself too, that agree in these columns."""
    return (purchases.groupby(["category", *alike]).size() ** 2).groupby("category").sum()


def log_variance(amounts: Sequence[float] | Frame) -> float:
    """Variance of the logarithm of positive amounts: a spread without a currency."""
    return float(np.var(np.log(np.asarray(amounts, float)), ddof=1))


def repeats(purchases: Frame) -> Frame:
    """What people buy who buy again in a category, against what they bought there the last time.

    Args:
        purchases: One row per purchase: person, time, category, item.

    Returns:
        A row per person: `num` purchases on a later trip, how many `same` items as on the trip before, and how many
        were to be expected (`chance`) of people who buy each item by its share of the category.
    """
    bought = purchases[["person", "category", "time", "item"]].drop_duplicates()
    bought = bought.assign(share=_shares(bought))
    keys = ["person", "category", "time"]
    trips = bought.groupby(keys)["share"].sum().rename("chance").reset_index()
    trips["later"] = trips.groupby(["person", "category"])["time"].shift(-1)
    trips = trips.dropna(subset=["later"])
    again = trips.merge(bought, left_on=["person", "category", "later"], right_on=keys, suffixes=("", "_new"))
    old = pd.MultiIndex.from_frame(bought[[*keys, "item"]])
    again["same"] = pd.MultiIndex.from_frame(again[[*keys, "item"]]).isin(old)
    known = again.groupby("person").agg(num=("same", "size"), same=("same", "sum"), chance=("chance", "sum"))
    return known.astype(float)


def beyond_chance(known: Frame) -> float:
    """Repeat purchase beyond chance: 0 where people buy by the items' shares, 1 where always the same."""
    num, same, chance = known[["num", "same", "chance"]].sum()
    return float((same - chance) / (num - chance)) if num > chance else float("nan")


def _shares(bought: Frame) -> Frame:
    """Each row's item's share of its category."""
    of_item = bought.groupby(["category", "item"])["item"].transform("size")
    return of_item / bought.groupby("category")["item"].transform("size")


def word_shares(texts: Sequence[str] | Frame) -> np.ndarray[Any, Any]:
    """Share of texts with 1, 2, ... `MAX_WORDS` or more words."""
    lengths = [min(max(len(str(text).split()), 1), MAX_WORDS) for text in texts]
    counts = np.bincount(lengths, minlength=MAX_WORDS + 1)[1:]
    return counts / counts.sum()


def duplicate_share(texts: Sequence[str] | Frame) -> float:
    """Share of texts that equal another one of them, case and space apart."""
    folded = pd.Series([" ".join(str(text).lower().split()) for text in texts])
    return float(folded.duplicated(keep=False).mean())


def word_overlap(texts: Sequence[str] | Frame, pairs: int = 2000, seed: int = 0) -> float:
    """Mean Jaccard similarity of the words of two texts, of which `MAX_WORDS` each count: how alike people write.

    Args:
        texts: At least two.
        pairs: Drawn at random, which is enough for two decimals.
        seed: Of the draw.
    """
    words = [frozenset(_WORD.findall(" ".join(str(text).lower().split()[:MAX_WORDS]))) for text in texts]
    rng = np.random.default_rng(seed)
    first = rng.integers(len(words), size=pairs)
    second = (first + rng.integers(1, len(words), size=pairs)) % len(words)
    both = [(words[one], words[other]) for one, other in zip(first, second, strict=True)]
    return float(np.mean([len(one & other) / max(1, len(one | other)) for one, other in both]))


def divergence(shares: Sequence[float] | np.ndarray[Any, Any], other: Sequence[float] | np.ndarray[Any, Any]) -> float:
    """Jensen-Shannon divergence of two distributions, in bits: 0 where equal, 1 where disjoint (Lin 1991)."""
    from scipy.spatial.distance import jensenshannon

    return float(jensenshannon(shares, other, base=2) ** 2)


def earth_mover(shares: Sequence[float] | np.ndarray[Any, Any], other: Sequence[float] | np.ndarray[Any, Any]) -> float:
    """Wasserstein distance of two distributions over the places 1, 2, ..., in places."""
    from scipy.stats import wasserstein_distance

    places = np.arange(len(shares))
    return float(wasserstein_distance(places, places, shares, other))


_WORD = re.compile(r"\w+")
