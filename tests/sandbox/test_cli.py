"""The command line: every command, and one clear line for every mistake."""

import errno
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sandbox.cli import main
from sandbox.results import Results
from sandbox.run import LOG, Run
from sandbox.runner import Progress
from tests.conftest import Overrides

ROOT = Path(__file__).parents[2]
HEAVY = ("hydra", "torch", "vllm", "pandas", "matplotlib", "mesa", "numpy", "pyarrow", "rich")

Said = Callable[[Sequence[str]], str]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in a folder of one's own, where `runs/` would appear."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command that succeeds; what it prints."""

    def run(arguments: Sequence[str]) -> str:
        capsys.readouterr()
        assert main([*arguments]) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command that fails; the one message it prints."""

    def run(arguments: Sequence[str]) -> str:
        capsys.readouterr()
        assert main([*arguments]) == 1
        return the_error(capsys.readouterr().err)

    return run


def the_error(text: str) -> str:
    """The one message in what was printed to stderr."""
    assert "Traceback" not in text
    _, *errors = f"\n{text}".split("\nerror: ")
    assert len(errors) == 1, text
    return errors[0].strip()


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, made once."""
    folder = tmp_path_factory.mktemp("master") / "run"
    run = Run.start(["world=marketplace", "mind=rule", "population.size=20", "steps=5", f"run_dir={folder}"])
    run.go_on(Progress(), lambda _: None)
    return folder


@pytest.fixture
def made(master: Path, run_dir: Path) -> Path:
    """A finished run of one's own."""
    return shutil.copytree(master, run_dir)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """What must survive a failed command."""
    return {path.name: path.read_bytes() for path in (folder / LOG, folder / "manifest.json")}


def test_the_command_line_imports_nothing_heavy() -> None:
    code = f"import sandbox.cli, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_is_printed_by_the_module(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["--help"])
    assert leaving.value.code == 0
    text = capsys.readouterr().out
    for command in ("run", "resume", "branch", "show", "plot", "export", "list", "check", "doctor"):
        assert f"\n    {command} " in text


def test_run_says_what_came_out_and_leaves_a_folder(said: Said, ruled: Overrides, run_dir: Path) -> None:
    text = said(["run", *ruled()])
    assert "Marketplace" in text
    assert "rule 100 %" in text
    assert (run_dir / "metrics.csv").is_file()
    assert list((run_dir / "figures").glob("*.png"))


def test_a_run_without_a_named_folder_lands_under_runs(said: Said, ruled: Overrides) -> None:
    said(["run", *ruled("run_dir=null", "world=rumor")])
    [folder] = Path("runs").iterdir()
    assert folder.name.startswith("rumor-")
    said(["show", str(folder)])


def test_show_says_what_run_said(said: Said, made: Path) -> None:
    text = said(["show", str(made)])
    assert "Marketplace" in text
    assert said(["show", str(made)]) == text


def test_plot_prints_the_files_that_it_draws(said: Said, made: Path) -> None:
    drawn = [Path(line) for line in said(["plot", str(made)]).split("\n") if line]
    assert drawn
    assert all(path.stat().st_size > 1000 for path in drawn)


def test_export_prints_the_files_that_it_writes(said: Said, made: Path, tmp_path: Path) -> None:
    written = [Path(line) for line in said(["export", str(made)]).split("\n") if line]
    assert {path.suffix for path in written} == {".parquet", ".csv", ".graphml"}
    assert all(path.is_file() and path.is_relative_to(made / "export") for path in written)
    said(["export", str(made), "--to", str(tmp_path / "out")])
    assert (tmp_path / "out" / "metrics.csv").is_file()


def test_list_names_every_choice_of_every_group(said: Said) -> None:
    text = said(["list"])
    for group in ("world", "mind", "population", "graph"):
        assert f"{group}=" in text
        for path in (ROOT / "conf" / group).glob("*.yaml"):
            assert path.stem in text


def test_resume_of_a_finished_run_says_the_same(said: Said, made: Path) -> None:
    was = bytes_of(made)
    assert "Marketplace" in said(["resume", str(made)])
    assert bytes_of(made) == was


def test_branch_makes_a_run_of_its_own(said: Said, made: Path, tmp_path: Path) -> None:
    was = bytes_of(made)
    said(["branch", str(made), "--at", "3", "world.ranking=price", f"run_dir={tmp_path / 'other'}"])
    said(["branch", str(made), "--at", "3", "events=[{step: 3, do: tax, rate: 0.3}]"])
    assert json.loads((tmp_path / "other" / "manifest.json").read_text())["status"] == "finished"
    assert [folder.name.split("-202")[0] for folder in Path("runs").iterdir()] == ["marketplace-branch"]
    assert bytes_of(made) == was


