"""The song market: people see what they should, downloads add up, counts are those of one's own world."""

from collections.abc import Mapping
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core import Choose, Question
from sandbox.core.mind import Mind, Reply, Rule, RuleMind
from sandbox.errors import ConfigError
from tests.conftest import profiles
from worlds.songs import Songs
from worlds.songs.catalogue import SOUNDS, STYLES, sound_of, write_songs
from worlds.songs.interventions import Invert, Promote
from worlds.songs.listener import LEAVE, NEXT
from worlds.songs.placement import split_graph
from worlds.songs.reactions import DOWNLOAD_BY_COUNT
from worlds.songs.rules import COUNT_EFFECT, RULES, song_weights, visit_page
from worlds.songs.settings import SongsParams

DEFAULTS: dict[str, Any] = {
    "num_songs": 12, "appeal_spread": 0.43, "num_social": 2, "num_independent": 1, "cohort": 0.25, "counts": "world",
    "order": "random", "page_size": 4, "num_compared": None,
}  # fmt: skip


def build_market(size: int = 24, rng: int = 0, rules: Mapping[str, Rule] | None = None, **settings: Any) -> Songs:
    """Return a market whose people follow the world's rules, or some others."""
    mind: Mind = RuleMind({**RULES, **(rules or {})})
    graph = nx.watts_strogatz_graph(size, min(4, size - 1), 0.1, seed=rng)
    params = SongsParams(**{**DEFAULTS, **settings})
    return Songs(params, profiles=profiles(size), graph=graph, rng=rng, mind=mind)


def play(world: Songs, steps: int) -> Songs:
    for _ in range(steps):
        world.step()
    return world


def take_first(question: Question[Any]) -> Reply:
    """Download the first song of the page, as declared."""
    return [1.0] + [0.0] * (len(question.facts["songs"]) + 1)


def always(key: str) -> Rule:
    """Return people who always give the same answer."""
    return lambda question: [float(option.key == key) for option in getattr(question.form, "options", ())]


def record_questions(world: Songs, steps: int, rule: Rule = take_first) -> list[Question[Any]]:
    """Return all questions of a run whose people follow a rule."""
    questions: list[Question[Any]] = []

    def answer(question: Question[Any]) -> Reply:
        questions.append(question)
        return rule(question)

    world.mind = RuleMind({"page": answer})
    play(world, steps)
    return questions


def form_of(question: Question[Any]) -> Choose[Any]:
    assert isinstance(question.form, Choose)
    return question.form


def market_of(world: Songs) -> dict[int, int]:
    return {listener.unique_id: listener.market for listener in world.listeners}


def test_everybody_is_in_one_world_and_worlds_are_equally_large() -> None:
    world = build_market(size=25)
    sizes = np.bincount([listener.market for listener in world.listeners])
    assert sorted(sizes.tolist()) == [8, 8, 9]
    assert sorted(listener.node for queue in world.queues for listener in queue) == list(range(25))


def test_friends_share_a_world_more_often_than_strangers() -> None:
    world = build_market(size=120, num_social=4)
    pairs = [(listener, friend) for listener in world.listeners for friend in listener.friends()]
    share = np.mean([first.market == second.market for first, second in pairs])
    assert share > 0.6  # of strangers, a fifth


def test_counts_are_those_that_earlier_cohorts_left_in_the_same_world() -> None:
    world = build_market()
    questions = record_questions(world, 4)
    markets = market_of(world)
    for question in questions:
        steps = range(question.step)
        earlier = [row for row in world.log if row["step"] in steps and row["world"] == markets[question.agent]]
        for song in question.facts["songs"]:
            true_count = sum(row["song"] == int(song["id"]) for row in earlier)
            assert song["count"] == (true_count if markets[question.agent] < 2 else None)
    assert {question.facts["counts"] for question in questions} == {"world", "hidden"}


