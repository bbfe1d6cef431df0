"""Every parameter and every intervention of the feed does what theory says: rule agents, paired seeds."""

from collections import Counter
from functools import cache
from typing import Any, cast

import numpy as np
import pytest

from sandbox.descriptive import gini
from tests.worlds.knob import MIN_T, Knob, build_rule_worlds, stack_outcomes, student_t
from worlds.feed import Feed
from worlds.feed.settings import FeedParams

STEPS, PEOPLE = 14, 120
TEXTS = {"issue", "openings"}
"""Parameters that rule agents only repeat."""


PLANT = "{step: 4, do: plant, author: 1, text: Look here, ups: %d}"
HIDDEN = "world.show_votes=false;world.ranking=chronological"
KNOBS = (
    Knob("second_side", "world.second_side=0.1", "ei_votes", -1, "who reads is of the same side"),
    Knob("start_threads", "world.start_threads=30", "thread_size", -1, "more threads share the readers"),
    Knob("visits", "world.visits=2", "num_posts", 1, "more visitors write more"),
    Knob("num_shown", "world.num_shown=6", "num_posts", 1, "who reads more replies more"),
    Knob("window", "world.window=2;world.ranking=random", "mean_age", -1, "old posts are out of sight",
         "world.ranking=random"),
    Knob("ranking", "world.ranking=popularity", "gini_views", 1, "the rich get richer", "world.ranking=random"),
    Knob("ranking", "world.ranking=chronological", "mean_age", -1, "the newest come first", "world.ranking=random"),
    Knob("ranking", "world.ranking=similarity", "ei_votes", -1, "people see their own side", "world.ranking=random"),
    Knob("ranking", "world.ranking=bridging", "ei_votes", 1, "the sides see each other", "world.ranking=similarity"),
    Knob("discovery", "world.discovery=0", "followed_share", 1, "people see whom they follow"),
    Knob("show_votes", "world.show_votes=false", "num_ups", -1, "nobody follows the crowd"),
    Knob("seed_up", "world.seed_up=1", "first_up_share", 1, "people follow an up-vote of nobody"),
    Knob("seed_up", "world.seed_up=1", "final_score", 1, "and those who follow are followed"),
    Knob("seed_down", "world.seed_down=1", "first_up_share", 1, "people correct a down-vote of nobody"),
    Knob("seed_up hidden", f"{HIDDEN};world.seed_up=1", "first_up_share", 0, "nobody sees it", HIDDEN),
    Knob("plant intervention", f"interventions=[{PLANT % 30}]", "views_of_planted", 1, "votes put it on top",
         f"interventions=[{PLANT % 0}]"),
    Knob("ban intervention", f"interventions=[{PLANT % 30}, {{step: 5, do: ban, person: 1}}]", "views_of_planted", -1,
         "posts of the banned are gone", f"interventions=[{PLANT % 30}]"),
    Knob("graph", "graph=scale_free;world.discovery=0", "gini_followed", 1, "many read the hubs", "world.discovery=0"),
    Knob("graph", "graph.degree=2;world.discovery=0", "followed_views", -1, "who follows few has little to read",
         "world.discovery=0"),
)  # fmt: skip


@cache
def play_seeds(*overrides: str) -> dict[str, np.ndarray]:
    """Return, by metric, a value for each seed."""
    worlds = build_rule_worlds("world=feed", f"population.size={PEOPLE}", f"steps={STEPS}", *overrides)
    return stack_outcomes([_play_world(world) for world in cast("list[Feed]", worlds)])


def _play_world(world: Feed) -> dict[str, Any]:
    for _ in range(STEPS):
        world.step()
    exposures = world.records.exposures
    posts = {post.id: post for post in world.posts}
    return {
        **world.latest_metrics,
        "num_posts": len(posts),
        "gini_views": gini([post.num_views for post in world.posts]),
        "num_ups": sum(sum(post.ups) for post in world.posts),
        "mean_age": np.mean([exposure.step - posts[exposure.post].step for exposure in exposures]),
        "followed_share": np.mean([exposure.is_followed for exposure in exposures]),
        "followed_views": sum(followed_views(world)),
        "views_of_planted": sum(post.num_views for post in world.posts if post.text == "Look here"),
        "gini_followed": gini(followed_views(world)),
    }


def followed_views(world: Feed) -> list[int]:
    """Return how often everybody was read by a follower."""
    counts = Counter(exposure.author for exposure in world.records.exposures if exposure.is_followed)
    return [counts[person.unique_id] for person in world.people]


def change_of(knob: Knob) -> float:
    """Return Student's t of the change in the metric; 0 where nothing changed."""
    changes, before = (text.split(";") if text else [] for text in (knob.change, knob.before))
    differences = play_seeds(*changes)[knob.metric] - play_seeds(*before)[knob.metric]
    if not differences.any():
        return 0.0
    return student_t(differences)


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: f"{knob.name}-{knob.metric}-{knob.change.split('=')[-1]}")
def test_a_knob_does_what_theory_says(knob: Knob) -> None:
    if knob.sign:
        assert knob.sign * change_of(knob) > MIN_T, knob.why
    else:
        assert abs(change_of(knob)) < 1e-9, knob.why


def test_every_parameter_and_intervention_is_shown_to_work() -> None:
    names = {knob.name for knob in KNOBS} | TEXTS
    assert set(FeedParams.model_fields) <= names
    assert {f"{name} intervention" for name in vars(Feed)["_interventions"]} <= names
