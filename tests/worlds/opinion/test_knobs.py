"""Every parameter and every intervention of the opinion world does what theory says: rule agents, paired seeds."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from sandbox.core import World
from tests.worlds.knob import MIN_T, Knob, build_rule_worlds, stack_outcomes, student_t
from worlds.opinion import Opinion
from worlds.opinion.settings import OpinionParams

STEPS, PEOPLE = 5, 80
EVEN = "world.topics={even: {kind: even, text: How many?, first: [0, 100], high: 100, truth: 100}};world.about=even"
"""First opinions are spread evenly, and the truth is one end of the scale."""
NEWS = "world.about=news"
GRAPH = "world.network=graph"


KNOBS = (
    Knob("topics", EVEN, "group_error", 1, "a truth at the end of the scale is out of reach of averages"),
    Knob("about", NEWS, "weight", -1, "people move less about news"),
    Knob("network", "world.network=alone", "spread", 1, "who sees nobody is not drawn to others"),
    Knob("network", "world.network=centralised", "group_shift", 1, "a group follows its centre", EVEN),
    Knob("network", f"{GRAPH};graph=small_world", "spread", -1, "friends are drawn to each other",
         "world.network=alone"),
    Knob("graph", "graph=erdos_renyi;graph.mean_degree=12", "spread", -1, "who has many friends is drawn to the middle",
         f"{GRAPH};graph=erdos_renyi;graph.mean_degree=1"),
    Knob("group_size", "world.group_size=4", "between_groups", 1, "small groups go their own ways", EVEN),
    Knob("degree", "world.degree=12", "spread", -1, "all are drawn to the middle of more people", EVEN),
    Knob("shown", "world.shown=answers", "shown_share", 1, "a mean hides what each one says"),
    Knob("shown", "world.shown=arguments", "num_arguments", 1, "people say why"),
    Knob("num_seen", "world.num_seen=1", "seen_distance", 1, "one person is further away than the mean of four"),
    Knob("rewiring", "world.rewiring=0.5", "seen_distance", -1, "people surround themselves with the like-minded"),
    Knob("rewiring", "world.rewiring=0.5", "spread", 1, "the like-minded do not draw each other to the middle"),
    Knob("parties", "world.parties={Republican: 1.0}", "right_share", -1, "parties begin with other opinions",
         f"{NEWS};world.parties={{Democratic: 1.0}}"),
    Knob("convince intervention", "interventions=[{step: 1, do: convince, share: 0.2}]", "group_error", -1,
         "those who know the truth draw others to it"),
    Knob("convince intervention", "interventions=[{step: 1, do: convince, share: 0.2, opinion: 0}]", "opinion", -1,
         "zealots draw others to what they say", EVEN),
)  # fmt: skip


@cache
def play_seeds(*overrides: str) -> dict[str, np.ndarray]:
    """Return, by metric, a value for each seed: at the last step, or the mean if it has none there."""
    size = ("world=opinion", f"population.size={PEOPLE}", f"steps={STEPS}")
    return stack_outcomes([_play_world(world) for world in build_rule_worlds(*size, *filter(None, overrides))])


def _play_world(world: World[Any]) -> dict[str, float]:
    assert isinstance(world, Opinion)
    for intervention in world.scheduled:
        intervention.check(world)
    for _ in range(STEPS):
        world.step()
    groups = world.tables()["groups"]
    means = np.array([float(row["mean"] or 0) for row in groups])
    shown = [person.ask_revision(person.look(), None).facts["answers"] for person in world.people]
    return {
        **{name: float("nan") if value is None else value for name, value in world.latest_metrics.items()},
        "group_shift": float(np.abs(means - [float(row["first_mean"] or 0) for row in groups]).mean()),
        "between_groups": float(means.std()),
        "opinion": float(means.mean()),
        "shown_share": float(np.mean([bool(answers) for answers in shown])),
        "num_arguments": float(len(world.arguments)),
    }


def change_of(knob: Knob) -> float:
    """Return Student's t of the change in the metric; infinite if it is the same for all seeds."""
    overrides = [part for part in knob.before.split(";") if part]
    before, after = play_seeds(*overrides), play_seeds(*overrides, *knob.change.split(";"))
    differences = after[knob.metric] - before[knob.metric]
    if differences.any() and not np.ptp(differences):
        return float(np.sign(differences.mean()) * np.inf)
    return student_t(differences)


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: f"{knob.name}-{knob.metric}-{knob.change.split('=')[-1]}")
def test_a_knob_does_what_theory_says(knob: Knob) -> None:
    assert knob.sign * change_of(knob) > MIN_T, knob.why


def test_every_parameter_and_intervention_is_shown_to_work() -> None:
    shown = {knob.name for knob in KNOBS}
    assert set(OpinionParams.model_fields) <= shown
    assert {f"{name} intervention" for name in vars(Opinion)["_interventions"]} <= shown
