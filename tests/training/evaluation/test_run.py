import csv
import json
from pathlib import Path

import polars as pl
import pytest

from agents.minds.tokenizer import PromptTokenizer
from sandbox.errors import ConfigError
from sandbox.prompting.render import render
from tests.training.finetuning.tiny import tiny_model
from tests.training.logs import write_logs
from training.cli import main
from training.corpus.build import build_corpus
from training.corpus.config import load_corpus_config
from training.corpus.export import export_corpus
from training.evaluation.baselines import fit_baselines, option_keys
from training.evaluation.cases import case_questions, load_cases, load_people
from training.evaluation.engines import group_by_engine, open_judge, open_mind
from training.evaluation.run import load_evaluate_config
from training.evaluation.scorer import NO_ADAPTER, LikelihoodScorer


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small corpus and a tiny model."""
    home = tmp_path_factory.mktemp("home")
    config = load_corpus_config([*write_logs(home), f"corpus_dir={home / 'corpus'}"])
    export_corpus(config, build_corpus(config))
    tiny_model(home / "base")
    return home


def test_a_control_replaces_the_profile_the_memory_or_both(home: Path) -> None:
    people, cases = load_people(home / "corpus"), load_cases(home / "corpus" / "tasks" / "test.jsonl", 50, 0)
    own, shuffled, nobody, history, profile = (
        list(case_questions(cases, people, control, 0))
        for control in ("own", "shuffled", "nobody", "history", "profile")
    )
    for index, case in enumerate(cases):
        assert own[index].profile == people[case.user]
        assert own[index].memory == history[index].memory == case.question.memory
        assert shuffled[index].profile.source == own[index].profile.source
        assert not nobody[index].profile.persona
        assert not nobody[index].memory.recent
        assert profile[index].profile == own[index].profile
        assert own[index].facts == shuffled[index].facts == case.question.facts
    assert any(first.profile != second.profile for first, second in zip(own, shuffled, strict=True))


def test_baselines_are_distributions_that_learn_from_train(home: Path) -> None:
    tasks, people = home / "corpus" / "tasks", load_people(home / "corpus")
    train, held_out = load_cases(tasks / "train.jsonl", 500, 0), load_cases(tasks / "test.jsonl", 500, 0)
    for form in ("stars", "reply", "purchase"):
        cases = [case for case in held_out if case.form == form]
        baselines = fit_baselines([case for case in train if case.form == form], people, form)
        for baseline in baselines.values():
            assert all(sum(baseline(case)) == pytest.approx(1) for case in cases)
            assert all(len(baseline(case)) == len(option_keys(case)) for case in cases)
    stars = fit_baselines([case for case in train if case.form == "stars"], people, "stars")
    majority = stars["majority"](cases[0])
    assert len(majority) == len(option_keys(cases[0]))


def test_a_text_is_as_likely_as_its_tokens(home: Path) -> None:
    people, cases = load_people(home / "corpus"), load_cases(home / "corpus" / "tasks" / "test.jsonl", 5, 0)
    texts = [case for case in cases if not case.is_choice][:3]
    prompts = [render(question) for question in case_questions(texts, people, "own", 0)]
    scorer = LikelihoodScorer(str(home / "base"), {}, 4000)
    likelihoods = scorer.answer_likelihoods(prompts, [case.answer for case in texts], NO_ADAPTER)
    tokens: PromptTokenizer = scorer.tokens
    sizes = [len(tokens.tokenizer.encode(case.answer, add_special_tokens=False)) + 1 for case in texts]
    vocabulary = len(tokens.tokenizer)
    for likelihood, size in zip(likelihoods, sizes, strict=True):
        assert likelihood is not None
        assert likelihood / size == pytest.approx(-pl.Series([vocabulary]).log()[0], rel=0.15)  # an untrained model
    too_short = LikelihoodScorer(str(home / "base"), {}, 10)
    assert too_short.answer_likelihoods(prompts, [""] * 3, NO_ADAPTER) == [None] * 3


def test_a_complete_evaluation_with_the_random_mind(home: Path) -> None:
    overrides = [
        f"corpus_dir={home / 'corpus'}", f"model={home / 'base'}", f"models={{base: null, copy: {home / 'base'}}}",
        "mind=random",
        "per_form=20", "resamples=200", f"out_dir={home / 'out'}", "max_length=4000",
    ]  # fmt: skip
    assert main(["evaluate", *overrides]) == 0
    with (home / "out" / "scores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    by_key = {(row["model"], row["control"], row["form"], row["metric"]): row for row in rows}
    assert by_key["base", "own", "stars", "nll"]["value"] == by_key["uniform", "own", "stars", "nll"]["value"]
    assert float(by_key["base", "shuffled", "review", "nll per character"]["value"]) > 0
    for form in ("review", "general prose", "base's own chat"):  # it is the same model, in an engine of its own
        assert (
            by_key["copy", "own", form, "nll per character"]["value"]
            == by_key["base", "own", form, "nll per character"]["value"]
        )
    forms = {"type1", "type2", "type3", "type4", "personalized_comment", "general prose"}
    assert forms <= {row["form"] for row in rows}
    report = (home / "out" / "report.md").read_text(encoding="utf-8")
    assert "## stars" in report
    assert "base - uniform: 0.000" in report
    assert (home / "out" / "figures" / "nll.png").stat().st_size > 5000
    assert json.loads((home / "out" / "manifest.json").read_text(encoding="utf-8"))["settings"]["per_form"] == 20


def test_rules_are_refused_as_a_model_and_as_a_judge() -> None:
    config, _ = load_evaluate_config(["mind=rule", "mind@judge.mind=rule", "judge.model=someone"])
    with pytest.raises(ConfigError, match=r"^mind is rule, but .*mind=base"):
        open_mind(config, group_by_engine(config)[0], print)
    with pytest.raises(ConfigError, match=r"^judge\.mind is rule, but"):
        open_judge(config, print)
