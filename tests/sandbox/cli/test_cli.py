"""The command line: every command, and one clear line for every mistake."""

import errno
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from sandbox.cli.main import main
from sandbox.runtime.results import Results
from sandbox.runtime.run import LOG, Run
from sandbox.runtime.runner import Progress
from tests.conftest import Overrides

ROOT = Path(__file__).parents[3]
HEAVY = ("hydra", "torch", "vllm", "pandas", "matplotlib", "mesa", "numpy", "pyarrow", "rich")

Printed = Callable[[Sequence[str]], str]


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty folder, where `runs/` would appear."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    """Return a function that runs a command that succeeds, and returns what it prints."""

    def run(arguments: Sequence[str]) -> str:
        capsys.readouterr()
        assert main([*arguments]) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Printed:
    """Return a function that runs a command that fails, and returns its single message."""

    def run(arguments: Sequence[str]) -> str:
        capsys.readouterr()
        assert main([*arguments]) == 1
        return single_error(capsys.readouterr().err)

    return run


def single_error(text: str) -> str:
    """The one message in what before printed to stderr."""
    assert "Traceback" not in text
    _, *errors = f"\n{text}".split("\nerror: ")
    assert len(errors) == 1, text
    return errors[0].strip()


@pytest.fixture(scope="module")
def finished_master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, finished_run once."""
    folder = tmp_path_factory.mktemp("finished_master") / "run"
    run = Run.start(["world=marketplace", "mind=rule", "population.size=20", "steps=5", f"run_dir={folder}"])
    run.resume(Progress(), lambda _: None)
    return folder


@pytest.fixture
def finished_run(finished_master: Path, run_dir: Path) -> Path:
    """Return a copy of the finished run."""
    return shutil.copytree(finished_master, run_dir)


def protected_bytes(folder: Path) -> dict[str, bytes]:
    """Return what must survive a failed command."""
    return {path.name: path.read_bytes() for path in (folder / LOG, folder / "manifest.json")}


def test_the_command_line_imports_nothing_heavy() -> None:
    code = f"import sandbox.cli.main, sys; print([name for name in {HEAVY} if name in sys.modules])"
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


def test_help_is_printed_by_the_module(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["--help"])
    assert exit_info.value.code == 0
    text = capsys.readouterr().out
    for command in ("run", "resume", "branch", "show", "plot", "export", "list", "check", "doctor"):
        assert f"\n    {command} " in text


def test_run_summarises_and_leaves_a_folder(printed: Printed, rule_market: Overrides, run_dir: Path) -> None:
    text = printed(["run", *rule_market()])
    assert "marketplace" in text
    assert "rule 100 %" in text
    assert (run_dir / "metrics.csv").is_file()
    assert list((run_dir / "figures").glob("*.png"))


def test_a_run_without_run_dir_is_under_runs(printed: Printed, rule_market: Overrides) -> None:
    printed(["run", *rule_market("run_dir=null", "world=rumor")])
    [folder] = Path("runs").iterdir()
    assert folder.name.startswith("rumor-")
    printed(["show", str(folder)])


def test_show_prints_the_summary_again(printed: Printed, finished_run: Path) -> None:
    text = printed(["show", str(finished_run)])
    assert "marketplace" in text
    assert printed(["show", str(finished_run)]) == text


