"""The feed: people are shown what the ranking says, votes and follows take effect, threads grow as they should."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core import Choose, Question, Reply
from sandbox.core.mind import Rule, RuleMind
from sandbox.core.profile import Profile
from sandbox.core.replicate import Replicate
from sandbox.descriptive import gini
from sandbox.errors import ConfigError
from tests.conftest import profiles
from worlds.feed import Feed
from worlds.feed.interventions import Ban, Plant
from worlds.feed.person import MAX_WORDS
from worlds.feed.posts import ThreadShape, mean_depth, mean_size, no_reply_share, stack_shapes, top_level_share
from worlds.feed.ranking import Order, heat
from worlds.feed.rules import DOWN, HERDING, RULES, UP, appeal, attractiveness, writing_factor
from worlds.feed.settings import FeedParams

DEFAULTS: dict[str, Any] = {
    "issue": "cars", "openings": {"for": ["Cars are loud."], "against": ["Cars are useful."]}, "second_side": 0.5,
    "start_threads": 4, "visits": 2.0, "num_shown": 3, "window": 8, "ranking": "random", "discovery": 1.0,
    "show_votes": True, "seed_up": 0.0, "seed_down": 0.0,
}  # fmt: skip


def make_params(**settings: Any) -> FeedParams:
    return FeedParams.model_validate({**DEFAULTS, **settings})


def build_feed(
    size: int = 20, rng: int = 0, rules: Mapping[str, Rule] | None = None, graph: Any = None, **settings: Any
) -> Feed:
    """Return a feed on a ring lattice whose people all visit and follow the world's rules, or some others."""
    ring = nx.watts_strogatz_graph(size, min(4, size - 1), 0.1, seed=rng) if graph is None else graph
    mind = RuleMind({**RULES, **(rules or {})})
    return Feed(
        make_params(**settings),
        profiles=profiles(size),
        graph=ring,
        rng=rng,
        mind=mind,
        replicate=Replicate("main", rng),
    )


def play(world: Feed, steps: int) -> Feed:
    for _ in range(steps):
        world.step()
    return world


def always(key: str, fallback: str = "scroll") -> Rule:
    """Return people who always choose one option, or the fallback where there is no such option."""

    def choose(question: Question[Any]) -> Reply:
        assert isinstance(question.form, Choose)
        keys = [option.key for option in question.form.options]
        choice = key if key in keys else fallback
        return [float(option == choice) for option in keys]

    return choose


QUIET: dict[str, Rule] = {"open": always("no"), "react": always("scroll")}


def test_scrolling_on_leaves_everything_as_it_was() -> None:
    world = play(build_feed(rules=QUIET), 10)
    metrics = world.latest_metrics
    assert len(world.posts) == 4
    assert (metrics["react_share"], metrics["lurker_share"], metrics["no_reply_share"]) == (0, 1, 1)
    assert metrics["final_score"] == 0
    assert metrics["reply_words"] is None
    assert [(row["size"], row["mature"]) for row in world.tables()["threads"]] == [(1, True)] * 4
    assert [row["mature"] for row in build_feed(rules=QUIET).tables()["threads"]] == [False] * 4


def test_every_exposure_is_logged_once_and_nobody_sees_a_post_twice_or_their_own() -> None:
    world = play(build_feed(), 6)
    exposures = world.tables()["exposures"]
    pairs = [(row["reader"], row["post"]) for row in exposures]
    assert len(pairs) == len(set(pairs)) > 50
    assert all(row["reader"] != row["author"] for row in exposures)
    assert Counter(str(row["act"]) for row in exposures) == Counter(
        {str(row["act"]): int(row["count"] or 0) for row in world.tables()["acts"] if row["count"]}
    )
    views = {row["post"]: row["views"] for row in world.tables()["posts"]}
    assert Counter(post for _, post in pairs) == Counter({post: count for post, count in views.items() if count})


def test_votes_add_up_and_are_shown_to_those_who_come_later() -> None:
    rules = {**QUIET, "react": always("up")}
    world = play(build_feed(rules=rules), 4)
    for post in world.posts:
        votes = [exposure for exposure in world.records.exposures if exposure.post == post.id]
        assert post.score == post.num_views == len(votes)
        by_round: dict[tuple[int, int], set[Any]] = {}
        for vote in votes:
            by_round.setdefault((vote.step, vote.position), set()).add(vote.score)
        assert all(len(scores) == 1 for scores in by_round.values()), "all of a round see the same score"
    assert play(build_feed(rules=rules, show_votes=False), 2).records.exposures[-1].score is None


@pytest.mark.parametrize(("seed_up", "seed_down", "vote"), [(1.0, 0.0, 1), (0.0, 1.0, -1), (0.0, 0.0, 0)])
def test_posts_begin_with_the_vote_of_their_treatment(seed_up: float, seed_down: float, vote: int) -> None:
    world = play(build_feed(rules=QUIET, seed_up=seed_up, seed_down=seed_down), 2)
    assert {post.seed_vote for post in world.posts} == {vote}
    assert {exposure.score for exposure in world.records.exposures} == {vote}
    assert {post.readers_score for post in world.posts} == {0}


