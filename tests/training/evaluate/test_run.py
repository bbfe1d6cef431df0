import csv
import json
from pathlib import Path

import polars as pl
import pytest

from agents.minds.text import Tokens
from agents.prompt import render
from tests.training.logs import write_logs
from training.cli import main
from training.corpus import build, configured
from training.evaluate.asked import questions, read_cases, read_people
from training.evaluate.baselines import baselines, keys
from training.evaluate.texts import BASE, Reader
from training.out import write_out

from ..sft.tiny import tiny_model


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small corpus and a tiny model."""
    home = tmp_path_factory.mktemp("home")
    config = configured([*write_logs(home), f"corpus_dir={home / 'corpus'}"])
    write_out(config, build(config))
    tiny_model(home / "base")
    return home


def test_everybody_is_asked_about_themselves_or_about_somebody_else(home: Path) -> None:
    people, cases = read_people(home / "corpus"), read_cases(home / "corpus" / "tasks" / "test.jsonl", 50, 0)
    own, shuffled, nobody, history, profile = (
        list(questions(cases, people, who, 0)) for who in ("own", "shuffled", "nobody", "history", "profile")
    )
    for place, case in enumerate(cases):
        assert own[place].profile == people[case.user]
        assert own[place].memory == history[place].memory == case.asked.memory
        assert shuffled[place].profile.source == own[place].profile.source
        assert not nobody[place].profile.persona
        assert not nobody[place].memory.recent
        assert profile[place].profile == own[place].profile
        assert own[place].facts == shuffled[place].facts == case.asked.facts
    assert any(one.profile != other.profile for one, other in zip(own, shuffled, strict=True))


def test_baselines_are_distributions_that_learn_from_train(home: Path) -> None:
    tasks, people = home / "corpus" / "tasks", read_people(home / "corpus")
    train, held_out = read_cases(tasks / "train.jsonl", 500, 0), read_cases(tasks / "test.jsonl", 500, 0)
    for form in ("stars", "reply", "purchase"):
        mine = [one for one in held_out if one.form == form]
        made = baselines([one for one in train if one.form == form], people, form)
        for guess in made.values():
            assert all(sum(guess(one)) == pytest.approx(1) for one in mine)
            assert all(len(guess(one)) == len(keys(one)) for one in mine)
    majority = baselines([one for one in train if one.form == "stars"], people, "stars")["majority"](mine[0])
    assert len(majority) == len(keys(mine[0]))


def test_a_text_is_as_likely_as_its_tokens(home: Path) -> None:
    people, cases = read_people(home / "corpus"), read_cases(home / "corpus" / "tasks" / "test.jsonl", 5, 0)
    texts = [one for one in cases if not one.is_choice][:3]
    asked = [render(one) for one in questions(texts, people, "own", 0)]
    reader = Reader(str(home / "base"), {}, 4000)
    found = reader.log_likelihoods(asked, [one.answer for one in texts], BASE)
    tokens: Tokens = reader.tokens
    sizes = [len(tokens.tokenizer.encode(one.answer, add_special_tokens=False)) + 1 for one in texts]
    vocabulary = len(tokens.tokenizer)
    for likelihood, size in zip(found, sizes, strict=True):
        assert likelihood is not None
        assert likelihood / size == pytest.approx(-pl.Series([vocabulary]).log()[0], rel=0.15)  # an untrained model
    assert Reader(str(home / "base"), {}, 10).log_likelihoods(asked, [""] * 3, BASE) == [None] * 3


def test_the_whole_comparison_with_the_random_mind(home: Path) -> None:
    overrides = [
        f"corpus_dir={home / 'corpus'}", f"model={home / 'base'}", f"models={{base: null, whole: {home / 'base'}}}",
        "mind=random",
        "per_form=20", "resamples=200", f"out_dir={home / 'out'}", "max_length=4000",
    ]  # fmt: skip
    assert main(["evaluate", *overrides]) == 0
    with (home / "out" / "scores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    by = {(row["contestant"], row["who"], row["form"], row["figure"]): row for row in rows}
    assert by["base", "own", "stars", "nll"]["value"] == by["uniform", "own", "stars", "nll"]["value"]
    assert float(by["base", "shuffled", "review", "nll per character"]["value"]) > 0
    for form in ("review", "general prose", "base's own chat"):  # it is the same model, in an engine of its own
        assert (
            by["whole", "own", form, "nll per character"]["value"]
            == by["base", "own", form, "nll per character"]["value"]
        )
    forms = {"type1", "type2", "type3", "type4", "personalized_comment", "general prose"}
    assert forms <= {row["form"] for row in rows}
    report = (home / "out" / "report.md").read_text(encoding="utf-8")
    assert "## stars" in report
    assert "base - uniform: 0.000" in report
    assert (home / "out" / "figures" / "nll.png").stat().st_size > 5000
    assert json.loads((home / "out" / "manifest.json").read_text(encoding="utf-8"))["settings"]["per_form"] == 20
