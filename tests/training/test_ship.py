import json
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest
from safetensors.torch import load_file

from agents.shipped import FOLDER
from sandbox.errors import DataError
from tests.training.logs import write_logs
from tests.training.sft.tiny import tiny_model
from training.cli import COMMANDS
from training.merge import ADAPTER
from training.ship import Recipe, configured, make_all, misses, ship


def recipe(home: Path) -> Recipe:
    """A small corpus, two steps on a tiny model, and an evaluation without an engine."""
    made = [f"corpus_dir={home / 'corpus'}", f"model={home / 'base'}"]
    return Recipe(
        corpus=[*write_logs(home), f"corpus_dir={home / 'corpus'}"],
        sft=[
            *made, f"out_dir={home / 'tuned'}", "recipe.max_steps=2", "recipe.compile=false", "recipe.pack_length=4096",
            "checks=1", "validation=0", "recipe.rows_per_step=1",
        ],
        evaluate=[
            *made, "models={base: null}", "mind=random", "per_form=10", "resamples=100",
            f"out_dir={home / 'evaluation'}", "max_length=4000", "ability=false",
        ],
        weight=0.5,
        folder=home / "shipped",
    )  # fmt: skip


def test_one_command_goes_from_logs_to_an_adapter_with_its_card(tmp_path: Path) -> None:
    tiny_model(tmp_path / "base")
    (tmp_path / "base" / "LICENSE").write_text("Do as you like.", encoding="utf-8")
    folder = make_all(recipe(tmp_path), {name: COMMANDS[name][0] for name in ("corpus", "sft", "evaluate")})
    shipped, trained = load_file(folder / ADAPTER), load_file(tmp_path / "tuned" / "adapter" / ADAPTER)
    for name, one in shipped.items():
        share = 0.5 if ".lora_B." in name else 1
        assert (one.float() - trained[name] * share).abs().max() < 0.01
        assert str(one.dtype) == "torch.bfloat16"
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == str(tmp_path / "base")
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "| stars | uniform | 1.609 | 1.609 to 1.609 |" in card
    assert "The base is under terms of its own" in card
    assert sha256((tmp_path / "corpus" / "tasks" / "train.jsonl").read_bytes()).hexdigest() in card
    assert {path.name for path in folder.iterdir()} == {
        ADAPTER, "LICENSE", "adapter_config.json", "README.md", "training.json", "scores.csv", "contrasts.csv",
    }  # fmt: skip


def test_the_card_says_where_a_model_falls_short() -> None:
    rows = [
        ("tuned - base", "stars", "nll", -0.3, -0.4, -0.2),
        ("tuned - majority", "stars", "nll", 0.1, -0.1, 0.2),
        ("tuned - last", "stars", "nll", 0.1, 0.1, 0.2),
        ("tuned - tuned, shuffled", "stars", "nll", 0.0, -0.1, 0.1),
        ("tuned - base", "stars", "entropy gap", 0.2, 0.1, 0.3),
        ("tuned - base", "general prose", "nll per character", 0.2, 0.1, 0.3),
    ]
    columns = ["contrast", "form", "figure", "value", "low", "high"]
    contrasts = pl.DataFrame(rows, schema=columns, orient="row").with_columns(contestant=pl.lit("tuned"))
    pairs = [("base", 0.7), ("tuned", 0.6), ("people", 0.9), ("another's", 0.9)]
    scores = pl.DataFrame(pairs, schema=["contestant", "value"], orient="row").with_columns(
        form=pl.lit("review"), figure=pl.lit("distinct-2"), who=pl.lit("own")
    )
    assert list(misses(contrasts, scores)) == [
        "stars: not shown to be better than majority, 0.100 (-0.100 to 0.200)",
        "stars: another's person does not make it measurably worse, 0.000 (-0.100 to 0.100)",
        "stars: its answers are spread less like people's than the base's, 0.200 (0.100 to 0.300)",
        "review: distinct-2 is 0.300 from people's, the base's 0.200",
    ]


def test_nothing_ships_before_it_was_judged(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"adapter_model.safetensors is missing; `python -m training all` makes it"):
        ship(recipe(tmp_path))


def test_what_ships_is_small_and_says_what_it_is() -> None:
    for folder in (path for path in FOLDER.iterdir() if path.is_dir()):
        assert (folder / "adapter_model.safetensors").stat().st_size <= 16 * 2**20
        card = (folder / "README.md").read_text(encoding="utf-8")
        assert "license:" in card.partition("\n---\n")[0]
        trained = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        assert trained["settings"]["model"] == folder.name


def test_the_recipe_of_what_ships_composes() -> None:
    assert configured([]).folder == Path("agents/humanllm/smollm2-135m")