def test_check_prints_every_promise(said: Said) -> None:
    lines = said(["check", "rumor", "population.size=20"]).strip().split("\n")
    assert len(lines) == 6
    assert all(line.startswith("ok  ") for line in lines)


def test_doctor_reports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) in (0, 1)
    assert "python" in capsys.readouterr().out


LAUNCHERS = [[], ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]]


def swept(launcher: Sequence[str], *overrides: str) -> "subprocess.CompletedProcess[str]":
    """Run a sweep in a process of its own."""
    if launcher:
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    return subprocess.run(
        [sys.executable, "-m", "sandbox", "run", *overrides, "-m", *launcher],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "MPLBACKEND": "Agg"},
    )


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_sweep_makes_one_run_for_each_value(ruled: Overrides, launcher: list[str]) -> None:
    more = [one for one in ruled("steps=2") if not one.startswith("run_dir")]
    done = swept(launcher, *more, "world.ranking=price,rating")
    assert done.returncode == 0, done.stderr
    manifests = [json.loads(path.read_text()) for path in Path("runs").glob("*/manifest.json")]
    assert sorted(one["segments"][0]["config"]["world"]["ranking"] for one in manifests) == ["price", "rating"]
    assert {one["status"] for one in manifests} == {"finished"}
    assert {path.name for path in Path.cwd().iterdir()} <= {"runs", "multirun.yaml"}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_sweep_of_which_a_run_fails_names_it_and_makes_the_others(ruled: Overrides, launcher: list[str]) -> None:
    more = [one for one in ruled("steps=2") if not one.startswith("run_dir")]
    done = swept(launcher, *more, "world.tax=2,0.1")
    assert done.returncode == 1
    assert "world.tax=2: invalid configuration: world.tax: Input should be less than 1, found 2" in done.stderr
    assert re.search(r"^the sweep is not whole: .*world.tax=2 failed$", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr
    assert len(list(Path("runs").glob("*/metrics.csv"))) == 1


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("wrld=", "unknown setting 'wrld'.*Did you mean 'world'"),
        ("world=marketplce", "unknown world 'marketplce'; there is marketplace, rumor.*Did you mean 'marketplace'"),
        ("ranking=price", "unknown setting 'ranking'.*Did you mean world.ranking?"),
        ("world.rankin=price", "unknown setting 'rankin'.*Did you mean 'ranking'"),
        ("+world.rankin=price", "world.rankin: unknown setting 'rankin'.*Did you mean 'ranking'"),
        ("world.ranking=prise", "world.ranking: Input should be 'relevance', 'price'.*found 'prise'"),
        ("world.tax=abc", "world.tax: .*valid number.*found 'abc'"),
        ("steps=0", "steps: Input should be greater than 0, found 0"),
        ("steps=two", "steps: .*valid integer.*found 'two'"),
        ("steps", "invalid override.*missing EQUAL"),
        ("seeds=[]", "seeds: .*at least 1 item"),
        ("seeds=[1,1]", "each may be named once"),
        ("seeds=[-1]", "seeds.0: .*greater than or equal to 0, found -1"),
        ("population.size=0", "population.size: Input should be greater than 0, found 0"),
        ("population.size=many", "population.size: Input should be a valid integer, found 'many'"),
        ("population.file=nowhere.parquet", "there is no population at .*nowhere.parquet"),
        ("population={_target_: os.path, file: x, size: 3}", "population._target_ must name a function such as"),
        ("graph.degree=1000", "graph.degree 1000 is more than"),
        ("graph=from_file", "graph.path"),
        ("mind=bass", "unknown mind 'bass'.*Did you mean 'base'"),
        ("mind={_target_: os.path}", "mind._target_ must name a subclass of sandbox.mind.Mind"),
        ("mind={_target_: nowhere.Mind}", "no module 'nowhere'"),
        ("+voices.x={_target_: os.path}", "voices.x._target_ must name a subclass of sandbox.mind.Mind"),
        ("events=[{step: 99, do: tax, rate: 0.1}]", r"events\[0\].step is 99 but the run ends before it"),
        ("events=[{step: 1, do: tx}]", "unknown intervention 'tx'.*Did you mean 'tax'"),
        ("events=[{step: 1, do: tax, rate: 2}]", r"events\[0\].rate: Input should be less than 1, found 2"),
        ("events=[{do: tax}]", r"events\[0\].step: Field required(.|\n)*events\[0\].rate: Field required"),
        ("events=[{step: 1, do: set, params: {rankin: price}}]", r"events\[0\].params.rankin: .*mean 'ranking'"),
        (
            "events=[{step: 2, do: set, params: {sponsored_slots: 3}}, {step: 1, do: set, params: {num_shown: 2}}]",
            r"events\[0\].params: .*sponsored_slots=3 cannot exceed num_shown=2",
        ),
        ("world.rent=inf", "world.rent: .*finite"),
        ("events=[{step: 1, do: set, params: {num_sellers: 3}}]", r"events\[0\].params.num_sellers shapes the world"),
        ("events=[{step: 1, do: message, text: x, to: byuers}]", "message.to: unknown role 'byuers'.*mean 'buyer'"),
        ("events=[{step: 1, do: message, text: x, to: [3, 99]}]", "message.to: there is no agent 99 at step 0"),
        ("events=[{step: 1, do: ban, seller: 4}]", "ban: there can be no seller 4 at step 1.*there are 21 to 32"),
        ("events=[{step: 1, do: ban, seller: 99}]", "ban: there can be no seller 99 at step 1"),
        ("events=[{step: 1, do: fake_review, listing: 999, stars: 5}]", "there can be no listing 999 at step 1"),
        ("cast.seler=rule", "unknown role 'seler'.*Did you mean 'seller'"),
        ("cast={buyer: vlm}", "cast.buyer: unknown voice 'vlm'"),
        ("cast.buyer={rule: 0.5}", "cast.buyer: shares must be positive and sum to 1"),
        ("cast.buyer={}", "cast.buyer"),
        ("=3", "invalid override"),
        ("memory.recent=3", "memory.recent: .*found 3"),
        ("run_dir=/proc/nowhere", "cannot make the folder /proc/nowhere"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_left_behind(
    refused: Said, ruled: Overrides, run_dir: Path, override: str, says: str
) -> None:
    arguments = [one for one in ruled() if not (override.startswith("run_dir") and one.startswith("run_dir"))]
    assert re.search(says, refused(["run", *arguments, override]))
    assert not run_dir.exists()
    assert not list(Path.cwd().iterdir())


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["mind=base", "model=smollm2-135n"], "unknown model 'smollm2-135n'.*Did you mean 'smollm2-135m'"),
        (["mind=base", "model=/nowhere/at/all"], "unknown model '/nowhere/at/all'"),
        (["mind=humanllm", "model=org/other"], "no HumanLLM comes .* only for gemma3-270m, smollm2-135m;"),
        (["mind=base", "+mind.adapters.mine=nowhere"], "mind.adapters.mine: nowhere is no LoRA adapter"),
    ],
)
def test_a_model_or_adapter_that_is_not_there_is_named_before_a_run_is_made(
    refused: Said, ruled: Overrides, run_dir: Path, overrides: list[str], says: str
) -> None:
    arguments = [one for one in ruled() if not one.startswith("mind=")]
    assert re.search(says, refused(["run", *arguments, *overrides]))
    assert not run_dir.exists()


