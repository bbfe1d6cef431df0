"""Reactions through the whole program: rule agents show every one, random agents none, and runs are left alone."""

import math
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.frames import to_records
from sandbox.cli.main import main
from sandbox.core.form import STARS
from sandbox.core.question import Question
from sandbox.core.reaction import Reaction, expected_number, grid, log_odds, plain_fact
from sandbox.errors import ConfigError
from sandbox.runtime.reaction_tables import curve_table, judge_slope, slope_table
from sandbox.runtime.reactions import QuestionSample, read_reactions
from sandbox.runtime.run import LOG, Run
from sandbox.runtime.runner import Progress
from tests.conftest import make_question, profiles
from worlds.marketplace import Marketplace
from worlds.rumor import Rumor

SIZE = ("world=marketplace", "population.size=40", "steps=10", "seeds=[0,1]", "reactions=12")
DRINK = Reaction(
    name="stars_by_time",
    cause="the time",
    effect="the stars given",
    template="drink",
    fact=plain_fact("time"),
    levels=grid(("dawn", "noon", "night")),
    outcome=expected_number(),
    outcome_label="expected stars",
    unit="stars per step",
    direction=1,
    source="invented",
)


def ignore_message(_: str) -> None:
    """Print nothing."""


def play(folder: Path, *overrides: str) -> Run:
    run = Run.start([*SIZE, f"run_dir={folder}", *overrides])
    run.resume(Progress(), ignore_message)
    return run


def read_table(folder: Path, name: str) -> pd.DataFrame:
    table = read_reactions(folder, name)
    assert table is not None
    return table


def read_slopes(folder: Path, arm: str) -> list[dict[str, Any]]:
    slopes = read_table(folder, "slopes")
    return [row for row in to_records(slopes) if row["arm"] == arm]


