"""Every parameter and intervention of the song market does what theory says: rule agents, paired seeds."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from sandbox.core import World
from tests.worlds.knob import MIN_T, Knob, build_rule_worlds, paired_t, stack_outcomes
from worlds.songs import Songs
from worlds.songs.history import mean_correlation
from worlds.songs.settings import SongsParams

STEPS = 20
SIZE = ("world=songs", "mind=rule", "population.size=150", "world.num_social=3", "world.cohort=0.1")
HALF = STEPS // 2


KNOBS = (
    Knob("num_songs", "world.num_songs=24", "gini", -1, "downloads are spread over fewer songs"),
    Knob("appeal_spread", "world.appeal_spread=1", "quality_success", 1, "good songs stand out in every world"),
    Knob("num_social", "world.num_social=8", "compared_downloads", -1, "each world has fewer people"),
    Knob("num_independent", "world.num_independent=6", "compared_downloads", -1, "each world has fewer people"),
    Knob("cohort", "world.cohort=0.2", "compared_downloads", 1, "more people come"),
    Knob("counts", "world.counts=hidden", "gini", -1, "people do not follow others"),
    Knob("counts", "world.counts=hidden", "unpredictability", -1, "chance leads are not followed"),
    Knob("counts", "world.counts=friends", "gini", -1, "the leads of a few friends are small and differ"),
    Knob("order", "world.order=counts", "gini", 1, "who looks at few pages sees only what leads"),
    Knob("order", "world.order=counts", "unpredictability", 1, "early leads decide what is seen"),
    Knob("page_size", "world.page_size=24", "downloads_per_visit", -1, "one download per page, and fewer pages"),
    Knob("num_compared", "world.num_compared=40", "total_downloads", -1, "worlds close"),
    Knob("promote intervention", "interventions=[{step: 4, do: promote, song: 0, downloads: 40}]", "share_of_first", 1,
         "invented downloads attract true ones"),
    Knob("promote intervention", "interventions=[{step: 4, do: promote, song: 0, downloads: 40}]", "share_of_first", 1,
         "places are won by them too", "world.counts=hidden world.order=counts"),
    Knob("invert intervention", "interventions=[{step: 10, do: invert}]", "persistence", -1, "followers follow losers"),
    Knob("graph", "graph.degree=20", "gini", 1, "more friends are more to follow",
         "world.counts=friends world.order=counts graph.degree=2"),
    Knob("graph", "graph.degree=20", "unpredictability", 1, "leads are shared in a world of friends",
         "world.counts=friends world.order=counts graph.degree=2"),
)  # fmt: skip


@cache
def play_seeds(*overrides: str) -> dict[str, np.ndarray]:
    """Return, by metric, a value for each seed."""
    worlds = build_rule_worlds(*SIZE, f"steps={STEPS}", *overrides)
    return stack_outcomes([play_world(world) for world in worlds])


def play_world(world: World[Any]) -> dict[str, float]:
    """Return metrics after the last step, and what the tables say of downloads."""
    assert isinstance(world, Songs)
    steps: list[dict[str, float | None]] = []
    for _ in range(STEPS):
        world.step()
        steps.append(world.latest_metrics)
    social = [number for number, is_social in enumerate(world.history.is_social) if is_social]
    early, late = (count_songs(world, number, social) for number in ((0, HALF), (HALF, STEPS)))
    last = {name: np.nan if value is None else value for name, value in steps[-1].items()}
    return {
        **last,
        # nobody came twice yet
        "downloads_per_visit": float(np.mean([step["downloads_per_visit"] or 0.0 for step in steps[:5]])),
        "total_downloads": float(len(world.log)),
        "share_of_first": float((early + late)[:, 0].sum() / (early + late).sum()),
        "persistence": mean_correlation(zip(early, late, strict=True)),
    }


def count_songs(world: Songs, steps: tuple[int, int], markets: list[int]) -> np.ndarray:
    """Return downloads between two steps, shape (worlds, songs)."""
    taken = sum(cohort.taken for cohort in world.history.cohorts[slice(*steps)])
    return np.asarray(taken, float)[markets]


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: f"{knob.name}-{knob.metric}-{knob.change.split('=')[-1]}")
def test_a_knob_does_what_theory_says(knob: Knob) -> None:
    before = knob.before.split()
    change = paired_t(play_seeds(*before), play_seeds(*before, knob.change), knob.metric)
    assert knob.sign * change > MIN_T, knob.why


def test_every_parameter_and_intervention_is_shown_to_work() -> None:
    shown = {knob.name for knob in KNOBS}
    assert set(SongsParams.model_fields) <= shown
    assert {f"{name} intervention" for name in vars(Songs)["_interventions"]} <= shown