@pytest.mark.parametrize(("code", "says"), [(errno.ENOSPC, "No space left"), (errno.EROFS, "Read-only file system")])
def test_a_disk_that_cannot_be_written_is_one_sentence_and_the_run_goes_on_later(
    refused: Said, ruled: Overrides, run_dir: Path, monkeypatch: pytest.MonkeyPatch, code: int, says: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(code, os.strerror(code), "metrics.csv")

    with monkeypatch.context() as patched:
        patched.setattr(Results, "write", full)
        message = refused(["run", *ruled()])
    assert f"cannot write metrics.csv: {says}" in message
    assert main(["resume", str(run_dir)]) == 0


def test_several_wrong_settings_are_named_at_once(refused: Said, ruled: Overrides) -> None:
    assert len(refused(["run", *ruled("steps=0", "seeds=[]")]).split("\n")) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bogus"], "invalid choice: 'bogus'"),
        ([], "the following arguments are required"),
        (["branch", "runs/x"], "required: --at"),
        (["branch", "runs/x", "--at", "two"], "invalid int value: 'two'"),
        (["resume"], "required: run"),
    ],
)
def test_a_wrong_command_leaves_with_2(capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    assert leaving.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["run", "--fast"], ["show", "x", "--fast"], ["show", "x", "steps=3"]])
def test_an_unknown_flag_leaves_with_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 2
    assert f"unknown argument {arguments[-1]!r}; see `python -m sandbox {arguments[0]} --help`" in the_error(
        capsys.readouterr().err
    )