def test_a_reader_that_has_enough_is_no_error(finished_run: Path) -> None:
    show = [sys.executable, "-m", "sandbox", "show", str(finished_run), "--agent", "1"]
    process = subprocess.Popen(show, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    assert process.communicate()[1].strip() == ""
    assert process.returncode == 128 + signal.SIGPIPE


def test_plot_prints_the_files_it_draws(printed: Printed, finished_run: Path) -> None:
    paths = [Path(line) for line in printed(["plot", str(finished_run)]).split("\n") if line]
    assert paths
    assert all(path.stat().st_size > 1000 for path in paths)


def test_export_prints_the_files_it_writes(printed: Printed, finished_run: Path, tmp_path: Path) -> None:
    paths = [Path(line) for line in printed(["export", str(finished_run)]).split("\n") if line]
    assert {path.suffix for path in paths} == {".parquet", ".csv", ".graphml"}
    assert all(path.is_file() and path.is_relative_to(finished_run / "export") for path in paths)
    printed(["export", str(finished_run), "--to", str(tmp_path / "out")])
    assert (tmp_path / "out" / "metrics.csv").is_file()


def test_list_names_every_choice_of_every_group(printed: Printed) -> None:
    text = printed(["list"])
    for group in ("world", "mind", "population", "graph"):
        assert f"{group}=" in text
        for path in (ROOT / "conf" / group).glob("*.yaml"):
            assert path.stem in text


def test_resume_of_a_finished_run_says_the_same(printed: Printed, finished_run: Path) -> None:
    before = protected_bytes(finished_run)
    assert "marketplace" in printed(["resume", str(finished_run)])
    assert protected_bytes(finished_run) == before


def test_branch_creates_a_run_of_its_own(printed: Printed, finished_run: Path, tmp_path: Path) -> None:
    before = protected_bytes(finished_run)
    printed(["branch", str(finished_run), "--at", "3", "world.ranking=price", f"run_dir={tmp_path / 'branch'}"])
    printed(["branch", str(finished_run), "--at", "3", "interventions=[{step: 3, do: tax, rate: 0.3}]"])
    assert json.loads((tmp_path / "branch" / "manifest.json").read_text())["status"] == "finished"
    assert [folder.name.split("-202")[0] for folder in Path("runs").iterdir()] == ["marketplace-branch"]
    assert protected_bytes(finished_run) == before


def test_check_prints_every_promise(printed: Printed) -> None:
    lines = printed(["check", "rumor", "population.size=20"]).strip().split("\n")
    assert len(lines) == 9
    assert all(line.startswith("ok  ") for line in lines)


def test_doctor_reports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) in (0, 1)
    assert "python" in capsys.readouterr().out


LAUNCHERS = [[], ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]]


def run_sweep(launcher: Sequence[str], *overrides: str) -> "subprocess.CompletedProcess[str]":
    """Run a sweep in its own process."""
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
def test_a_sweep_runs_each_value(rule_market: Overrides, launcher: list[str]) -> None:
    extra = [text for text in rule_market("steps=2") if not text.startswith("run_dir")]
    process = run_sweep(launcher, *extra, "world.ranking=price,rating")
    assert process.returncode == 0, process.stderr
    manifests = [json.loads(path.read_text()) for path in Path("runs").glob("sweep-*/*/manifest.json")]
    assert sorted(manifest["segments"][0]["config"]["world"]["ranking"] for manifest in manifests) == [
        "price",
        "rating",
    ]
    assert {manifest["status"] for manifest in manifests} == {"finished"}
    assert {path.name for path in Path.cwd().iterdir()} <= {"runs", "multirun.yaml"}
    [path] = Path("runs").glob("*/sweep.csv")
    table = pd.read_csv(path)
    assert list(table.columns) == ["world.ranking", "arm", "seed", "metric", "summary", "value"]
    for job, ranking in enumerate(("price", "rating")):
        sales = pd.read_csv(path.parent / str(job) / "metrics.csv")["sales"]
        rows = table[(table["world.ranking"] == ranking) & (table["metric"] == "sales")].set_index("summary")["value"]
        assert dict(rows) == {"last": sales.iloc[-1], "mean": pytest.approx(sales.mean())}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_sweep_names_the_run_that_fails_and_runs_the_rest(rule_market: Overrides, launcher: list[str]) -> None:
    extra = [text for text in rule_market("steps=2") if not text.startswith("run_dir")]
    process = run_sweep(launcher, *extra, "world.tax=2,0.1")
    assert process.returncode == 1
    assert "world.tax=2: invalid configuration: world.tax: Input should be less than 1, found 2" in process.stderr
    assert re.search(r"^the sweep is incomplete: .*world.tax=2 failed$", process.stderr, re.MULTILINE)
    assert "Traceback" not in process.stderr
    assert len(list(Path("runs").glob("sweep-*/*/metrics.csv"))) == 1
    assert "sweep: 1 of 2 jobs finished, 0 never began\nfailed: world.tax=2\n" in process.stderr
    jobs = pd.read_csv(next(Path("runs").glob("*/jobs.csv")))
    assert jobs.to_dict("list") == {"world.tax": [2.0, 0.1], "run": [0, 1], "status": ["failed", "finished"]}
    assert set(pd.read_csv(next(Path("runs").glob("*/sweep.csv")))["world.tax"]) == {0.1}


