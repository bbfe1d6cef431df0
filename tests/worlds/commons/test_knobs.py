"""Every parameter, every intervention and the social graph of the commons do what theory says; paired seeds."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from sandbox.core import Question
from sandbox.core.mind import Reply, RuleMind
from tests.worlds.knob import MIN_T, Knob, build_rule_worlds, paired_t, stack_outcomes, student_t
from worlds.commons import Commons
from worlds.commons.member import option_keys
from worlds.commons.rules import RULES
from worlds.commons.settings import CommonsParams

STEPS, PEOPLE = 10, 40


KNOBS = (
    Knob("partners", "world.partners=friends", "contribution", 1, "7 members share a fund, not 10"),
    Knob("group_size", "world.group_size=5", "contribution", 1, "a coin in the fund pays back more"),
    Knob("group_size", "world.group_size=20", "contribution", -1, "a coin in the fund pays back less"),
    Knob("endowment", "world.endowment=10", "earnings", -1, "there is less to keep and to give"),
    Knob("all_or_nothing", "world.all_or_nothing=true", "full_share", 1, "nothing in between"),
    Knob("opt_out", "world.opt_out=true", "contribution", 1, "people stay with the default"),
    Knob("multiplier", "world.multiplier=2", "contribution", -1, "a coin in the fund pays back less"),
    Knob("multiplier", "world.multiplier=2", "earnings", -1, "funds grow less"),
    Knob("rounds", "world.rounds=14", "contribution", -1, "a known end"),
    Knob("punishment", "world.punishment=true", "contribution", 1, "people fear it"),
    Knob("punishment", "world.punishment=true", "zero_share", -1, "people fear it"),
    Knob("rewards", "world.rewards=true", "earnings", 1, "a reward gives more than it costs"),
    Knob("price", "world.price=4", "punisher_share", -1, "it costs more", "world.punishment=true"),
    Knob("impact", "world.impact=9", "punisher_share", 1, "it takes more", "world.punishment=true"),
    Knob("impact", "world.impact=1", "efficiency", 1, "it takes less", "world.punishment=true"),
    Knob("talk", "world.talk=true", "contribution", 1, "people agree to give"),
    Knob("talk", "world.talk=true", "efficiency", 1, "people agree to give"),
    Knob("show_earnings", "world.show_earnings=true", "contribution", -1, "people see that free riders earn more"),
    Knob("leaving", "world.leaving=true", "left_share", 1, "some leave"),
    Knob("allow intervention", "interventions=[{step: 4, do: allow, talk: true}]", "contribution", 1,
         "people agree to give"),
    Knob("allow intervention", "interventions=[{step: 4, do: allow, punishment: false}]", "contribution", -1,
         "nobody has to fear it", "world.punishment=true"),
    Knob("allow intervention", "interventions=[{step: 4, do: allow, rewards: true}]", "earnings", 1,
         "a reward gives more than it costs"),
    Knob("multiply intervention", "interventions=[{step: 4, do: multiply, by: 1.5}]", "contribution", -1,
         "a coin in the fund pays back less"),
    Knob("graph", "graph.degree=18", "contribution", -1, "more members share each fund, so a coin pays back less",
         "world.partners=friends graph.degree=4"),
    Knob("graph", "graph=scale_free", "contribution", 1, "most have few friends, whose coins pay back more",
         "world.partners=friends"),
)  # fmt: skip


def load_worlds(*overrides: str) -> list[Any]:
    """Return a commons of rule agents for each seed."""
    return list(build_rule_worlds("world=commons", f"population.size={PEOPLE}", f"steps={STEPS}", *overrides))


@cache
def play_seeds(*overrides: str) -> dict[str, np.ndarray]:
    """Return, by metric, its mean over steps for each seed."""
    return stack_outcomes([_play_world(world) for world in load_worlds(*overrides)])


def _play_world(world: Any) -> dict[str, float]:
    steps: list[dict[str, float | None]] = []
    for _ in range(STEPS):
        world.step()
        steps.append(world.latest_metrics)
    return {name: float(np.mean([step[name] or 0.0 for step in steps])) for name in steps[0]}


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: f"{knob.name}-{knob.metric}-{knob.change.split('=')[-1]}")
def test_a_knob_does_what_theory_says(knob: Knob) -> None:
    before = knob.before.split()
    change = paired_t(play_seeds(*before), play_seeds(*before, knob.change), knob.metric)
    assert knob.sign * change > MIN_T, knob.why


def test_every_parameter_and_intervention_is_shown_to_work() -> None:
    shown = {knob.name for knob in KNOBS}
    assert set(CommonsParams.model_fields) <= shown
    assert {f"{name} intervention" for name in vars(Commons)["_interventions"]} <= shown


def imitate(question: Question[Any]) -> Reply:
    """Give all or nothing; then what a random other gave, the likelier, the more the others earned."""
    facts, keys = question.facts, option_keys(question)
    if facts["own"] is None:
        return [1.0] * len(keys)
    gap = (facts["others_earned"] - facts["earned"]) / (facts["endowment"] * facts["multiplier"])
    weight = min(1.0, max(0.0, gap))
    others = facts["others"]
    return [weight * others.count(int(key)) / len(others) + (1 - weight) * (int(key) == facts["own"]) for key in keys]


def play_imitators(*graph: str) -> np.ndarray:
    """Return the contribution of imitators after 40 rounds on a graph, by seed."""
    worlds = load_worlds(
        "world.partners=friends", "world.all_or_nothing=true", "world.show_earnings=true", "world.multiplier=3", *graph
    )
    for world in worlds:
        world.mind = RuleMind({**RULES, "contribute": imitate})
        for _ in range(40):
            world.step()
    return np.array([world.latest_metrics["contribution"] for world in worlds])


def test_cooperation_survives_among_imitators_on_an_uneven_graph() -> None:
    """Santos, Santos & Pacheco 2008, doi:10.1038/nature06940: hubs who give earn more, and are imitated."""
    even = play_imitators("graph=small_world", "graph.degree=4", "graph.rewire=0")
    uneven = play_imitators("graph=scale_free", "graph.edges_per_node=2")
    assert student_t(uneven - even) > MIN_T
    assert even.mean() < 0.1