def test_seeded_votes_are_assigned_at_random_in_the_declared_shares() -> None:
    world = build_feed(start_threads=3000, seed_up=0.3, seed_down=0.2)
    counts = Counter(post.seed_vote for post in world.posts)
    assert counts[1] / 3000 == pytest.approx(0.3, abs=0.03)
    assert counts[-1] / 3000 == pytest.approx(0.2, abs=0.03)
    with pytest.raises(ValueError, match=r"must not sum to more than 1, found 1\.2"):
        make_params(seed_up=0.7, seed_down=0.5)


def test_both_sides_need_texts() -> None:
    with pytest.raises(ValueError, match="found none of 'against'"):
        make_params(openings={"for": ["Cars are loud."]})


def test_replies_grow_threads_and_authors_remember_them() -> None:
    rules: dict[str, Rule] = {**QUIET, "react": always("reply"), "reply": lambda _: "I disagree with this."}
    world = play(build_feed(rules=rules), 2)
    assert len(world.posts) > 10
    assert sum(post.num_replies for post in world.posts) == len(world.posts) - 4
    for post in world.posts[4:]:
        assert post.parent is not None
        assert post.thread is post.parent.thread
        assert post.thread.posts[post.place] is post
        assert post.step >= post.parent.step
    writers = {post.parent.author.unique_id for post in world.posts if post.parent}
    for person in world.people:
        is_answered = person.unique_id in writers
        remembered = any("replied to you" in event.text for event in person.memory.view().recent)
        assert remembered <= is_answered
    assert world.latest_metrics["reply_words"] == 4


def test_who_replies_twice_in_a_step_writes_two_texts() -> None:
    rules: dict[str, Rule] = {**QUIET, "react": always("reply"), "reply": lambda question: question.facts["author"]}
    world = play(build_feed(rules=rules), 1)
    replies = world.posts[4:]
    assert max(Counter(post.author.unique_id for post in replies).values()) > 1
    assert all(post.parent and post.text == post.parent.author.key() for post in replies)


def test_following_and_unfollowing_change_who_is_read() -> None:
    graph = nx.empty_graph(20)
    world = play(build_feed(graph=graph, rules={**QUIET, "react": always("follow")}), 3)
    assert all(person.following for person in world.people if person.num_visits)
    assert sum(person.num_followers for person in world.people) == sum(len(p.following) for p in world.people)
    assert world.records.follows.within + world.records.follows.across == len(world.tables()["follows"])
    ring = play(build_feed(rules={**QUIET, "react": always("unfollow")}, discovery=0.0), 3)
    assert len(ring.tables()["follows"]) < 80


def test_a_tie_in_one_direction_is_followed_in_one_direction() -> None:
    graph = nx.Graph([(0, 1), (1, 2)])
    graph.edges[0, 1]["one_way_from"] = 1
    world = build_feed(size=3, graph=graph, start_threads=1)
    follows = {(row["follower"], row["author"]) for row in world.tables()["follows"]}
    assert follows == {(2, 1), (2, 3), (3, 2)}


def test_a_shared_post_reaches_the_followers_of_who_shared_it() -> None:
    graph = nx.path_graph(3)  # 0 and 2 do not follow each other
    world = build_feed(size=3, graph=graph, start_threads=0, discovery=0.0, rules=QUIET)
    post = world.publish(world.people[0], "Look.")
    assert post not in world.people[2].recent
    world._apply(world.people[1], post, "share")
    play(world, 6)
    readers = [row.reader for row in world.records.exposures if row.post == post.id and row.is_followed is False]
    assert readers == [3]


def test_rankings_order_posts_as_they_say() -> None:
    world = build_feed(start_threads=4, rules=QUIET)
    liked, bridging, old, plain = world.posts
    liked.ups, bridging.ups, old.step = [9, 0], [2, 3], -5
    orders = {
        ranking: Order(world.posts, world.params.with_changes({"ranking": ranking}))
        for ranking in ("chronological", "popularity", "bridging", "similarity")
    }
    first = {ranking: min(order.places[0], key=order.places[0].__getitem__) for ranking, order in orders.items()}
    assert first["popularity"] == liked.id
    assert first["bridging"] == bridging.id
    assert max(orders["chronological"].places[0].items(), key=lambda item: item[1])[0] == old.id
    for side in (0, 1):
        by_place = sorted(world.posts, key=lambda post: orders["similarity"].places[side][post.id])
        assert [post.author.side == side for post in by_place] == [True, True, False, False]
    old.ups, old.step, plain.step = [10, 0], 0, 2
    assert heat(old) == pytest.approx(heat(plain), abs=0.05), "ten times the score is worth 12.5 hours"


