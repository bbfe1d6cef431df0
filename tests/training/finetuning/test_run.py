import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from tests.training.pipeline.test_writer import limit_file_size
from training.cli import main

from .tiny import tiny_model

ROOT = Path(__file__).parents[3]
LETTERS = "ABCDEFGH"
ADAPTER_FILE = "adapter_model.safetensors"


def task(number: int, split: str) -> dict[str, Any]:
    """Return a task of repeating a letter."""
    letter = LETTERS[number % len(LETTERS)]
    system = {"role": "system", "content": "Say it."}
    user = {"role": "user", "content": f"{split} {number}: {letter}"}
    answer = {"role": "assistant", "content": f"Answer: {letter}" if number % 2 else f"{letter} it is"}
    return {"form": "choice" if number % 2 else "text", "user": f"u{number}", "messages": [system, user, answer]}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model and a corpus."""
    home = tmp_path_factory.mktemp("home")
    tiny_model(home / "base")
    (home / "corpus" / "tasks").mkdir(parents=True)
    for split, number in (("train", 200), ("val", 20)):
        lines = "".join(json.dumps(task(index, split)) + "\n" for index in range(number))
        (home / "corpus" / "tasks" / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return home


def command(home: Path, name: str, *overrides: str) -> list[str]:
    recipe = ["recipe.pack_length=256", "recipe.rows_per_step=2", "recipe.learning_rate=0.03", "recipe.max_steps=20"]
    recipe = [*recipe, "recipe.compile=false"]
    paths = [f"corpus_dir={home / 'corpus'}", f"model={home / 'base'}", f"out_dir={home / name}"]
    return ["sft", *paths, *recipe, "++mixture={choice: null, text: null}", "validation=20", *overrides]


def read_losses(folder: Path) -> list[dict[str, str]]:
    with (folder / "losses.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def validation_losses(folder: Path) -> list[float]:
    return [float(row["eval_loss"]) for row in read_losses(folder) if row["eval_loss"]]


@pytest.fixture(scope="module")
def training_run(home: Path) -> Path:
    """The folder of a complete run."""
    assert main(command(home, "trained")) == 0
    return home / "trained"


def test_a_model_learns(training_run: Path) -> None:
    validation = validation_losses(training_run)
    assert len(validation) == 10
    assert validation[-1] < validation[0] - 0.05
    assert (training_run / "losses.png").stat().st_size > 5000
    manifest = json.loads((training_run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["steps"] == 20
    assert manifest["examples"] == {"choice": 100, "text": 100}
    assert {"trl", "peft", "torch"} <= set(manifest["versions"])


def test_the_adapter_is_loaded_by_peft_and_changes_the_base(training_run: Path, home: Path) -> None:
    base = AutoModelForCausalLM.from_pretrained(home / "base")
    ids = torch.tensor([[5, 6, 7]])
    before = base(ids).logits
    adapted = PeftModel.from_pretrained(base, training_run / "adapter")
    assert not torch.allclose(adapted(ids).logits, before)


def test_a_finished_run_is_not_repeated(training_run: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (training_run / "losses.csv").stat().st_mtime_ns
    assert main(command(home, "trained")) == 0
    assert "is there already" in capsys.readouterr().out
    assert (training_run / "losses.csv").stat().st_mtime_ns == before


def test_other_settings_for_the_same_folder_are_refused(
    training_run: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(home, training_run.name, "seed=1")) == 1
    assert "name another out_dir" in capsys.readouterr().err


def test_settings_that_did_not_work_may_be_fixed(home: Path) -> None:
    assert main(command(home, "fixed", "max_answer_tokens=1", "mixture.choice=0")) == 1
    assert main(command(home, "fixed", "recipe.max_steps=1", "checks=1")) == 0


def test_a_killed_run_resumes_along_the_same_curve(training_run: Path, home: Path) -> None:
    folder = home / "killed"
    arguments = [sys.executable, "-m", "training", *command(home, "killed")]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not list(folder.glob("checkpoints/checkpoint-8/trainer_state.json")):
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    incomplete = folder / "checkpoints" / "checkpoint-19"
    shutil.copytree(folder / "checkpoints" / "checkpoint-8", incomplete)
    (incomplete / "trainer_state.json").write_text('{"half', encoding="utf-8")
    (folder / "seconds").write_text("1000\n", encoding="utf-8")
    assert main(command(home, "killed")) == 0
    assert read_losses(folder) == read_losses(training_run)
    assert 1000 < json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["seconds"] < 1500
    resumed, unbroken = (load_file(path / "adapter" / "adapter_model.safetensors") for path in (folder, training_run))
    assert all(torch.equal(resumed[name], unbroken[name]) for name in unbroken)


def test_two_processes_share_the_rows_of_every_step(training_run: Path, home: Path) -> None:
    launch = ["-m", "accelerate.commands.launch", "--config_file", str(ROOT / "conf" / "accelerate" / "two_cpus.yaml")]
    arguments = [sys.executable, *launch, "-m", "training", *command(home, "two")]
    process = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert process.returncode == 0, process.stderr[-2000:]
    manifest = json.loads((home / "two" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["processes"], manifest["steps"]) == (2, 20)
    assert validation_losses(home / "two") == pytest.approx(validation_losses(training_run), rel=0.02)


@pytest.mark.parametrize("num_bytes", [100, 30_000, 100_000], ids=["losses", "weights", "optimizer"])
def test_a_full_disk_is_an_error_of_one_sentence_and_the_run_resumes(
    training_run: Path, home: Path, num_bytes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = home / f"filled-{num_bytes}"
    with limit_file_size(num_bytes):
        assert main(command(home, folder.name)) == 1
    *_, last = capsys.readouterr().err.splitlines()
    assert re.match(r"error: (the disk of .* is full|cannot write .*: File too large)", last)
    assert not (folder / "manifest.json").exists()
    assert not list(folder.glob("*adapter*"))
    assert main(command(home, folder.name)) == 0
    assert read_losses(folder) == read_losses(training_run)


def test_a_disk_that_fills_up_later_costs_the_work_since_the_last_checkpoint(
    training_run: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = home / "later"
    (folder / "checkpoints").mkdir(parents=True)
    shutil.copytree(training_run / "checkpoints" / "checkpoint-18", folder / "checkpoints" / "checkpoint-18")
    (folder / "adapter").mkdir()  # of a version that wrote in place, killed meanwhile
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"half")
    with limit_file_size(30_000):
        assert main(command(home, folder.name)) == 1
    assert "resumes at the last complete checkpoint" in capsys.readouterr().err
    assert main(command(home, folder.name)) == 0
    assert read_losses(folder) == read_losses(training_run)
    resumed, unbroken = (load_file(path / "adapter" / "adapter_model.safetensors") for path in (folder, training_run))
    assert all(torch.equal(resumed[name], unbroken[name]) for name in unbroken)


def test_examples_that_are_too_long_are_counted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(home, "short", "max_answer_tokens=2", "recipe.max_steps=1", "checks=1")) == 0
    assert "left out because they are too long: 100 x text" in capsys.readouterr().out
    manifest = json.loads((home / "short" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["left_out"] == {"text": 100}


def test_all_weights_can_be_trained(home: Path) -> None:
    assert main(command(home, "full", "recipe=full", "recipe.max_steps=2", "checks=1")) == 0
    model = AutoModelForCausalLM.from_pretrained(home / "full" / "model")
    base = AutoModelForCausalLM.from_pretrained(home / "base")
    pairs = zip(model.parameters(), base.parameters(), strict=True)
    assert any(not torch.equal(after.float(), before.float()) for after, before in pairs)
    assert (home / "full" / "model" / "tokenizer.json").exists()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["corpus_dir=/nowhere"], "python -m training corpus"),
        (["model=/nowhere"], "Nor is it an existing folder"),
        (["max_answer_tokens=1", "++mixture={choice: 0, text: null}"], "none fits"),
        (["recipe.rank=3"], "rank"),
        (["recipe=lorra"], "lora"),
        (["tensorboard=true"], "pip install tensorboard"),
    ],
)
def test_bad_settings_are_an_error_of_one_sentence(
    overrides: list[str], message: str, home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(command(home, "bad", *overrides, f"out_dir={tmp_path / 'bad'}")) == 1
    assert message in capsys.readouterr().err


def test_a_tokenizer_with_another_end_of_text_than_the_model_is_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(home / "base", tmp_path / "base")
    path = tmp_path / "base" / "tokenizer_config.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"eos_token": "<|im_end|>"', '"eos_token": "<|im_start|>"')
    )
    assert main([*command(home, "other_end"), f"model={tmp_path / 'base'}"]) == 1
    message = capsys.readouterr().err
    assert "ends a text with '<|im_start|>', the model with '<|im_end|>'" in message


def test_an_adapter_is_trained_further_from_where_it_was(training_run: Path, home: Path) -> None:
    start = f"adapter={training_run / 'adapter'}"
    assert main(command(home, "further", start, "recipe.learning_rate=1e-9", "recipe.max_steps=2", "checks=2")) == 0
    last = validation_losses(training_run)[-1]
    assert last < validation_losses(training_run)[0] - 0.05
    assert validation_losses(home / "further")[0] == pytest.approx(last, abs=0.02)
    before, after = (load_file(home / name / "adapter" / ADAPTER_FILE) for name in ("trained", "further"))
    assert before.keys() == after.keys()
    manifest = json.loads((home / "further" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["adapter"] == str(training_run / "adapter")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["recipe.lora.rank=8"], "has rank 16 and alpha 32.0; set recipe.lora.rank and recipe.lora.alpha to these"),
        (["recipe=full"], "by a recipe with an adapter, such as recipe=lora"),
        (["adapter=/nowhere"], "/nowhere is no LoRA adapter"),
    ],
)
def test_an_adapter_that_cannot_be_trained_further_is_refused(
    overrides: list[str], message: str, training_run: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(home, "refused", f"adapter={training_run / 'adapter'}", *overrides)) == 1
    assert message in capsys.readouterr().err