@pytest.fixture(scope="module")
def both_minds(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a finished run of rule and of random agents."""
    return play(
        tmp_path_factory.mktemp("runs") / "both", "minds=[rule,random]", "mind=rule", "+mind@extra_minds.random=random"
    )


def test_rule_people_show_every_declared_reaction(both_minds: Run) -> None:
    rows = read_slopes(both_minds.folder, "rule")
    verdicts = {row["reaction"]: row["verdict"] for row in rows}
    assert verdicts == {reaction.name: "reacts" for reaction in Marketplace.reactions}
    assert [row["slope"] for row in rows] == [row["rule"] for row in rows]


def test_random_people_show_no_reaction(both_minds: Run) -> None:
    rows = read_slopes(both_minds.folder, "random")
    assert [row["reaction"] for row in rows] == [reaction.name for reaction in Marketplace.reactions]
    assert {(row["verdict"], row["slope"]) for row in rows} == {("flat", 0.0)}


def test_reactions_are_no_decisions_of_the_run(both_minds: Run, tmp_path: Path) -> None:
    without = play(tmp_path / "without", *both_minds.manifest.overrides[len(SIZE) + 1 :], "reactions=0")
    assert read_reactions(without.folder, "slopes") is None
    with closing(both_minds.log()) as log, closing(without.log()) as other:
        rows, other_rows = list(log.decisions()), list(other.decisions())
    assert rows == other_rows


def test_measuring_again_gives_the_same_answers_and_leaves_the_log_alone(both_minds: Run) -> None:
    before = sha256((both_minds.folder / LOG).read_bytes()).hexdigest()
    answers = read_table(both_minds.folder, "answers")
    both_minds.react(12, [], ignore_message)
    pd.testing.assert_frame_equal(read_table(both_minds.folder, "answers"), answers)
    assert sha256((both_minds.folder / LOG).read_bytes()).hexdigest() == before


def test_a_run_that_is_stopped_before_its_reactions_measures_them_when_it_is_resumed(tmp_path: Path) -> None:
    whole = play(tmp_path / "whole", "mind=rule")

    class StopError(Exception):
        """Stands for a kill."""

    class StopAtStep(Progress):
        def begin_step(self, step: int) -> None:
            if step == 6:
                raise StopError

    stopped = Run.start([*SIZE, "mind=rule", f"run_dir={tmp_path / 'stopped'}"])
    with pytest.raises(StopError):
        stopped.resume(StopAtStep(), ignore_message)
    assert read_reactions(stopped.folder, "slopes") is None
    stopped.resume(Progress(), ignore_message)
    pd.testing.assert_frame_equal(read_table(stopped.folder, "answers"), read_table(whole.folder, "answers"))


def test_a_finished_run_without_reactions_gets_the_same_ones_when_it_is_resumed(tmp_path: Path) -> None:
    run = play(tmp_path / "run", "mind=rule")
    answers = read_table(run.folder, "answers")
    for path in (run.folder / "reactions").iterdir():
        path.unlink()
    run.resume(Progress(), ignore_message)
    pd.testing.assert_frame_equal(read_table(run.folder, "answers"), answers)


def test_an_unknown_arm_is_refused(both_minds: Run) -> None:
    with pytest.raises(ConfigError, match="--arms: unknown arm 'human'; there is random, rule"):
        both_minds.react(5, ["human"], ignore_message)


def test_a_world_without_reactions_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rumor, "reactions", ())
    run = Run.start(["world=rumor", "mind=rule", "population.size=12", "steps=2", f"run_dir={tmp_path / 'rumor'}"])
    run.resume(Progress(), ignore_message)
    with pytest.raises(ConfigError, match="world rumor declares no reactions"):
        run.react(5, [], ignore_message)


def test_the_command_says_what_moves_agents(both_minds: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["react", str(both_minds.folder), "--arms", "random", "--n", "5"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "random: agents react to 0 of the 11 facts that should move them (11 flat)." in text
    assert "The experience hardly moves the stars given: +0.00 [+0.00, +0.00] stars per step of experience" in text
    assert "a match with people's averages is no realism" in text
    assert (both_minds.folder / "reactions" / "reactions.png").is_file()
    both_minds.react(12, [], ignore_message)


def questions(number: int) -> list[Question[int]]:
    return [
        make_question(STARS, seed=seed * 7919, profile=person)
        for seed, person in enumerate(profiles(number) * 3, start=1)
    ]


def sampled(batches: Sequence[Sequence[Question[int]]], num_people: int) -> list[int]:
    sample = QuestionSample([DRINK], num_people)
    for batch in batches:
        sample.add(batch)
    return [entry.question.seed for entry in sample.vary()][:: len(DRINK.levels)]


def test_the_sample_does_not_depend_on_the_order_of_questions() -> None:
    asked = questions(30)
    seeds = sampled([asked], 10)
    assert len(set(seeds)) == 10
    assert sampled([asked[::-1]], 10) == seeds
    assert sampled([asked[40:], asked[:40]], 10) == seeds


def test_each_person_is_asked_once() -> None:
    asked = questions(6)
    chosen = set(sampled([asked], 10))
    people = [question.profile.id for question in asked if question.seed in chosen]
    assert sorted(people) == sorted(person.id for person in profiles(6))


def test_a_variation_changes_one_fact_and_nothing_else() -> None:
    question = make_question(STARS)
    dawn, noon, night = DRINK.vary(question)
    assert noon == question
    assert (dawn.facts["time"], night.facts["time"]) == ("dawn", "night")
    assert dawn.seed == question.seed
    assert dawn.form == question.form


def test_outcomes_are_read_off_probabilities() -> None:
    question = make_question(STARS)
    assert expected_number()(question, (0.1, 0.2, 0.3, 0.2, 0.2)) == pytest.approx(3.2)
    odds = log_odds(lambda _: {"4", "5"})
    assert odds(question, (0.1, 0.2, 0.3, 0.2, 0.2)) == pytest.approx(math.log(0.4 / 0.6))
    assert math.isfinite(odds(question, (0.0, 0.0, 0.0, 0.0, 1.0)))


@pytest.mark.parametrize(
    ("low", "high", "value", "verdict"),
    [
        (0.3, 0.5, 0.4, "reacts"),
        (0.01, 0.5, 0.05, "weak"),
        (-0.05, 0.09, 0.02, "flat"),
        (0.01, 0.03, 0.02, "flat"),
        (-0.4, -0.2, -0.3, "wrong"),
        (-0.1, 0.4, 0.15, "unclear"),
        (math.nan, math.nan, 0.4, "unclear"),
    ],
)
def test_a_verdict_follows_from_the_interval(low: float, high: float, value: float, verdict: str) -> None:
    assert judge_slope(low, high, value, smallest=0.1) == verdict


def test_slopes_are_means_over_people() -> None:
    table = pd.DataFrame(
        [
            {"profile": person, "level": level.label, "position": level.position, "outcome": 3 + steep * level.position}
            for person, steep in (("p0", 0.4), ("p1", 0.6))
            for level in DRINK.levels
        ]
    )
    table.loc[1, "outcome"] = math.nan  # could not be obtained
    rows = table.assign(arm="main", reaction=DRINK.name, rule=table["position"], random=3.0)
    slopes = slope_table(rows, [DRINK]).iloc[0]
    assert slopes["slope"] == pytest.approx(0.5)
    assert slopes["num_people"] == 2
    assert slopes["high"] - slopes["slope"] == pytest.approx(12.706 * 0.1, rel=1e-3)
    assert (slopes["rule"], slopes["random"]) == (1.0, 0.0)
    assert slopes["smallest"] == 0.25
    assert curve_table(rows)["num_people"].to_list() == [2, 1, 2]