def test_the_shape_of_a_thread_counts_replies_of_two_days() -> None:
    assert ThreadShape.of([]) == (1, 0, 0)
    assert ThreadShape.of([0, 0, 1, 3]) == (5, 3, 2)
    shapes = stack_shapes([ThreadShape.of([]), ThreadShape.of([0, 0, 1, 3])])
    assert (mean_size(shapes), mean_depth(shapes), no_reply_share(shapes), top_level_share(shapes)) == (
        3,
        1.5,
        0.5,
        0.5,
    )
    assert np.isnan(mean_size(stack_shapes([])))
    world = build_feed(start_threads=1, rules=QUIET)
    opening = world.posts[0]
    for step in (1, 8, 9):
        world.now = step
        world.publish(world.people[-1], "yes", opening)
    assert opening.thread.shape().size == 3


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=50))
def test_gini_is_between_0_and_1_and_0_for_equals(values: list[float]) -> None:
    assert -1e-9 <= gini(values) < 1
    assert gini([values[0]] * 5) == pytest.approx(0)


def react_facts(**changes: Any) -> dict[str, Any]:
    return {
        "side": "for", "author_side": "for", "follows": False, "opening": None, "answers": None, "score": 0,
        "replies": 0, "posts_since": 1, "thread": 3, **changes,
    }  # fmt: skip


def rule_probabilities(**changes: Any) -> dict[str, float]:
    world = build_feed()
    question = world.people[0].ask("react", react_facts(**changes), world.people[0].ask_reaction(world.posts[1]).form)
    weights: Any = RULES["react"](question)
    return dict(zip(("scroll", "up", "down", "reply", "share", "tie"), weights, strict=True))


def test_rule_people_vote_as_people_did() -> None:
    by_score = {
        score: np.mean([rule_probabilities(score=score, author_side=side)["up"] for side in ("for", "against")])
        for score in (0, 1, 3, -1)
    }
    assert by_score[0] == pytest.approx(UP)
    assert np.log(by_score[1] / by_score[0]) == pytest.approx(HERDING)
    assert np.log(by_score[3] / by_score[1]) == pytest.approx(HERDING)
    assert by_score[-1] - rule_probabilities(score=-1)["down"] > by_score[0] - DOWN
    assert rule_probabilities(score=None) == rule_probabilities(score=0)
    assert rule_probabilities()["scroll"] > 0.5


def test_rule_people_answer_what_is_new_popular_or_an_opening() -> None:
    opening, newest, older = (
        attractiveness(react_facts(**changes))
        for changes in ({}, {"opening": "x", "posts_since": 1}, {"opening": "x", "posts_since": 6})
    )
    assert opening > newest > older
    assert attractiveness(react_facts(opening="x", posts_since=6, replies=5)) > older


def test_people_and_threads_differ_with_a_mean_of_one() -> None:
    people = [writing_factor(Profile(id=str(number), persona="x").digest()) for number in range(20_000)]
    threads = [appeal(1, number) for number in range(20_000)]
    assert np.median(people) < 0.2 < np.mean(people)
    assert np.mean(threads) == pytest.approx(1, abs=0.15)
    assert appeal(1, 5) == appeal(1, 5) != appeal(2, 5)


def test_a_planted_post_is_seen_and_a_banned_person_is_not() -> None:
    world = build_feed(rules=QUIET)
    Plant(step=0, author=3, text="Hello all", ups=7).apply(world)
    assert (world.posts[-1].score, world.posts[-1].readers_score, world.posts[-1].author.unique_id) == (7, 0, 3)
    play(world, 1)
    Ban(step=1, person=3).apply(world)
    views, visits = world.people[2].num_views, world.people[2].num_visits
    play(world, 3)
    assert (world.people[2].num_views, world.people[2].num_visits) == (views, visits)


@pytest.mark.parametrize(
    ("intervention", "message"),
    [
        (Plant(step=0, author=21, text="x"), "plant.author: there is no person 21; ids go from 1 to 20"),
        (Plant(step=0, author=1, text="x " * 41), f"a post has at most {MAX_WORDS} words, found 41"),
        (Ban(step=0, person=99), "ban.person: there is no person 99"),
    ],
)
def test_an_intervention_that_cannot_happen_is_refused(intervention: Plant | Ban, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        intervention.check(build_feed())


def test_one_person_reads_nothing_and_a_site_without_threads_is_empty() -> None:
    assert play(build_feed(size=1, graph=nx.empty_graph(1)), 3).records.exposures == []
    world = play(build_feed(start_threads=0, rules=QUIET), 3)
    assert world.posts == []
    assert world.latest_metrics["thread_size"] is None


@pytest.mark.parametrize("second_side", [0.0, 1.0])
def test_a_site_of_one_side_has_only_ties_within(second_side: float) -> None:
    world = play(build_feed(second_side=second_side), 3)
    assert world.latest_metrics["ei_follows"] == -1
    assert {row["side"] for row in world.tables()["people"]} == {"against" if second_side else "for"}
