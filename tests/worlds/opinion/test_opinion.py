"""The opinion world: people see whom they should, answers are legal, and rule agents do what their models say."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core import Choose, MindContext, Question
from sandbox.core.mind import Mind, RandomMind, Reply, Rule, RuleMind
from sandbox.errors import ConfigError
from sandbox.settings import validate
from tests.conftest import profiles
from worlds.opinion import Opinion
from worlds.opinion.bounded_confidence import BoundedConfidence
from worlds.opinion.history import History, count_clusters, standardise
from worlds.opinion.interventions import Convince
from worlds.opinion.member import STEPS, format_opinion, nearest_step, revision_form
from worlds.opinion.networks import sample, see_centre, see_equally
from worlds.opinion.rules import ESTIMATES, RULES, revision_weights
from worlds.opinion.settings import OpinionParams, Topic

EVEN: dict[str, Any] = {"kind": "attitudes", "text": "How much?", "first": [0, 100], "high": 100, "decimals": 2}
"""First opinions are spread evenly."""
DEFAULTS: dict[str, Any] = {
    "topics": {"even": {**EVEN, "truth": 50}}, "about": "attitudes", "network": "decentralised", "group_size": 20,
    "degree": 4, "shown": "mean", "num_seen": None, "rewiring": 0.0, "parties": {},
}  # fmt: skip


def build_opinion(
    size: int = 40, rng: int = 0, rules: Mapping[str, Rule] | None = None, mind: Mind | None = None, **settings: Any
) -> Opinion:
    """Return a world on a ring lattice whose people follow the world's rules, or some others."""
    graph = nx.watts_strogatz_graph(size, min(4, size - 1), 0.1, seed=rng)
    params = validate(OpinionParams, {**DEFAULTS, **settings})
    mind = mind or RuleMind({**RULES, **(rules or {})})
    return Opinion(params, profiles=profiles(size), graph=graph, rng=rng, mind=mind)


def play(world: Opinion, steps: int) -> Opinion:
    for _ in range(steps):
        world.step()
    return world


def go(share: float) -> Rule:
    """Return people who always go the same share of the way to the others, the nearest step."""

    def revise(question: Question[Any]) -> Reply:
        steps = list_steps(question)
        aim = min(steps, key=lambda step: abs(step - share)) if question.facts["follows"] else 0.0
        return [float(step == aim) for step in steps]

    return revise


def list_steps(question: Question[Any]) -> list[float]:
    form = question.form
    assert isinstance(form, Choose)
    return [float(option.key) for option in form.options]


# Whom people see.


@given(st.integers(2, 30), st.integers(1, 35), st.integers(0, 5))
def test_in_a_decentralised_network_all_see_equally_many_and_mutually(size: int, degree: int, seed: int) -> None:
    seen = see_equally(range(size), degree, np.random.default_rng(seed))
    expected = min(degree, size - 1)
    expected -= size * expected % 2
    assert {len(others) for others in seen} == {expected}
    assert all(member in seen[other] and other != member for member, others in enumerate(seen) for other in others)


def test_in_a_centralised_network_one_sees_all_and_all_see_that_one() -> None:
    assert see_centre("abcd") == [["b", "c", "d"], ["a"], ["a"], ["a"]]
    world = build_opinion(network="centralised")
    assert Counter(len(person.sees) for person in world.people) == {19: 2, 1: 38}


@pytest.mark.parametrize(("network", "shown"), [("alone", 0), ("decentralised", 4), ("graph", 4)])
def test_people_see_the_mean_of_those_whom_their_network_gives_them(network: str, shown: int) -> None:
    questions: list[Question[Any]] = []

    def record(question: Question[Any]) -> Reply:
        questions.append(question)
        return [1.0] * len(list_steps(question))

    world = build_opinion(network=network, rules={"revise": record})
    opinions = {person.unique_id: person.opinion for person in world.people}
    others = {person.unique_id: [opinions[other.unique_id] for other in person.sees] for person in world.people}
    if network == "graph":
        assert [person.sees for person in world.people] == [person.friends() for person in world.people]
    world.step()
    assert np.mean([len(seen) for seen in others.values()]) == shown
    for question in questions:
        assert question.facts["own"] == opinions[question.agent]
        seen = others[question.agent]
        assert question.facts["others"] == (pytest.approx(np.mean(seen)) if seen else None)
        assert question.facts["answers"] == []