def test_an_unknown_setting_is_named_though_another_choice_needs_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "world=rumor", "graph=from_file", "graph.path=ties.csv", "seed=1"]) == 1
    assert "unknown setting 'seed'" in capsys.readouterr().err
    assert main(["run", "world=rumor", "graph=from_file"]) == 1
    assert "graph.path" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("wrld=", "unknown setting 'wrld'.*Did you mean 'world'"),
        ("world=marketplce", "unknown world 'marketplce'; there is commons, .*Did you mean 'marketplace'"),
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
        ("mind={_target_: os.path}", "mind._target_ must name a subclass of sandbox.core.mind.Mind"),
        ("mind={_target_: nowhere.Mind}", "no module 'nowhere'"),
        ("+extra_minds.x={_target_: os.path}", "extra_minds.x._target_ must name a subclass of sandbox.core.mind.Mind"),
        ("interventions=[{step: 99, do: tax, rate: 0.1}]", r"interventions\[0\].step is 99 but the run ends before it"),
        ("interventions=[{step: 1, do: tx}]", "unknown intervention 'tx'.*Did you mean 'tax'"),
        (
            "interventions=[{step: 1, do: tax, rate: 2}]",
            r"interventions\[0\].rate: Input should be less than 1, found 2",
        ),
        (
            "interventions=[{do: tax}]",
            r"interventions\[0\].step: Field required(.|\n)*interventions\[0\].rate: Field required",
        ),
        (
            "interventions=[{step: 1, do: set, params: {rankin: price}}]",
            r"interventions\[0\].params.rankin: .*mean 'ranking'",
        ),
        (
            "interventions=[{step: 2, do: set, params: {sponsored_slots: 3}},"
            "{step: 1, do: set, params: {num_shown: 2}}]",
            r"interventions\[0\].params: .*sponsored_slots=3 cannot exceed num_shown=2",
        ),
        ("world.rent=inf", "world.rent: .*finite"),
        (
            "interventions=[{step: 1, do: set, params: {num_sellers: 3}}]",
            r"interventions\[0\].params.num_sellers shapes the world",
        ),
        (
            "interventions=[{step: 1, do: message, text: x, to: byuers}]",
            "message.to: unknown role 'byuers'.*mean 'buyer'",
        ),
        ("interventions=[{step: 1, do: message, text: x, to: [3, 99]}]", "message.to: there is no agent 99 at step 0"),
        (
            "interventions=[{step: 1, do: ban, seller: 4}]",
            "ban: there can be no seller 4 at step 1.*there are 21 to 30",
        ),
        ("interventions=[{step: 1, do: ban, seller: 99}]", "ban: there can be no seller 99 at step 1"),
        ("interventions=[{step: 1, do: fake_review, listing: 999, stars: 5}]", "there can be no listing 999 at step 1"),
        ("assignment.seler=rule", "unknown role 'seler'.*Did you mean 'seller'"),
        ("assignment={buyer: vlm}", "assignment.buyer: unknown mind 'vlm'"),
        ("assignment.buyer={rule: 0.5}", "assignment.buyer: shares must be positive and sum to 1"),
        ("assignment.buyer={}", "assignment.buyer"),
        ("=3", "invalid override '=3'"),
        ("experiment=[nan]", "a group of settings, .* takes a name"),
        ("graph=[null]", "a group of settings, .* takes a name"),
        ("population=[[]]", "a group of settings, .* takes a name"),
        ("+mind@extra_minds.x=[[]]", "a group of settings, .* takes a name"),
        ("mind.temperature=1", "invalid override mind.temperature: unknown setting 'temperature'; there is none"),
        ("+mind.temperature=1", "mind=rule has no settings, found temperature"),
        ("+presentation.shufle=1", "presentation.shufle: unknown setting .*; there is first_label, .*mean 'shuffle'"),
        ("population.size=inf", "population.size: Input should be a valid integer, found inf"),
        ("mind._target_=[nan]", "mind needs a _target_ such as"),
        ("~steps", r"steps: Field required$"),
        ("primary=[sales_]", "invalid configuration: primary names 'sales_'"),
        ("population={_target_: os.system, file: x, size: 3}", "must name a function such as .* of the project"),
        ("population={_target_: agents.weights.weights_digest, file: x, size: 3}", "population._target_ must take"),
        ("mind={_target_: antigravity.fly}", "antigravity is neither part of .* SANDBOX_TRUSTED_PACKAGES=antigravity"),
        ("world._target_=this.s", "this is neither part of the project nor a module in this folder"),
        ("model=${oc.env:HOME}", "asks for an environment variable"),
        ("+world.x='${ oc.env : NOT_SET, none }'", "asks for an environment variable"),
        ("voices.x=rule", "the setting `voices` is now called `extra_minds`"),
        ("+mind@voices.x=rule", "the setting `voices` is now called `extra_minds`"),
        ("+cast.seller=rule", "the setting `cast` is now called `assignment`"),
        ("events=[]", "the setting `events` is now called `interventions`"),
        ("max_fallback_share=0.1", "the setting `max_fallback_share` is now called `max_fallback_rate`"),
        ("mind.speaker=humanllm", "the setting `mind.speaker` is now called `mind.default_adapter`"),
        ("mind={speaker: x}", "invalid override"),
        ("outcomes=[sale]", "outcomes: unknown metric 'sale'.*Did you mean 'sales'"),
        ("memory.recent=3", "memory.recent: .*found 3"),
        ("run_dir=/proc/nowhere", "cannot create the folder /proc/nowhere"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_left_behind(
    refusal: Printed, rule_market: Overrides, run_dir: Path, override: str, message: str
) -> None:
    arguments = [text for text in rule_market() if not (override.startswith("run_dir") and text.startswith("run_dir"))]
    assert re.search(message, refusal(["run", *arguments, override]))
    assert not run_dir.exists()
    assert not list(Path.cwd().iterdir())


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["mind=base", "model=smollm2-135n"], "unknown model 'smollm2-135n'.*Did you mean 'smollm2-135m'"),
        (["mind=base", "model=/nowhere/at/all"], "unknown model '/nowhere/at/all'"),
        (["mind=humanllm", "model=org/other"], "no HumanLLM comes .* only for gemma3-270m, smollm2-135m;"),
        (["mind=base", "mind.adapters.mine=nowhere"], r"mind.adapters.mine: .*write \+mind.adapters.mine"),
        (["mind=base", "+mind.adapters.mine=nowhere"], "mind.adapters.mine: nowhere is no LoRA adapter"),
    ],
)
def test_a_missing_model_or_adapter_is_named_before_a_run_starts(
    refusal: Printed, rule_market: Overrides, run_dir: Path, overrides: list[str], message: str
) -> None:
    arguments = [text for text in rule_market() if not text.startswith("mind=")]
    assert re.search(message, refusal(["run", *arguments, *overrides]))
    assert not run_dir.exists()


