"""The commons: coins add up, people see what they should, rule agents do what the people they were fitted to do."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core import Question
from sandbox.core.mind import Mind, Reply, Rule, RuleMind
from sandbox.core.templates import template_from
from sandbox.errors import ConfigError
from sandbox.prompting.render import render
from tests.conftest import profiles
from worlds.commons import Commons
from worlds.commons.funds import pay_out, split_into_groups
from worlds.commons.history import History, RoundOutcome, intraclass_correlation
from worlds.commons.interventions import Allow, Multiply
from worlds.commons.member import NOBODY, Member, option_keys
from worlds.commons.rules import RULES
from worlds.commons.settings import CommonsParams

DEFAULTS: dict[str, Any] = {
    "partners": "group", "group_size": 5, "endowment": 20, "all_or_nothing": False, "opt_out": False, "multiplier": 2.0,
    "rounds": None, "punishment": False, "rewards": False, "price": 1, "impact": 3, "talk": False,
    "show_earnings": False, "leaving": False,
}  # fmt: skip


def build_commons(size: int = 20, rng: int = 0, rules: Mapping[str, Rule] | None = None, **settings: Any) -> Commons:
    """Return a commons on a ring lattice whose people follow the world's rules, or some others."""
    mind: Mind = RuleMind({**RULES, **(rules or {})})
    graph = nx.watts_strogatz_graph(size, min(4, size - 1), 0.1, seed=rng)
    params = CommonsParams(**{**DEFAULTS, **settings})
    return Commons(params, profiles=profiles(size), graph=graph, rng=rng, mind=mind)


def play(world: Commons, steps: int) -> Commons:
    for _ in range(steps):
        world.step()
    return world


def give(coins: int) -> Rule:
    """Return people who always give some number of coins."""
    return lambda question: [float(key == str(coins)) for key in option_keys(question)]


@pytest.mark.parametrize("partners", ["group", "friends"])
@pytest.mark.parametrize(("coins", "earnings"), [(0, 20), (10, 30), (20, 40)])
def test_if_all_give_the_same_all_earn_what_is_kept_and_twice_what_is_given(
    partners: str, coins: int, earnings: float
) -> None:
    world = play(build_commons(partners=partners, rules={"contribute": give(coins)}), 2)
    if partners == "group":  # on a network, people with more friends earn more
        assert [round(member.last.earned, 6) for member in world.members if member.last] == [earnings] * 20
    assert world.latest_metrics["earnings"] == pytest.approx(earnings)
    assert world.latest_metrics["contribution"] == coins / 20


@given(st.lists(st.integers(0, 20), min_size=2, max_size=12), st.floats(0.5, 5))
def test_funds_pay_out_what_was_given_times_the_multiplier(gifts: list[int], multiplier: float) -> None:
    world = build_commons(size=len(gifts), partners="friends")
    contributions = dict(zip(world.members, gifts, strict=True))
    payments = pay_out(world.funds, contributions, multiplier)
    assert sum(payments.values()) == pytest.approx(multiplier * sum(gifts))


@given(st.integers(2, 60), st.integers(2, 20))
def test_everybody_is_in_one_group_and_nobody_alone(size: int, group_size: int) -> None:
    members = build_commons(size=size).members
    groups = split_into_groups(members, group_size)
    assert sorted(member.node for group in groups for member in group) == list(range(size))
    assert min(map(len, groups)) >= 2
    assert max(map(len, groups)) <= group_size + 1


def test_one_person_has_no_fund() -> None:
    with pytest.raises(ConfigError, match="a fund needs at least 2 people, found 1"):
        Commons(CommonsParams(**DEFAULTS), profiles=profiles(1), graph=nx.empty_graph(1))


def test_coins_change_hands_as_sanctions_say() -> None:
    def punish_first(question: Question[Any]) -> Reply:
        return [float(index == 0) for index in range(len(option_keys(question)))]

    rules = {"contribute": give(10), "punish": punish_first, "units": lambda _: [0.0, 1.0, 0.0, 0.0, 0.0]}
    world = play(build_commons(size=5, punishment=True, price=1, impact=3, rules=rules), 1)
    assert len(world.sanctions) == 5
    lost = {member.unique_id: 0 for member in world.members}
    for sanction in world.sanctions:
        assert (sanction["kind"], sanction["units"]) == ("punishment", 2)
        lost[int(str(sanction["receiver"]))] += 6
    for member in world.members:
        assert member.last is not None
        assert member.last.lost == lost[member.unique_id]
        assert member.last.earned == pytest.approx(10 + 20 - 2 - lost[member.unique_id])
    assert world.latest_metrics["punisher_share"] == 1
    assert world.latest_metrics["punished_below"] == 0


def test_who_leaves_is_asked_no_more_and_the_last_one_cannot_play_alone() -> None:
    def leave_later(question: Question[Any]) -> Reply:
        keys = option_keys(question)
        leaves = question.step == 1 and question.agent > 1
        return [float(key == ("leave" if leaves else "20")) for key in keys]

    world = play(build_commons(size=5, leaving=True, rules={"contribute": leave_later}), 3)
    gifts = world.history.stack("gifts")
    assert (~np.isnan(gifts)).sum(axis=1).tolist() == [5, 1, 0]
    assert world.latest_metrics["left_share"] == pytest.approx(0.8)
    assert world.latest_metrics["contribution"] is None


def test_nobody_plays_after_the_announced_end() -> None:
    world = play(build_commons(rounds=2), 3)
    assert world.latest_metrics["contribution"] is None
    assert [bool(np.isnan(row).all()) for row in world.history.stack("gifts")] == [False, False, True]