def test_arguments_and_answers_are_those_of_the_people_seen() -> None:
    questions: list[Question[Any]] = []

    def record(question: Question[Any]) -> Reply:
        questions.append(question)
        return [1.0] * len(list_steps(question))

    rules: dict[str, Rule] = {"revise": record, "argue": lambda question: f"I am {question.agent}."}
    world = build_opinion(shown="arguments", rules=rules)
    people = {person.unique_id: person for person in world.people}
    opinions = {id_: person.opinion for id_, person in people.items()}
    world.step()
    assert len(questions) == len(world.arguments) == 40
    for question in questions:
        seen = [other.unique_id for other in people[question.agent].sees]
        assert question.facts["answers"] == [opinions[other] for other in seen]
        assert question.facts["arguments"] == [f"I am {other}." for other in seen]


def test_at_most_six_answers_are_shown_one_by_one() -> None:
    numbers: list[int] = []

    def record(question: Question[Any]) -> Reply:
        numbers.append(len(question.facts["answers"]))
        return [1.0] * len(list_steps(question))

    build_opinion(network="centralised", shown="answers", rules={"revise": record}).step()
    assert sorted(numbers)[-3:] == [1, 6, 6]


@given(st.integers(0, 12), st.integers(0, 14))
def test_a_sample_has_different_items(size: int, number: int) -> None:
    stream = iter(np.random.default_rng(size).random(20).tolist())
    drawn = sample(range(size), number, stream)
    assert len(set(drawn)) == len(drawn) == min(size, number)


def test_samples_are_even() -> None:
    stream = iter(np.random.default_rng(0).random(30_000).tolist())
    counts = Counter(item for _ in range(10_000) for item in sample(range(6), 3, stream))
    assert all(abs(count - 5_000) < 200 for count in counts.values())


def test_rewiring_leads_to_the_like_minded_and_keeps_the_number_of_those_seen() -> None:
    fixed, rewired = (play(build_opinion(size=60, rules={"revise": go(0.0)}, rewiring=rate), 10) for rate in (0.0, 0.5))
    assert {len(person.sees) for person in rewired.people} == {4}
    assert all(person not in person.sees for person in rewired.people)
    before, after = fixed.latest_metrics["seen_distance"], rewired.latest_metrics["seen_distance"]
    assert before is not None and after is not None
    assert after < 0.6 * before


# Questions and answers.


def make_topic(quantiles: tuple[float, float], low: float, span: float, decimals: int) -> Topic:
    """Return a topic whose first opinions are between two points of a scale."""
    low, high = round(low, decimals), round(low + span, decimals)
    first = [low + point * (high - low) for point in quantiles]
    return Topic.model_validate(
        {"kind": "k", "text": "t", "first": first, "low": low, "high": high, "decimals": decimals}
    )


topics = st.builds(
    make_topic,
    st.tuples(st.floats(0, 0.4), st.floats(0.5, 0.9)),
    st.floats(-1e4, 1e4),
    st.floats(2, 1e6),
    st.integers(0, 4),
)


@given(topics, st.floats(0, 1), st.none() | st.floats(0, 1))
def test_every_option_is_a_legal_opinion_and_staying_is_one(topic: Topic, own: float, others: float | None) -> None:
    assert topic.high is not None
    opinion = topic.legalise(topic.low + own * (topic.high - topic.low))
    seen = None if others is None else topic.low + others * (topic.high - topic.low)
    form, follows = revision_form(opinion, seen, topic)
    assert form.is_legal
    assert form.objects[form.index("0")] == opinion
    assert list(form.objects) == sorted(set(form.objects))
    assert len({option.text for option in form.options}) == len(form.options)
    assert all(topic.low <= value <= topic.high for value in form.objects)
    assert not follows or seen is not None


def test_steps_are_shares_of_the_way_to_the_others() -> None:
    topic = Topic.model_validate(EVEN)
    form, follows = revision_form(40.0, 60.0, topic)
    assert follows
    assert [option.text for option in form.options] == [
        "10", "20", "25", "30", "35", "38", "40", "42", "45", "50", "55", "60", "70",
    ]  # fmt: skip
    assert {float(option.key): value for option, value in zip(form.options, form.objects, strict=True)} == {
        step: 40 + 20 * step for step in STEPS
    }


def test_who_sees_the_same_opinion_can_still_move() -> None:
    form, follows = revision_form(40.0, 40.0, Topic.model_validate(EVEN))
    assert not follows
    assert len(form.options) > 5
    assert math.isclose(form.objects[form.index("0.2")], 40 + 0.2 * 50 / 1.349, abs_tol=0.01)