def test_options_say_the_counts_that_the_facts_hold() -> None:
    for question in record_questions(build_market(), 3):
        for song, option in zip(question.facts["songs"], form_of(question).options, strict=False):
            count = song["count"]
            ending = "" if count is None else f", {count} download{'s' * (count != 1)}"
            assert option.text.endswith(f"{SOUNDS[song['sound']]}{ending}")
            assert song["style"] in option.text


def test_friends_counts_are_how_many_friends_in_the_same_world_have_the_song() -> None:
    world = build_market(counts="friends")
    play(world, 3)
    had = {listener.unique_id: set(listener.downloads) for listener in world.listeners}
    by_id = {listener.unique_id: listener for listener in world.listeners}
    social = [question for question in record_questions(world, 1) if question.facts["counts"] == "friends"]
    assert social
    for question in social:
        listener = by_id[question.agent]
        friends = [friend for friend in listener.friends() if friend.market == listener.market]
        for song in question.facts["songs"]:
            assert song["count"] == sum(int(song["id"]) in had[friend.unique_id] for friend in friends)


def test_sorted_pages_show_most_downloads_first_in_social_worlds_only() -> None:
    world = build_market(order="counts")
    markets = market_of(world)
    questions = [question for question in record_questions(world, 4) if question.step == 3]
    for question in questions:
        counts = [song["count"] for song in question.facts["songs"]]
        assert form_of(question).ordered == (markets[question.agent] < 2)
        assert None in counts or counts == sorted(counts, reverse=True)


