"""Games are asked as the commons ask: with exactly what the person saw, and answered by what they did."""

import math
from pathlib import Path

import pytest

from sandbox.core.answer import Answer
from sandbox.core.form import Choose
from sandbox.core.question import check_answer
from sandbox.errors import DataError
from sandbox.prompting.render import render
from tests.training.panels.transcripts import EXIT, FIRST, SECOND, transcript, write_transcripts
from training.panels.games import FILE, Game, read_games
from training.panels.panel import PanelDecision
from training.panels.public_goods import PublicGoods, Seat, game_params, nearest_units
from training.sources.source import Rejects

DATA = Path(__file__).parents[4] / "shared" / "data"


def make_panel(path: Path) -> PublicGoods:
    """Return a panel with one file."""
    return PublicGoods(name="games", path=str(path), persona_share=0.5)


def read(path: Path, rows: list[dict[str, str]]) -> tuple[list[PanelDecision], Rejects]:
    """Return the decisions of some transcripts, and what was rejected."""
    panel = make_panel(write_transcripts(path, rows))
    rejects = Rejects("games", path)
    return list(panel.read_decisions(path, rejects)), rejects


@pytest.fixture
def decisions(tmp_path: Path) -> list[PanelDecision]:
    """Return the decisions of one person who punishes two others, then nobody, and leaves."""
    return read(tmp_path / "t.gz", [transcript("g", "p", "train", FIRST, SECOND, EXIT)])[0]


def test_every_decision_becomes_a_question_in_the_order_of_the_game(decisions: list[PanelDecision]) -> None:
    assert [(decision.record, decision.form) for decision in decisions] == [
        ("0/contribute", "contribute"),
        ("0/punish", "punish"),
        ("0/units", "units"),
        ("1/contribute", "contribute"),
        ("1/punish", "punish"),
        ("2/contribute", "contribute"),
    ]
    assert [decision.answer for decision in decisions][2:] == ["3", "0", "nobody", "leave"]
    assert [decision.note for decision in decisions][1:3] == [
        "punish: the first of several targets",
        "units: the nearest option",
    ]


def test_the_answer_to_whom_is_the_player_who_gave_what_the_target_gave(decisions: list[PanelDecision]) -> None:
    form = decisions[1].question.form
    assert isinstance(form, Choose)
    texts = {option.key: option.text for option in form.options}
    assert texts.pop(decisions[1].answer).endswith(", who gave 1")
    assert {text.rpartition(" ")[2] for text in texts.values()} == {"20", "nobody"}


def test_every_answer_is_legal(decisions: list[PanelDecision]) -> None:
    for decision in decisions:
        check_answer(decision.question, Answer(decision.answer, "human"))


def test_a_prompt_is_what_the_commons_render_for_the_same_situation(decisions: list[PanelDecision]) -> None:
    assert render(decisions[0].question).user.startswith(
        "About you: \n\nRound 1 of 3. You and 2 others get 20 coins each, all in a common fund. What you leave there "
        "is multiplied by 1.8 and split evenly among its members; you keep the rest. Afterwards, each can pay 1 coin "
        "to take 3 from another.\nHow many coins do you leave in the fund?\n* 0: A"
    )
    assert (
        "Last round you gave 5, the others 20, 1. You earned 20, the others 16 on average. Others took 6 from you."
        in render(decisions[3].question).user
    )
    last = render(decisions[5].question).user
    assert "You remember:\n- You gave 5, the others 10 on average.\n" in last
    assert "Round 3 of 3. You and 1 other get" in last
    assert last.endswith("* leave the game for good: V")


def test_nobody_is_asked_after_a_round_without_a_result(tmp_path: Path) -> None:
    unfinished = SECOND[: SECOND.index("### Round Summary")]
    decisions, rejects = read(tmp_path / "t.gz", [transcript("g", "p", "train", FIRST, unfinished, EXIT)])
    assert [decision.record[0] for decision in decisions] == ["0", "0", "0"]
    assert rejects.number == 1
    assert "does not say" in rejects.table()["reason"][0]


def test_an_amount_that_the_game_forbids_is_rejected(tmp_path: Path) -> None:
    wrong = FIRST.replace("You contributed <<5", "You contributed <<21")
    decisions, rejects = read(tmp_path / "t.gz", [transcript("g", "p", "train", wrong)])
    assert (decisions, rejects.number) == ([], 1)


@pytest.mark.parametrize(
    ("words", "replacement", "reason"),
    [
        ("a group of 3 players", "a group of 21 players", "the commons take 2 to 20"),
        ("the money multiplier of 1.8", "a money multiplier", "without a money multiplier"),
        ("the punisher spends 1 coin", "the punisher spends coins", "without the price"),
    ],
)
def test_a_game_that_the_commons_cannot_be_is_rejected(
    tmp_path: Path, words: str, replacement: str, reason: str
) -> None:
    row = transcript("g", "p", "train", FIRST)
    decisions, rejects = read(tmp_path / "t.gz", [{**row, "text": row["text"].replace(words, replacement)}])
    assert (decisions, rejects.number) == ([], 1)
    assert reason in rejects.table()["reason"][0]


def test_units_are_the_nearest_that_the_world_offers() -> None:
    assert [nearest_units(units) for units in (1, 4, 5, 7, 8, 77)] == [1, 3, 5, 5, 10, 10]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.gz"
    with pytest.raises(DataError, match=r"t\.gz, line 2: not a transcript .*`person`"):
        read(path, [transcript("g", "p", "train", FIRST), {"game": "g", "split": "train", "text": ""}])
    path.write_text("{}")
    with pytest.raises(DataError, match="cannot be read as compressed lines"):
        list(make_panel(path).read_decisions(path, Rejects("games", path)))


@pytest.mark.skipif(not (DATA / FILE).exists(), reason="the games of Alsobay et al. (2025) are not on this machine")
def test_the_questions_of_real_people_have_the_facts_of_their_transcripts() -> None:
    games: list[Game] = read_games(DATA)[::6]
    rejects = Rejects("games", DATA / FILE)
    people = [(game, game.people[0]) for game in games]
    assert len(people) >= 20 - 1
    for game, person in people:
        questions = {
            decision.record: decision.question for decision in Seat(game, person, game_params(game)).decide(rejects)
        }
        for number, played in person.rounds.items():
            before = person.rounds.get(number - 1)
            if (question := questions.get(f"{number}/contribute")) is None:
                continue
            facts = question.facts
            assert (facts["round"], facts["rounds"], facts["multiplier"]) == (
                number + 1, game.num_rounds, game.multiplier,
            )  # fmt: skip
            assert facts["num_others"] == (len(before.others) if before else game.group_size - 1)
            assert facts["own"] == (before.contribution if before else None)
            assert facts["others"] == (sorted(before.others, reverse=True) if before else [])
            assert facts["lost"] == (before.lost if before else 0)
            assert (facts["others_earned"] is not None) == bool(before and before.others and game.show_earnings)
            assert not math.isnan(played.earned)
    assert rejects.number == 0
