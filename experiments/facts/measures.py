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
    """Return the share of a variance between people: an intraclass correlation in which everybody counts once.

    The variance between people is that of their means without what their own variance adds to it (analysis of variance
    of unweighted means; Burdick and Graybill 1992, Confidence Intervals on Variance Components). The usual estimate
    weights people by their number of values, so that the few who write most would decide, and a world in which nobody
    writes as much would differ from people for that reason alone. People with a single value are left out; the result
    is NaN with fewer than two people.
    """
    table = pd.DataFrame({"value": np.asarray(values, float), "person": np.asarray(people)})
    groups = cast("pd.DataFrame", table.groupby("person")["value"].agg(["count", "mean", "var"]))
    groups = rows_where(groups, column(groups, "count") > 1)
    if len(groups) < 2:
        return float("nan")
    count, mean, variance = (groups[name].to_numpy(float) for name in ("count", "mean", "var"))
    between, within = float(mean.var(ddof=1) - (variance / count).mean()), float(variance.mean())
    return between / (between + within) if between + within > 0 else float("nan")


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

    An item's share of its category is that among *other* people's purchases, as in `unevenness`: a person's own
    purchases would make repeats look like chance, the more so the fewer people there are. Purchases in a category where
    nobody else buys are left out, since they have no such share.

    Args:
        purchases: One row per purchase: person, time, category, item.

    Returns:
        One row per person: `num` purchases on later trips, how many (`same`) were also bought on the trip before, and
        how many would be (`chance`) if people bought each item by its share of the category.
    """
    bought = columns(purchases, ["person", "category", "time", "item"]).drop_duplicates()
    bought = bought.assign(share=_shares_among_others(bought)).dropna(subset=["share"])
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


def _shares_among_others(bought: pd.DataFrame) -> pd.Series:
    """Return, for each row, the share of its category that its item has among other people's; NaN if they buy none."""
    of_item, of_category = (_count_others(bought, keys) for keys in (["category", "item"], ["category"]))
    return of_item / of_category.where(of_category > 0)


def _count_others(bought: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Return, for each row, the number of rows of other people that are equal in these columns."""
    everybody = cast("pd.Series", bought.groupby(keys)["item"].transform("size"))
    return everybody - cast("pd.Series", bought.groupby([*keys, "person"])["item"].transform("size"))


def mean_of_people(values: Array, people: Values) -> Array:
    """Return the mean over people of each person's mean: everybody counts once, however much they wrote.

    Args:
        values: One row per review, (n, d).
        people: Whose row it is, (n,).

    Returns:
        Shape (d,).
    """
    weights, _ = _membership(people)
    return np.asarray(weights @ values.astype(float)).mean(axis=0)


def variance_within(values: Values, people: Values) -> float:
    """Return the variance of one person's values, mean over people with two or more; NaN if there are none."""
    table = pd.DataFrame({"value": np.asarray(values, float), "person": np.asarray(people)})
    variances = cast("pd.Series", table.groupby("person")["value"].var())
    return float(variances.mean())


def word_similarities(texts: Values) -> Array:
    """Return the Jaccard similarity of the words of any two texts, (n, n), by their first `MAX_WORDS` words."""
    from scipy.sparse import csr_array

    words = [set(_WORD.findall(" ".join(str(text).lower().split()[:MAX_WORDS]))) for text in texts]
    numbers = {word: number for number, word in enumerate(sorted(set().union(*words)))}
    pairs = [(row, numbers[word]) for row, text in enumerate(words) for word in text]
    rows, entries = np.array(pairs, int).reshape(-1, 2).T
    incidence = csr_array((np.ones(len(pairs)), (rows, entries)), shape=(len(words), max(len(numbers), 1)))
    shared = (incidence @ incidence.T).toarray()
    sizes = np.diag(shared)
    return shared / np.maximum(sizes[:, None] + sizes[None, :] - shared, 1)


def equalities(texts: Values) -> Array:
    """Return whether any two texts are equal, ignoring case and white space, (n, n)."""
    codes, _ = pd.factorize(pd.Series([" ".join(str(text).lower().split()) for text in texts]))
    return codes[:, None] == codes[None, :]


def similarity_between(similarities: Array, people: Values) -> float:
    """Return the similarity of rows of two different people, mean over pairs of people; NaN if there is one person.

    Args:
        similarities: Similarity of any two rows, (n, n), symmetric.
        people: Whose row it is, (n,).
    """
    weights, _ = _membership(people)
    of_pairs = weights @ similarities @ weights.T
    number = len(of_pairs)
    return float((of_pairs.sum() - np.trace(of_pairs)) / (number * (number - 1))) if number > 1 else float("nan")


def similarity_within(similarities: Array, people: Values) -> float:
    """Return the similarity of two rows of one person, mean over people with two or more; NaN if there are none.

    Arguments are those of `similarity_between`.
    """
    weights, counts = _membership(people)
    totals = np.diag(weights @ similarities @ weights.T) * counts**2 - (weights @ np.diag(similarities)) * counts
    repeated = counts > 1
    pairs = counts * (counts - 1)
    return float((totals[repeated] / pairs[repeated]).mean()) if repeated.any() else float("nan")


def _membership(people: Values) -> tuple[Any, Array]:
    """Return the sparse matrix that averages rows by person, (people, n), and the number of rows of each person."""
    from scipy.sparse import csr_array

    codes, _ = pd.factorize(np.asarray(people))
    counts = np.bincount(codes)
    return csr_array((1 / counts[codes], (codes, np.arange(len(codes))))), counts


_WORD = re.compile(r"\w+")
