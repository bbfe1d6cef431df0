import json
from hashlib import sha256
from pathlib import Path

import pytest
from safetensors.torch import load_file

from agents.shipped import ADAPTERS_DIR
from sandbox.errors import DataError
from tests.training.finetuning.tiny import tiny_model
from tests.training.logs import write_logs
from training.cli import COMMANDS
from training.finetuning.merge import ADAPTER
from training.release.ship import ReleaseRecipe, load_release_config, make_all, ship


def make_recipe(home: Path) -> ReleaseRecipe:
    """A small corpus, two steps on a tiny model, and an evaluation without an engine."""
    corpus_and_model = [f"corpus_dir={home / 'corpus'}", f"model={home / 'base'}"]
    return ReleaseRecipe(
        corpus=[*write_logs(home), f"corpus_dir={home / 'corpus'}"],
        sft=[
            *corpus_and_model, f"out_dir={home / 'tuned'}", "recipe.max_steps=2", "recipe.compile=false",
            "recipe.pack_length=4096", "checks=1", "validation=0", "recipe.rows_per_step=1",
        ],
        evaluate=[
            *corpus_and_model, "models={base: null}", "mind=random", "per_form=10", "resamples=100",
            f"out_dir={home / 'evaluation'}", "max_length=4000", "ability=false",
        ],
        weight=0.5,
        folder=home / "shipped",
    )  # fmt: skip


def test_one_command_goes_from_logs_to_an_adapter_with_its_card(tmp_path: Path) -> None:
    tiny_model(tmp_path / "base")
    (tmp_path / "base" / "LICENSE").write_text("Do as you like.", encoding="utf-8")
    folder = make_all(make_recipe(tmp_path), {name: COMMANDS[name][0] for name in ("corpus", "sft", "evaluate")})
    shipped, trained = load_file(folder / ADAPTER), load_file(tmp_path / "tuned" / "adapter" / ADAPTER)
    for name, tensor in shipped.items():
        weight = 0.5 if ".lora_B." in name else 1
        assert (tensor.float() - trained[name] * weight).abs().max() < 0.01
        assert str(tensor.dtype) == "torch.bfloat16"
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == str(tmp_path / "base")
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "| stars | uniform | 1.609 | 1.609 to 1.609 |" in card
    assert "The base model is under terms of its own" in card
    assert sha256((tmp_path / "corpus" / "tasks" / "train.jsonl").read_bytes()).hexdigest() in card
    assert {path.name for path in folder.iterdir()} == {
        ADAPTER, "LICENSE", "adapter_config.json", "README.md", "training.json", "scores.csv", "contrasts.csv",
    }  # fmt: skip


def test_nothing_ships_without_an_evaluation(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"adapter_model.safetensors is missing; run `python -m training all`"):
        ship(make_recipe(tmp_path))


def test_what_ships_is_small_and_says_what_it_is() -> None:
    for folder in (path for path in ADAPTERS_DIR.iterdir() if path.is_dir()):
        assert (folder / "adapter_model.safetensors").stat().st_size <= 16 * 2**20
        card = (folder / "README.md").read_text(encoding="utf-8")
        assert "license:" in card.partition("\n---\n")[0]
        manifest = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        assert manifest["settings"]["model"] == folder.name


def test_the_recipe_of_what_ships_composes() -> None:
    assert load_release_config([]).folder == Path("agents/humanllm/smollm2-135m")