@pytest.mark.parametrize(("code", "message"), [(errno.ENOSPC, "No space left"), (errno.EROFS, "Read-only file system")])
def test_a_full_disk_is_one_sentence_and_the_run_resumes_later(
    refusal: Printed, rule_market: Overrides, run_dir: Path, monkeypatch: pytest.MonkeyPatch, code: int, message: str
) -> None:
    def fail_to_write(*_: object) -> None:
        raise OSError(code, os.strerror(code), "metrics.csv")

    with monkeypatch.context() as patch:
        patch.setattr(Results, "write", fail_to_write)
        output = refusal(["run", *rule_market()])
    assert f"cannot write metrics.csv: {message}" in output
    assert main(["resume", str(run_dir)]) == 0


def test_several_wrong_settings_are_named_at_once(refusal: Printed, rule_market: Overrides) -> None:
    assert len(refusal(["run", *rule_market("steps=0", "seeds=[]")]).split("\n")) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bogus"], "invalid choice: 'bogus'"),
        ([], "the following arguments are required"),
        (["branch", "runs/x"], "required: --at"),
        (["branch", "runs/x", "--at", "two"], "invalid int value: 'two'"),
        (["resume"], "required: run"),
    ],
)
def test_a_wrong_command_exits_with_2(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["run", "--fast"], ["show", "x", "--fast"], ["show", "x", "steps=3"]])
def test_an_unknown_flag_exits_with_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 2
    assert f"unknown argument {arguments[-1]!r}; see `python -m sandbox {arguments[0]} --help`" in single_error(
        capsys.readouterr().err
    )


