"""Bars are shares of what was counted."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from sandbox.figures import Bars
from tests.sandbox.figures.conftest import bar_heights, legend_texts, make_axes, make_data

STARS = Bars("stars", "Stars", "stars", "stars", "count", "stars", {"1": 0.4, "3": 0.6}, "real people")


@pytest.mark.parametrize("as_number", [False, True])
def test_bars_are_shares_beside_those_of_real_people(as_number: bool) -> None:
    stars: list[int] | list[str] = [1, 2] if as_number else ["1", "2"]
    ax = make_axes()
    table = pd.DataFrame({"arm": "main", "seed": 0, "stars": stars, "count": [3, 1]})
    STARS.draw(ax, make_data(tables={"stars": table}))
    assert bar_heights(ax) == pytest.approx([75, 25, 0, 40, 0, 60])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "3"]
    assert legend_texts(ax) == ["agents (n = 4)", "real people"]


def test_bars_of_several_seeds_are_the_mean_of_their_shares() -> None:
    table = pd.DataFrame({"arm": "main", "seed": [0, 0, 1, 1], "stars": ["1", "2"] * 2, "count": [1, 3, 3, 1]})
    ax = make_axes()
    STARS.draw(ax, make_data(tables={"stars": table}))
    assert bar_heights(ax)[:2] == pytest.approx([50, 50])


def test_zero_counts_are_nothing_to_draw() -> None:
    table = pd.DataFrame({"arm": "main", "seed": 0, "stars": ["1", "2"], "count": [0, 0]})
    assert STARS.is_empty(make_data(tables={"stars": table}))
    assert STARS.is_empty(make_data())
    assert not STARS.is_empty(make_data(tables={"stars": table.assign(count=[0, 1])}))


def test_a_share_of_real_people_that_is_unknown_has_no_bar() -> None:
    table = pd.DataFrame({"arm": "main", "seed": 0, "stars": ["1", "2"], "count": [3, 1]})
    ax = make_axes()
    replace(STARS, human={"1": 0.4}).draw(ax, make_data(tables={"stars": table}))
    assert bar_heights(ax) == pytest.approx([75, 25, 40, math.nan], nan_ok=True)


def test_a_category_called_na_is_no_missing_category() -> None:
    table = pd.DataFrame({"arm": "main", "seed": 0, "stars": ["NA", None], "count": [3, 1]})
    ax = make_axes()
    replace(STARS, human={}).draw(ax, make_data(tables={"stars": table}))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["NA", "no value"]
    assert bar_heights(ax) == pytest.approx([75, 25])


@pytest.mark.parametrize(
    ("names", "num_labels"), [(range(21), 11), (range(11), 11), ([f"w{n}" for n in range(21)], 21)]
)
def test_a_long_scale_of_numbers_has_fewer_labels(names: "range | list[str]", num_labels: int) -> None:
    table = pd.DataFrame({"arm": "main", "seed": 0, "stars": list(names), "count": 1})
    ax = make_axes()
    replace(STARS, human={}).draw(ax, make_data(tables={"stars": table}))
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert (labels[0], labels[-1], len(labels)) == (str(names[0]), str(names[-1]), num_labels)
