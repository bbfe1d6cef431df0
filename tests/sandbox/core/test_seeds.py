"""The tree of random numbers."""

from itertools import islice
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sandbox.core.seeds import STREAMS, SeedTree, draw, permutation, reseed, uniforms


def test_one_seed_gives_one_tree_and_streams_differ() -> None:
    first, second = SeedTree(5), SeedTree(5)
    draws = {stream: first.rng(stream).random() for stream in STREAMS}
    assert draws == {stream: second.rng(stream).random() for stream in STREAMS}
    assert len({*draws.values(), *(SeedTree(6).rng(stream).random() for stream in STREAMS)}) == 2 * len(STREAMS)


def test_decisions_of_different_agents_steps_and_rounds_differ() -> None:
    tree = SeedTree(0)
    seeds = {tree.decision(agent, step, round_) for agent in range(20) for step in range(20) for round_ in range(5)}
    assert len(seeds) == 2000
    assert tree.decision(1, 2, 3) == SeedTree(0).decision(1, 2, 3) != SeedTree(1).decision(1, 2, 3)


@given(st.integers(0, 2**64 - 1), st.randoms())
def test_order_does_not_depend_on_how_items_are_stored(seed: int, shuffler: Random) -> None:
    tree, items = SeedTree(seed % 1000), list(range(30))
    stored = items.copy()
    shuffler.shuffle(stored)
    assert tree.order(3, "x", items, items) == tree.order(3, "x", stored, stored)


def test_orders_differ_by_step_and_purpose() -> None:
    tree, items = SeedTree(0), list(range(30))
    assert len({tuple(tree.order(*purpose, items, items)) for purpose in ((0, "x"), (1, "x"), (0, "y"))}) == 3


def test_uniforms_are_uniform() -> None:
    pooled = [value for seed in range(500) for value in islice(uniforms(seed), 20)]
    assert stats.kstest(pooled, "uniform").pvalue > 1e-3
    firsts = [next(uniforms(seed)) for seed in range(5000)]
    assert stats.kstest(firsts, "uniform").pvalue > 1e-3


def test_draws_follow_the_probabilities() -> None:
    counts = np.bincount([draw((0.1, 0.0, 0.6, 0.3), seed) for seed in range(20000)], minlength=4)
    assert counts[1] == 0
    assert stats.chisquare(counts[[0, 2, 3]], np.array([0.1, 0.6, 0.3]) * 20000).pvalue > 1e-3


def test_common_seeds_couple_draws() -> None:
    changed_draws = sum(draw((0.5, 0.5), seed) != draw((0.55, 0.45), seed) for seed in range(4000))
    assert changed_draws / 4000 == pytest.approx(0.05, abs=0.02)


def test_permutations_are_uniform() -> None:
    counts: dict[tuple[int, ...], int] = {}
    for seed in range(6000):
        order = tuple(permutation(3, seed))
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    assert stats.chisquare(list(counts.values())).pvalue > 1e-3


def test_drawing_and_shuffling_are_independent() -> None:
    table = np.zeros((3, 3))
    for seed in range(6000):
        table[draw((1, 1, 1), seed), permutation(3, seed)[0]] += 1
    result: Any = stats.chi2_contingency(table)
    assert result.pvalue > 1e-3


def test_a_salt_gives_other_bits_and_none_leaves_them() -> None:
    assert [reseed(seed, 0) for seed in (0, 5, 2**64 - 1)] == [0, 5, 2**64 - 1]
    assert len({reseed(seed, salt) for seed in range(50) for salt in range(50)}) == 2500