def test_opinions_read_as_people_write_them() -> None:
    values = ((1234.0, 0), (12.5, 1), (12.0, 1), (1200.0, 0), (0.0, 2), (-0.01, 1))
    assert [format_opinion(*value) for value in values] == [
        "1,234", "12.5", "12", "1,200", "0", "0",
    ]  # fmt: skip


def test_a_revision_is_the_nearest_step_and_only_no_revision_is_staying() -> None:
    assert [nearest_step(share) for share in (0.0, 0.01, -0.01, 0.3, 0.9, 7.0, -3.0)] == [
        0.0, 0.1, -0.1, 0.25, 1.0, 1.5, -1.5,
    ]  # fmt: skip


def test_random_answers_lead_nowhere_on_average_far_from_the_ends_of_a_scale() -> None:
    endless = {"endless": {"kind": "attitudes", "text": "How much?", "first": [0, 100], "low": -1e6, "decimals": 2}}
    worlds = [play(build_opinion(rng=seed, mind=RandomMind(), topics=endless), 1) for seed in range(8)]
    assert abs(np.mean([world.history.weight() for world in worlds])) < 0.1


# Models.


def test_people_who_go_all_the_way_agree_in_a_connected_network() -> None:
    world = play(build_opinion(size=20, rules={"revise": go(0.5)}), 60)
    assert world.latest_metrics["spread"] == pytest.approx(0, abs=0.01)
    assert world.latest_metrics["weight"] == pytest.approx(0.5, abs=0.02)
    assert world.latest_metrics["clusters"] == 1


def test_rule_people_go_as_far_as_they_were_fitted_to() -> None:
    weights = revision_weights(0.2, 0.445, 0.475, STEPS)
    assert sum(weights) == pytest.approx(1)
    assert weights[STEPS.index(0.0)] == 0.2
    mean = sum(step * weight for step, weight in zip(STEPS, weights, strict=True))
    assert mean == pytest.approx(0.8 * 0.445, abs=0.02)


def test_rule_people_stay_the_less_the_further_the_others_are_and_the_stubborn_most() -> None:
    weights: dict[tuple[bool, bool], float] = {}

    def record(question: Question[Any]) -> Reply:
        facts, reply = question.facts, cast("Sequence[float]", RULES["revise"](question))
        stay, is_far = reply[list_steps(question).index(0.0)], abs(facts["others"] - facts["own"]) > facts["scale"]
        weights[stay > (0.2 if is_far else 0.4), is_far] = stay
        return reply

    play(build_opinion(size=200, rules={"revise": record}), 1)
    assert weights[True, True] < weights[True, False]
    assert weights[False, True] < weights[False, False]
    assert ESTIMATES.stay < ESTIMATES.stubborn_stay


@pytest.mark.parametrize(("tolerance", "expected"), [(50, 1), (25, 2), (10, 5)])
def test_bounded_confidence_leaves_about_one_cluster_per_two_tolerances(tolerance: float, expected: int) -> None:
    counts: list[float] = []
    for seed in range(2):
        context = MindContext(RULES, "", None, print)
        mind = BoundedConfidence.build({"tolerance": tolerance, "pace": 0.5}, context)
        world = build_opinion(size=300, rng=seed, mind=mind, group_size=300, degree=299, num_seen=1)
        clusters = play(world, 40).latest_metrics["clusters"]
        assert clusters is not None
        counts.append(clusters)
    # Some pairs of neighbouring clusters merge, and small ones do not count, so that there are a few fewer.
    assert 0.65 * expected <= np.mean(counts) <= 1.1 * expected


def test_bounded_confidence_refuses_a_tolerance_of_nothing_and_a_world_without_opinions() -> None:
    settings = {"tolerance": -1, "pace": 0.5}
    with pytest.raises(ConfigError, match=r"tolerance: Input should be greater than 0, found -1"):
        BoundedConfidence.check(settings, "")
    with pytest.raises(ConfigError, match="this world asks tell; use it with world=opinion"):
        BoundedConfidence.build({**settings, "tolerance": 1}, MindContext({"tell": go(0)}, "", None, print))


# Settings.


def test_first_opinions_are_those_of_the_quantiles() -> None:
    topic = {"kind": "attitudes", "text": "How much?", "first": [0, 10, 100]}
    world = build_opinion(size=2000, topics={"steep": topic})
    opinions = np.array([person.first for person in world.people])
    assert np.quantile(opinions, (0.25, 0.5, 0.75)) == pytest.approx((5, 10, 55), rel=0.2)
    assert world.latest_metrics.get("group_error") is None