def test_everybody_comes_once_before_anybody_comes_again_and_sees_no_song_twice() -> None:
    world = build_market()
    questions = record_questions(world, 8, always("next"))
    by_visit: dict[tuple[int, int], list[str]] = {}
    for question in questions:
        ids = [song["id"] for song in question.facts["songs"]]
        by_visit.setdefault((question.agent, question.step), []).extend(ids)
    assert all(sorted(map(int, ids)) == list(range(12)) for ids in by_visit.values())
    assert [listener.num_visits for listener in world.listeners] == [2] * 24
    assert {step // 4 for _, step in by_visit} == {0, 1}


def test_a_song_is_downloaded_once_by_a_person_and_offered_no_more() -> None:
    world = build_market(cohort=1.0)
    questions = record_questions(world, 8)
    pairs = [(row["person"], row["song"]) for row in world.log]
    assert len(pairs) == len(set(pairs)) == 24 * 12
    assert max(question.step for question in questions) == 6  # nothing is left to offer
    assert world.latest_metrics["downloads_per_visit"] == 0


def test_who_leaves_is_not_asked_about_the_next_page() -> None:
    assert {question.facts["page"] for question in record_questions(build_market(), 3, always(LEAVE.key))} == {1}
    assert {question.facts["page"] for question in record_questions(build_market(), 3, always(NEXT.key))} == {1, 2, 3}


def test_worlds_close_when_they_have_the_downloads_that_are_compared() -> None:
    world = play(build_market(num_compared=20), 20)
    assert world.latest_metrics["compared_downloads"] == 20
    assert world.latest_metrics["gini"] is not None
    assert world.latest_metrics["downloads_per_visit"] is None
    assert all(20 <= len(songs) < 20 + 8 * 3 for songs in world.history.downloads)


def test_downloads_add_up_in_all_tables() -> None:
    world = play(build_market(), 6)
    tables = world.tables()
    number = len(tables["downloads"])
    assert number > 0
    assert sum(int(row["downloads"] or 0) for row in tables["charts"]) == number
    assert sum(int(row["downloads"] or 0) for row in tables["people"]) == number
    assert len(tables["charts"]) == 3 * len(tables["songs"])


def test_too_few_people_for_the_worlds_are_one_clear_error() -> None:
    with pytest.raises(ConfigError, match="3 worlds of songs need as many people at least, found 2"):
        build_market(size=2)


@given(st.integers(2, 200), st.floats(0, 2), st.integers(0, 1000))
def test_songs_have_titles_of_their_own_and_styles_in_equal_numbers(number: int, spread: float, seed: int) -> None:
    songs = write_songs(number, spread, np.random.default_rng(seed))
    assert len({song.title for song in songs}) == len({song.band for song in songs}) == number
    styles = [sum(song.style == style for song in songs) for style in STYLES]
    assert max(styles) - min(styles) <= 1
    assert [song.number for song in songs] == list(range(number))


def test_the_better_a_song_the_better_it_sounds() -> None:
    sounds = [sound_of(appeal) for appeal in np.linspace(-3, 3, 61)]
    assert sounds == sorted(sounds)
    assert set(sounds) == set(range(len(SOUNDS)))
    assert sound_of(0.0) == len(SOUNDS) // 2


def test_promotion_adds_to_the_counts_of_social_worlds_and_to_no_others() -> None:
    world = play(build_market(), 2)
    before = world.counts.copy()
    Promote(step=2, song=3, downloads=50).apply(world)
    assert (world.counts - before)[:, 3].tolist() == [50, 50, 0]
    with pytest.raises(ConfigError, match="there is no song 12; songs are numbered 0 to 11"):
        Promote(step=2, song=12, downloads=1).check(world)


def test_inversion_turns_the_ranking_of_social_worlds_upside_down() -> None:
    world = play(build_market(size=60), 6)
    before = world.counts.copy()
    Invert(step=6).apply(world)
    for number in range(2):
        assert sorted(world.counts[number]) == sorted(before[number])
        assert np.corrcoef(before[number], world.counts[number])[0, 1] < 0
    assert (world.counts[2] == before[2]).all()


@given(st.integers(2, 60), st.integers(1, 6), st.integers(0, 100))
def test_pieces_hold_every_node_once_and_are_equally_large(size: int, number: int, seed: int) -> None:
    graph = nx.gnp_random_graph(size, 0.1, seed=seed)
    pieces = split_graph(graph, list(graph), number)
    assert sorted(node for piece in pieces for node in piece) == list(range(size))
    assert max(map(len, pieces)) - min(map(len, pieces)) <= 1


def test_groups_without_ties_between_them_are_not_cut() -> None:
    graph = nx.disjoint_union(nx.complete_graph(5), nx.path_graph(5))
    assert sorted(map(sorted, split_graph(graph, [7, 2, 0, 1, 3, 4, 5, 6, 8, 9], 2))) == [[*range(5)], [*range(5, 10)]]


@pytest.mark.parametrize("counts", ["world", "friends"])
def test_a_count_that_is_varied_is_written_beside_the_song_and_moves_rule_people_as_fitted(counts: str) -> None:
    world = play(build_market(counts=counts), 3)
    questions = [question for question in record_questions(world, 1) if question.facts["counts"] == counts]
    varied = [question for question in questions if DOWNLOAD_BY_COUNT.applies_to(question)]
    assert varied
    for question in varied:
        assert DOWNLOAD_BY_COUNT.fact.write(question, DOWNLOAD_BY_COUNT.fact.read(question)) == question
        low, *_, high = DOWNLOAD_BY_COUNT.vary(question)
        changed = [
            option.text
            for option, before in zip(form_of(high).options, form_of(low).options, strict=True)
            if option != before
        ]
        assert len(changed) == 1
        assert changed[0].endswith("31 downloads" if counts == "world" else "downloaded by 31 friends")
        few, many = (
            DOWNLOAD_BY_COUNT.measure(each, visit_page(each, song_weights(each, COUNT_EFFECT))) for each in (low, high)
        )
        assert many - few == pytest.approx(COUNT_EFFECT * np.log(32))


def test_a_larger_cohort_from_now_on_leaves_nobody_out() -> None:
    world = play(build_market(cohort=0.125), 2)
    world.change(cohort=0.25)
    play(world, 3)
    assert {listener.num_visits for listener in world.listeners} == {1}
