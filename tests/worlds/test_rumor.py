"""The rumour: its rules are the model of Maki and Thompson, and what the world reports agrees with itself."""

import math
from collections import Counter
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import chisquare

from sandbox.core.mind import RandomMind, RuleMind
from sandbox.prompting.render import render
from sandbox.runtime.reaction_tables import slope_table
from sandbox.runtime.reactions import QuestionSample, measure_reactions
from tests.conftest import make_rumor, profiles
from worlds.rumor import Rumor, RumorParams

_ROOT: Any = brentq(lambda x: x - math.exp(-2 * (1 - x)), 0.01, 0.9)
NEVER_HEAR = float(_ROOT)
"""Share who never hear the rumour in a large, fully mixed population: the root of x = exp(-2(1 - x)) below 1, 0.203
(Sudbury 1985, "The proportion of the population never hearing a rumour", J. Applied Probability 22, 443-446)."""


def spread_to_the_end(graph: "nx.Graph[int]", rng: int) -> Rumor:
    """Return a world of rule-following villagers after its last spreader has stopped."""
    params = RumorParams(text="it rains", first=1)
    world = Rumor(params, profiles=profiles(len(graph)), graph=graph, rng=rng)
    while any(villager.state == "spreader" for villager in world.villagers):
        world.step()
    return world


def test_one_in_five_never_hears_the_rumour_where_everybody_knows_everybody() -> None:
    worlds = [spread_to_the_end(nx.complete_graph(300), seed) for seed in range(12)]
    shares = np.array([world.latest_metrics["ignorant_share"] for world in worlds], float)
    standard_error = shares.std(ddof=1) / math.sqrt(len(shares))
    assert pytest.approx(0.2032, abs=1e-4) == NEVER_HEAR
    assert standard_error < 0.015
    assert abs(shares.mean() - NEVER_HEAR) < 2.5 * standard_error


def test_every_tip_either_is_news_or_stops_its_teller() -> None:
    world = spread_to_the_end(nx.barabasi_albert_graph(60, 3, seed=1), 4)
    num_heard = sum(villager.state == "stifler" for villager in world.villagers)
    assert Counter(tip["was_new"] for tip in world.tips) == {True: num_heard - 1, False: num_heard}
    hearers = [tip["hearer"] for tip in world.tips if tip["was_new"]]
    assert len(set(hearers)) == len(hearers)


def test_everybody_tells_friends_only() -> None:
    graph = nx.barabasi_albert_graph(60, 3, seed=1)
    world = spread_to_the_end(graph, 4)
    node_of: dict[Any, int] = {villager.unique_id: node for node, villager in enumerate(world.villagers)}
    assert world.tips
    assert all(graph.has_edge(node_of[tip["teller"]], node_of[tip["hearer"]]) for tip in world.tips)


def test_a_hub_may_tell_any_friend_and_each_with_the_same_probability() -> None:
    counts: Counter[Any] = Counter()
    for seed in range(300):
        params = RumorParams(text="it rains", first=13)
        world = Rumor(params, profiles=profiles(13), graph=nx.star_graph(12), rng=seed)
        world.step()
        counts.update(tip["hearer"] for tip in world.tips if tip["teller"] == 1)
    assert len(counts) == 12
    assert chisquare(list(counts.values())).pvalue > 0.01


def test_states_sum_to_everybody_and_only_the_ignorant_have_not_heard() -> None:
    world = make_rumor(3)
    world.mind = RandomMind()
    for _ in range(6):
        world.step()
    assert sum(float(share or 0) for share in world.latest_metrics.values()) == pytest.approx(1)
    states = Counter(row["state"] for row in world.tables()["agents"])
    assert states["ignorant"] == 12 - 2 - sum(bool(tip["was_new"]) for tip in world.tips)


def test_random_people_may_go_on_or_keep_it_to_themselves() -> None:
    world = make_rumor(3)
    world.mind = RandomMind()
    for _ in range(6):
        world.step()
    repeats = Counter(tip["teller"] for tip in world.tips if not tip["was_new"])
    assert max(repeats.values()) > 1
    assert any(villager.state == "spreader" for villager in world.villagers)


def test_a_spreader_is_asked_again_as_before_and_differently_if_it_was_news() -> None:
    teller, hearer = make_rumor().villagers[:2]
    question = teller.ask_again(hearer)
    [reaction] = Rumor.reactions
    if_news, if_known = (render(version).user for version in reaction.vary(question))
    told = f'You told friend {hearer.key()}: "it rains"'
    assert f"{told} Your friend already knew it. Do you keep telling people?" in if_known
    assert f"{told} It was news to your friend. Do you keep telling people?" in if_news
    assert if_known == render(question).user
    assert Rumor.rules["again"](question) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("mind", "verdict", "slope"), [(RuleMind(Rumor.rules), "reacts", -1), (RandomMind(), "flat", 0)]
)
def test_people_of_the_rule_stop_because_their_friend_knew_it(mind: Any, verdict: str, slope: float) -> None:
    villagers = make_rumor().villagers
    sample = QuestionSample(Rumor.reactions, num_people=8)
    sample.add([teller.ask_again(hearer) for teller, hearer in pairwise(villagers)])
    answers = measure_reactions(list(sample.vary()), mind.answer, RuleMind(Rumor.rules).answer)
    row = slope_table(answers, Rumor.reactions).iloc[0]
    assert (row["verdict"], row["slope"], row["rule"]) == (verdict, slope, -1)
    assert row["num_people"] == 8