@pytest.mark.parametrize("command", ["resume", "show", "plot", "export", "branch"])
def test_a_folder_that_is_no_run_is_named(refused: Said, command: str) -> None:
    more = ["--at", "1"] if command == "branch" else []
    assert "nowhere is no run: it has no manifest.json" in refused([command, "nowhere", *more])
    assert not list(Path.cwd().iterdir())


def truncate(run: Path) -> None:
    whole = (run / LOG).read_bytes()
    (run / LOG).write_bytes(whole[: len(whole) // 2])


def replace_by_text(run: Path) -> None:
    (run / LOG).write_text("this is no database " * 100)


def replace_by_another_database(run: Path) -> None:
    (run / LOG).unlink()
    sqlite3.connect(run / LOG).execute("CREATE TABLE mine (x)").connection.close()


def empty(run: Path) -> None:
    (run / LOG).write_bytes(b"")


def lose(run: Path) -> None:
    (run / LOG).rename(run / "elsewhere.sqlite")


def cut_manifest(run: Path) -> None:
    whole = (run / "manifest.json").read_bytes()
    (run / "manifest.json").write_bytes(whole[: len(whole) // 2])


def rewrite_manifest(text: str) -> Callable[[Path], None]:
    def rewrite(run: Path) -> None:
        (run / "manifest.json").write_text(text)

    return rewrite


def change_world(run: Path) -> None:
    """As if the world's code had changed since: other questions are asked now."""
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["segments"][0]["config"]["world"]["num_shown"] = 2
    (run / "manifest.json").write_text(json.dumps(manifest))


def change_setting(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["segments"][0]["config"]["world"]["taxes"] = 2
    (run / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("command", ["resume", "branch"])
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (truncate, "decisions.sqlite is damaged"),
        (replace_by_text, "decisions.sqlite is damaged or no decision log"),
        (replace_by_another_database, "no decision log of this version"),
        (empty, "no decision log of this version"),
        (lose, "no decision log at"),
        (cut_manifest, "manifest.json is damaged"),
        (rewrite_manifest(""), "manifest.json is damaged"),
        (rewrite_manifest("{}"), "manifest.json is damaged"),
        (rewrite_manifest("[]"), "manifest.json is damaged"),
        (rewrite_manifest("3"), "manifest.json is damaged"),
        (rewrite_manifest('{"segments": []}'), "manifest.json is damaged"),
        (change_setting, "unknown setting 'taxes'|conf/ have changed"),
    ],
)
def test_a_harmed_run_is_refused_and_left_alone(
    refused: Said, made: Path, command: str, harm: Callable[[Path], None], says: str
) -> None:
    harm(made)
    was = {path: path.read_bytes() for path in made.glob("*.*") if path.suffix in (".json", ".sqlite")}
    more = ["--at", "2"] if command == "branch" else []
    assert re.search(says, refused([command, str(made), *more]))
    for path, whole in was.items():
        assert path.read_bytes() == whole
    assert not Path("runs").exists() or not list(Path("runs").iterdir())


@pytest.mark.parametrize("command", ["resume", "show"])
def test_a_run_whose_world_has_changed_is_refused_at_the_first_difference(
    refused: Said, made: Path, command: str
) -> None:
    change_world(made)
    (made / "metrics.csv").unlink()
    was = bytes_of(made)
    message = refused([command, str(made)])
    assert "does not fit: main/0, step 0, round" in message
    assert "the world's code or files have changed since the run" in message
    assert bytes_of(made) == was


def test_a_branch_of_a_run_whose_configuration_has_changed_is_refused(refused: Said, made: Path) -> None:
    change_world(made)
    assert "the files in conf/ have changed since" in refused(["branch", str(made), "--at", "2"])


def test_a_run_that_another_process_writes_is_left_alone(refused: Said, made: Path) -> None:
    was = bytes_of(made)
    code = f"""
import sys
from pathlib import Path
from sandbox.log import DecisionLog
log = DecisionLog.open(Path({str(made / LOG)!r}), write=True)
print("open", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        assert "another process is writing" in refused(["resume", str(made)])
        assert bytes_of(made) == was
        other.communicate()


def test_an_interrupted_run_says_how_to_go_on(
    ruled: Overrides, run_dir: Path, said: Said, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("sandbox.mind.RuleMind.answer", interrupted)
        assert main(["run", *ruled()]) == 130
    text = capsys.readouterr().err
    assert f"go on with: python -m sandbox resume {run_dir}" in text
    assert "Traceback" not in text
    assert "Marketplace" in said(["resume", str(run_dir)])