def test_groups_take_turns_with_topics_and_arms_share_first_opinions() -> None:
    listed = {str(number): {**EVEN, "truth": number} for number in range(3)}
    worlds = [build_opinion(size=60, topics=listed, network=network) for network in ("decentralised", "centralised")]
    assert sorted(topic.truth or 0 for topic in worlds[0].topics) == [0, 1, 2]
    assert worlds[0].history.opinions[0].tolist() == worlds[1].history.opinions[0].tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"about": "news"}, "there is no topic of the kind 'news'; kinds are attitudes"),
        ({"topics": {"t": {**EVEN, "first": [5, 1]}}}, r"`first` must rise from the lowest to the highest opinion"),
        ({"topics": {"t": {**EVEN, "first": [5, 120]}}}, r"first opinions must be between low \(0\) and high \(100"),
        ({"topics": {"t": {**EVEN, "high": 100.125}}}, "with at most 2 decimal places, found 0 and 100.125"),
        ({"parties": {"left": 0.0}}, "shares of parties must be 0 or more, and some above 0"),
        ({"group_size": 1}, "greater than or equal to 2"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_opinion(**settings)


def test_one_person_is_no_group() -> None:
    with pytest.raises(ConfigError, match="a group needs at least 2 people, found 1"):
        build_opinion(size=1)


def test_the_convinced_keep_the_truth_and_are_seen() -> None:
    world = build_opinion()
    Convince(step=0, share=0.1).apply(world)
    convinced = [person for person in world.people if person.is_convinced]
    play(world, 3)
    assert len(convinced) == 4
    assert {person.opinion for person in convinced} == {50.0}
    assert world.latest_metrics["stay_share"] is not None


def test_convincing_of_nothing_or_of_an_illegal_opinion_is_refused() -> None:
    world = build_opinion(topics={"even": EVEN})
    with pytest.raises(ConfigError, match="a topic has no truth that people could be convinced of"):
        Convince(step=0, share=0.1).check(world)
    with pytest.raises(ConfigError, match=r"120 is no legal opinion on 'How much\?': it must be from 0 to 100"):
        Convince(step=0, share=0.1, opinion=120).check(world)


# What is measured.


def make_history(opinions: list[list[float]], others: list[list[float]], truth: float = 0.0) -> History:
    """Return one group's history of standardised opinions, the first half of them of the first party."""
    size = len(opinions[0])
    history = History(np.zeros(size, np.int64), np.full(size, truth), (np.arange(size) >= size / 2).astype(np.int64))
    history.opinions = [np.array(row, float) for row in opinions]
    history.others = [np.array(row, float) for row in others]
    history.right = [(row > 0).astype(float) for row in history.opinions]
    return history


def test_metrics_are_what_they_say() -> None:
    nan = math.nan
    history = make_history([[-2, 2, 1, 3], [-1, 2, nan, 2]], [[0, 0, 0, 1]], truth=1.0)
    assert history.stay_share() == pytest.approx(1 / 3)
    assert history.update_size() == pytest.approx(2 / 3)
    assert history.weight() == pytest.approx((2 * 1 + (-2) * 0 + (-2) * (-1)) / (4 + 4 + 4))
    assert history.individual_gain() == pytest.approx((3 + 1 + 2) / 3 - (2 + 1 + 1) / 3)
    assert history.group_gain() == pytest.approx(0)
    assert history.spread() == pytest.approx(np.std([-1, 2, 2]) / np.std([-2, 2, 3]))
    assert history.party_update_gap() == pytest.approx(0.5 - 1)
    assert history.party_distance() == pytest.approx(1.5)
    assert history.right_share(0) == 0.75
    assert history.seen_distance() == pytest.approx((2 + 2 + 1 + 2) / 4)


def test_clusters_are_opinions_close_to_each_other_that_enough_people_hold() -> None:
    assert count_clusters(np.array([0.0, 0.01, 0.02, 1.0, 1.01])) == 2
    assert count_clusters(np.concatenate([np.zeros(99), [4.0]])) == 1


def test_standardised_opinions_are_cut() -> None:
    cut = standardise(np.array([1e6, math.nan, 3.0]), np.full(3, 1.0), np.full(3, 2.0))
    assert cut[0] == 5 and math.isnan(cut[1]) and cut[2] == 1