@pytest.mark.parametrize("command", ["resume", "show", "plot", "export", "branch"])
def test_a_folder_that_is_not_a_run_is_named(refusal: Printed, command: str) -> None:
    extra = ["--at", "1"] if command == "branch" else []
    assert "nowhere is not a run: it has no manifest.json" in refusal([command, "nowhere", *extra])
    assert not list(Path.cwd().iterdir())


def truncate_log(run: Path) -> None:
    content = (run / LOG).read_bytes()
    (run / LOG).write_bytes(content[: len(content) // 2])


def replace_by_text(run: Path) -> None:
    (run / LOG).write_text("this is no database " * 100)


def replace_by_another_database(run: Path) -> None:
    (run / LOG).unlink()
    sqlite3.connect(run / LOG).execute("CREATE TABLE foreign_table (x)").connection.close()


def empty_log(run: Path) -> None:
    (run / LOG).write_bytes(b"")


def move_log(run: Path) -> None:
    (run / LOG).rename(run / "elsewhere.sqlite")


def cut_manifest(run: Path) -> None:
    content = (run / "manifest.json").read_bytes()
    (run / "manifest.json").write_bytes(content[: len(content) // 2])


def rewrite_manifest(text: str) -> Callable[[Path], None]:
    def rewrite(run: Path) -> None:
        (run / "manifest.json").write_text(text)

    return rewrite


def change_world(run: Path) -> None:
    """Change the world as if its code had changed since: it asks other questions now."""
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["segments"][0]["config"]["world"]["num_shown"] = 2
    (run / "manifest.json").write_text(json.dumps(manifest))


def change_setting(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["segments"][0]["config"]["world"]["taxes"] = 2
    (run / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("command", ["resume", "branch"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate_log, "decisions.sqlite is damaged"),
        (replace_by_text, "decisions.sqlite is damaged: SQLite cannot read it"),
        (replace_by_another_database, "not a decision log of this version"),
        (empty_log, "decisions.sqlite is damaged: .* none of its batches is intact"),
        (move_log, "no decision log at"),
        (cut_manifest, "manifest.json is damaged"),
        (rewrite_manifest(""), "manifest.json is damaged"),
        (rewrite_manifest("{}"), "manifest.json is damaged"),
        (rewrite_manifest("[]"), "manifest.json is damaged"),
        (rewrite_manifest("3"), "manifest.json is damaged"),
        (rewrite_manifest('{"segments": []}'), "manifest.json is damaged"),
        (change_setting, "unknown setting 'taxes'|conf/ have changed"),
    ],
)
def test_a_damaged_run_is_refused_and_left_alone(
    refusal: Printed, finished_run: Path, command: str, damage: Callable[[Path], None], message: str
) -> None:
    damage(finished_run)
    before = {path: path.read_bytes() for path in finished_run.glob("*.*") if path.suffix in (".json", ".sqlite")}
    extra = ["--at", "2"] if command == "branch" else []
    assert re.search(message, refusal([command, str(finished_run), *extra]))
    for path, content in before.items():
        assert path.read_bytes() == content
    assert not Path("runs").exists() or not list(Path("runs").iterdir())


@pytest.mark.parametrize("command", ["resume", "show"])
def test_a_run_whose_world_has_changed_is_refused_at_the_first_difference(
    refusal: Printed, finished_run: Path, command: str
) -> None:
    change_world(finished_run)
    (finished_run / "metrics.parquet").unlink()
    before = protected_bytes(finished_run)
    message = refusal([command, str(finished_run)])
    assert "does not match this run: main/0, step 0, round" in message
    assert "the world's code or files have changed since the run" in message
    assert protected_bytes(finished_run) == before


def test_a_branch_of_a_run_whose_configuration_has_changed_is_refused(refusal: Printed, finished_run: Path) -> None:
    change_world(finished_run)
    assert "the files in conf/ have changed since" in refusal(["branch", str(finished_run), "--at", "2"])


def test_a_run_that_another_process_writes_is_left_alone(refusal: Printed, finished_run: Path) -> None:
    before = protected_bytes(finished_run)
    code = f"""
import sys
from pathlib import Path
from sandbox.runtime.log import DecisionLog
log = DecisionLog.open(Path({str(finished_run / LOG)!r}), write=True)
print("open", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        assert "another process is writing" in refusal(["resume", str(finished_run)])
        assert protected_bytes(finished_run) == before
        writer.communicate()


def test_an_interrupted_run_says_how_to_continue(
    rule_market: Overrides,
    run_dir: Path,
    printed: Printed,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("sandbox.core.mind.RuleMind.answer", interrupt)
        assert main(["run", *rule_market()]) == 130
    text = capsys.readouterr().err
    assert f"to continue: python -m sandbox resume {run_dir}" in text
    assert "Traceback" not in text
    assert "marketplace" in printed(["resume", str(run_dir)])


@pytest.mark.parametrize("name", ["räk 日本", "it's (2)=x", "slash/"])
def test_a_run_may_be_in_a_folder_of_any_name(
    name: str, printed: Printed, rule_market: Overrides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for folder in (name, f"~/home {name}"):
        printed(["run", *rule_market(f"run_dir={folder}", "null_worlds=0")])
        assert "marketplace" in printed(["show", folder])
        assert printed(["export", folder, "--to", f"{folder.rstrip('/')}-out"])
    assert not (tmp_path / "~").exists()
    assert (tmp_path / f"home {name.rstrip('/')}-out" / "metrics.csv").is_file()


@pytest.mark.parametrize(
    "command", [["run"], ["run", "-m", "seeds=[0],[1]"], ["compare", "minds=[rule,random]"], ["phase", "sales"]]
)
@pytest.mark.parametrize("name", ["file", "file/x", "a" * 300])
def test_a_path_that_cannot_be_a_folder_is_an_error_before_anything_is_run(
    command: list[str], name: str, rule_market: Overrides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    sweep = ["world.rent=2,5"] if command[0] == "phase" else []
    assert main([*command, *rule_market(f"run_dir={name}"), *sweep]) == 1
    error = capsys.readouterr().err
    assert re.match("error: cannot (create the folder|use the path) ", error)
    assert not list(tmp_path.rglob("decisions.sqlite"))