def test_members_see_their_fund_and_nobody_else() -> None:
    world = play(build_commons(partners="friends"), 1)
    gifts = {member: member.last.contribution for member in world.members if member.last}
    for member in world.members:
        assert member.last is not None
        assert sorted(member.last.others) == sorted(gifts[friend] for friend in member.friends())


def test_messages_reach_those_with_whom_one_shares_a_fund() -> None:
    seen: dict[int, list[str]] = {}

    def record(question: Question[Any]) -> Reply:
        seen[question.agent] = question.facts["messages"]
        return [1.0] * len(option_keys(question))

    rules: dict[str, Rule] = {
        "speak": lambda _: [1.0, 0.0],
        "message": lambda question: f"I am {question.agent}.",
        "contribute": record,
    }
    world = play(build_commons(size=6, group_size=3, talk=True, rules=rules), 1)
    for fund in world.funds:
        ids = {member.unique_id for member in fund}
        for member in fund:
            assert set(seen[member.unique_id]) == {f"I am {other}." for other in ids - {member.unique_id}}
    assert world.latest_metrics["speaker_share"] == 1


def test_interventions_change_the_rules_of_the_game() -> None:
    world = build_commons()
    Allow(step=0, punishment=True, talk=True).apply(world)
    Multiply(step=0, by=3.5).apply(world)
    assert (world.params.punishment, world.params.rewards, world.params.talk) == (True, False, True)
    assert world.params.multiplier == 3.5


def mean_contribution(settings: dict[str, Any], seeds: range = range(12)) -> np.ndarray[Any, Any]:
    """Return the mean contribution over 12 rounds, by seed."""
    worlds = [play(build_commons(size=40, rng=seed, **settings), 12) for seed in seeds]
    return np.array([np.nanmean(world.history.stack("gifts")) for world in worlds])


@pytest.mark.parametrize("name", ["punishment", "talk"])
def test_rule_people_give_more_if_they_can_punish_or_talk(name: str) -> None:
    rise = mean_contribution({name: True}) - mean_contribution({})
    assert rise.mean() > 3 * rise.std(ddof=1) / math.sqrt(len(rise))


def test_more_is_earned_from_a_higher_multiplier() -> None:
    low, high = (play(build_commons(multiplier=multiplier), 5).latest_metrics["earnings"] for multiplier in (1.5, 4.0))
    assert low is not None and high is not None
    assert high > low


def test_conditional_cooperation_is_the_slope_that_was_put_in() -> None:
    rng = np.random.default_rng(1)
    history = History(np.repeat(np.arange(30), 5))
    level, others = rng.normal(0.5, 0.2, 150), rng.uniform(0, 1, 150)
    for _ in range(40):
        gifts = level + 0.4 * others + rng.normal(0, 0.05, 150)
        others = rng.uniform(0, 1, 150)
        missing = np.full(150, math.nan)
        history.rounds.append(RoundOutcome(gifts, others, missing, missing, missing, missing))
    assert history.conditional_cooperation() == pytest.approx(0.4, abs=0.02)


def test_the_share_of_variance_between_people_is_what_was_put_in() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, 4000) + rng.normal(0, 2, (6, 4000))
    values[rng.random(values.shape) < 0.2] = math.nan
    assert intraclass_correlation(values) == pytest.approx(0.2, abs=0.02)
    assert math.isnan(intraclass_correlation(values[:, :1]))
    assert math.isnan(intraclass_correlation(np.ones((3, 4))))


def test_a_member_who_is_rewarded_gains() -> None:
    rules = {
        "contribute": give(10),
        "reward": lambda question: [float(key != NOBODY[0]) for key in option_keys(question)],
        "units": lambda _: [1.0, 0.0, 0.0, 0.0, 0.0],
    }
    world = play(build_commons(size=5, rewards=True, rules=rules), 1)
    rounds = [member.last for member in world.members if isinstance(member, Member) and member.last]
    assert sum(played.gained for played in rounds) == 15
    assert {sanction["kind"] for sanction in world.sanctions} == {"reward"}


@pytest.mark.parametrize("wording", range(4))
@pytest.mark.parametrize(
    "settings", [{}, {"punishment": True}, {"rewards": True}, {"punishment": True, "rewards": True}]
)
def test_a_prompt_says_what_can_be_done_and_each_sentence_ends(settings: dict[str, Any], wording: int) -> None:
    prompts: list[str] = []

    def record(question: Question[Any]) -> Reply:
        prompts.append(render(msgspec.structs.replace(question, template=templates[wording])).user)
        return [1.0] * len(option_keys(question))

    texts = [Commons.prompts, *Commons.paraphrases]
    templates = [template_from("commons", "contribute", text) for text in texts]
    rules: dict[str, Rule] = {"contribute": record, "speak": lambda _: [1.0, 0.0], "message": lambda _: "Hello."}
    play(build_commons(size=6, group_size=3, talk=True, price=2, show_earnings=True, rules=rules, **settings), 2)
    situation = prompts[-1].rpartition("\n\n")[2].partition("\n*")[0]
    game, last_round, messages, question = situation.split("\n")
    assert game.endswith(".") and last_round.endswith(".") and messages == 'The others say: "Hello." "Hello."'
    assert question.endswith(("?", ":"))
    assert ("take 3 from" in game, "give 3 to" in game) == (
        settings.get("punishment", False),
        settings.get("rewards", False),
    )
    assert ("2 coins" in game) == bool(settings)
    assert "2 times" in game or "by 2 " in game or "by 2," in game
