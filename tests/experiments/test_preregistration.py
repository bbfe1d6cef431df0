"""Preregistrations: what is written, what keeps it, and what does not."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from experiments import comparison
from experiments.preregistration import check_kept, first_difference, read_registration
from experiments.sealed import hash_content
from sandbox.cli.main import main
from sandbox.errors import ConfigError, DataError
from sandbox.runtime.config import load_run_config
from sandbox.runtime.run import Run

STUDY = (
    "world=rumor", "minds=[rule,random]", "seeds=[0,1,2]", "steps=3", "population.size=15",
    "outcomes=[spreader_share@last,stifler_share]", "null_worlds=0",
)  # fmt: skip
MARKET = (
    "world=marketplace", "experiment=forced", "minds=[base,rule]", "seeds=[0,1]", "steps=3", "population.size=12",
)  # fmt: skip


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a preregistration of `STUDY`, in the folder where commands run."""
    monkeypatch.chdir(tmp_path)
    assert main(["preregister", *STUDY, "--to", "plan.yaml"]) == 0
    return tmp_path / "plan.yaml"


def refusal(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one message of a command that fails."""
    capsys.readouterr()
    assert main([*arguments]) == 1
    [line] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    return line


def test_a_preregistration_says_what_will_be_tested_and_with_which_power(plan: Path) -> None:
    text = plan.read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    declared = content["declared"]
    assert declared["primary"] == ["spreader_share@last"]
    assert declared["outcomes"] == ["spreader_share@last", "stifler_share"]
    assert declared["arms"] == ["rule", "random"]
    assert declared["contrasts"] == ["mind: random - rule"]
    assert declared["analysis"]["families"]["secondary"] == ["stifler_share"]
    assert declared["settings"]["reactions"] == 60
    assert set(declared["files"]) == {"population.file"}
    assert content["power"][0] == "What 3 seeds can find with 80 % power:"
    assert content["versions"]["sandbox"]
    assert content["sha256"] == hash_content(content)
    age = datetime.now(UTC) - read_registration(plan).registered
    assert 0 <= age.total_seconds() < 60
    assert str(plan.parent) not in text


def test_margins_treatments_and_their_contrasts_are_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["preregister", *MARKET, "--to", "plan.yaml"]) == 0
    declared = read_registration(tmp_path / "plan.yaml").declared
    assert declared["arms"] == ["base:control", "base:forced", "rule:control", "rule:forced"]
    assert "treatment: forced - control (base)" in declared["contrasts"]
    assert "interaction: rule - base (forced)" in declared["contrasts"]
    assert declared["analysis"]["margins"]["people's effects"] == "people's interval (humans=marketplace)"
    assert re.fullmatch(r"[-\d.]+ to ([-\d.]+|inf)", declared["analysis"]["margins"]["forced_reviews"])
    registered = [*MARKET, "preregistration=plan.yaml"]
    assert comparison.load(registered)[1].preregistration == "plan.yaml"
    with pytest.raises(ConfigError, match=r"declares settings\.treatments\.forced\.reviews: 'forced'"):
        comparison.load([*registered, "treatments.forced.reviews=off"])


def test_a_comparison_that_keeps_it_says_so_everywhere(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *STUDY, "preregistration=plan.yaml", "run_dir=run", "reactions=60"]) == 0
    registration = read_registration(plan)
    sentence = f"(plan.yaml, SHA-256 {registration.sha256}), kept: outcomes"
    assert sentence in capsys.readouterr().out
    for page in ("report.html", "report.md"):
        text = " ".join((plan.parent / "run" / page).read_text(encoding="utf-8").split())
        assert f"Preregistered on {registration.registered:%Y-%m-%d %H:%M} UTC" in text
        assert sentence in text
    inputs = json.loads((plan.parent / "run" / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    assert "preregistration" in {entry["setting"] for entry in inputs}
    check_kept(Run(plan.parent / "run").manifest.segments[-1].config)


def test_a_preregistration_that_was_edited_is_refused(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan.write_text(plan.read_text(encoding="utf-8").replace("  - 2\n", "  - 3\n"), encoding="utf-8")
    changed = [*STUDY, "seeds=[0,1,3]", "preregistration=plan.yaml"]
    message = refusal(["compare", *changed], capsys)
    assert "plan.yaml was edited after it was registered" in message
    assert "restore the file that was registered" in message


def test_another_valid_preregistration_cannot_take_its_place(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    comparison.start([*STUDY, "preregistration=plan.yaml", "run_dir=run"])
    content = yaml.safe_load(plan.read_text(encoding="utf-8"))
    content["registered"] = "2020-01-01T00:00:00Z"
    plan.write_text(yaml.safe_dump({**content, "sha256": hash_content(content)}), encoding="utf-8")
    assert read_registration(plan).registered.year == 2020
    message = refusal(["compare", "--run", "run"], capsys)
    assert "plan.yaml (preregistration) has changed since" in message


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("seeds=[0,1]", "declares seeds: [0, 1, 2], but this comparison has [0, 1]"),
        ("minds=[random,rule]", "declares arms: ['rule', 'random'], but this comparison has ['random', 'rule']"),
        ("outcomes=[stifler_share]", "declares outcomes: "),
        ("primary=[stifler_share]", "declares primary: ['spreader_share@last'], but this comparison has"),
        ("steps=4", "declares settings.steps: 3, but this comparison has 4"),
        ("world.first=2", "declares settings.world.first: 3, but this comparison has 2"),
        ("population.size=16", "declares settings.population.size: 15, but this comparison has 16"),
        ("model=gemma3-270m", "declares settings.model: 'smollm2-135m', but this comparison has 'gemma3-270m'"),
        ("+interventions=[{step: 1, do: message, to: all, text: no}]", "declares settings.interventions: []"),
    ],
)
def test_settings_that_differ_are_refused_by_the_first_difference(
    plan: Path, change: str, difference: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change = change.lstrip("+")
    kept = [text for text in STUDY if text.partition("=")[0] != change.partition("=")[0]]
    message = refusal(["compare", *kept, change, "preregistration=plan.yaml", "run_dir=run"], capsys)
    assert difference in message
    assert "plan.yaml" in message
    assert not (plan.parent / "run").exists()


def test_where_answers_are_kept_and_the_run_lies_is_not_declared(plan: Path) -> None:
    overrides = [*STUDY, "preregistration=plan.yaml", "cache=false", "run_dir=elsewhere"]
    assert check_kept(comparison.load(overrides)[1]) == read_registration(Path("plan.yaml"))


def test_a_file_of_other_people_than_the_declared_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    people = tmp_path / "people.csv"
    people.write_text("id,persona\n" + "".join(f"p{i},You are person {i}.\n" for i in range(15)), encoding="utf-8")
    study = [*STUDY, "population.file=people.csv", "population.splits=[train,val,test]"]
    assert main(["preregister", *study, "--to", "plan.yaml"]) == 0
    people.write_text(people.read_text(encoding="utf-8").replace("person 3", "the king"), encoding="utf-8")
    assert "declares files.population.file" in refusal(["compare", *study, "preregistration=plan.yaml"], capsys)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("outcomes: [a]\n", "is no preregistration"),
        ("- 1\n", "is no preregistration"),
        ("a: [\n", "is no preregistration"),
        ("", "is no preregistration"),
    ],
)
def test_another_file_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=reason):
        read_registration(path)
    with pytest.raises(DataError, match="there is no file"):
        read_registration(tmp_path / "none.yaml")


def test_what_was_registered_is_never_replaced(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = plan.read_bytes()
    assert "is there already" in refusal(["preregister", *STUDY, "--to", "plan.yaml"], capsys)
    assert plan.read_bytes() == before
    assert "folder that exists" in refusal(["preregister", *STUDY, "--to", "nowhere/plan.yaml"], capsys)
    no_outcomes = [text for text in STUDY if not text.startswith("outcomes")]
    assert "needs declared outcomes" in refusal(["preregister", *no_outcomes, "--to", "p.yaml"], capsys)
    assert "leave preregistration= out" in refusal(
        ["preregister", *STUDY, "preregistration=plan.yaml", "--to", "p.yaml"], capsys
    )


def test_a_command_that_would_not_check_it_refuses_it(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = refusal(["run", "world=rumor", "mind=rule", "preregistration=plan.yaml", "run_dir=run"], capsys)
    assert "only `compare` keeps to a preregistration" in message
    assert not (plan.parent / "run").exists()


def test_without_a_preregistration_nothing_is_checked(run_dir: Path) -> None:
    assert check_kept(load_run_config(["world=rumor"])) is None
    assert comparison.start([*STUDY, f"run_dir={run_dir}"]).manifest == Run(run_dir).manifest


def test_the_first_difference_is_the_first_in_order() -> None:
    assert first_difference({"a": {"b": 1, "c": [1]}}, {"a": {"b": 1, "c": [2]}}) == ("a.c", [1], [2])
    assert first_difference({"a": 1}, {"a": 1, "b": 2}) == ("b", None, 2)
    assert first_difference([1], [1]) is None
