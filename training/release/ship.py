"""From logs to a shipped adapter: every command in turn, then the folder that ships.

adapter_model.safetensors, adapter_config.json   the adapter in bfloat16, as PEFT and vLLM read it
README.md                                        its model card, with the base model's legal texts beside it
training.json                                    settings, versions, hardware and duration of the training
scores.csv, contrasts.csv                        the complete evaluation
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from pydantic import Field
from safetensors.torch import load_file

from agents.models import find_terms
from sandbox.composition import compose
from sandbox.errors import DataError
from sandbox.files import replace_folder, replace_text
from sandbox.quoting import expand_home, quote_values, read_value
from sandbox.settings import Settings, validate
from training.finetuning.merge import ADAPTER, save_tensors, scale_adapter
from training.release.model_card import render_card


class ReleaseRecipe(Settings):
    """How one HumanLLM is built (`conf/humanllm/`): the overrides of each command."""

    corpus: list[str]
    sft: list[str]
    evaluate: list[str]
    weight: float = Field(ge=0, le=1)
    """Weight of the adapter in the average with its base model; 1: the adapter as trained."""
    folder: Path
    """The folder that ships."""
    note: str = ""
    """What the card should add about how the shipped adapter was trained."""
    tried: list[str] = Field(default=[])
    """What was tried to fix the shortcomings, and with what result."""


class ReleaseConfig(Settings):
    """What to build."""

    humanllm: ReleaseRecipe


Command = Callable[[list[str]], int]


def load_release_config(overrides: Sequence[str]) -> ReleaseRecipe:
    """Compose and check the configuration."""
    return validate(ReleaseConfig, compose(overrides, "all", ("humanllm",))).humanllm


def make_all(recipe: ReleaseRecipe, commands: Mapping[str, Command]) -> Path:
    """Build corpus, adapter, evaluation and model card; each command resumes where it was interrupted.

    Args:
        recipe: What to build.
        commands: `corpus`, `sft` and `evaluate`, which take a list of overrides.

    Returns:
        The folder that ships.
    """
    for name, overrides in (("corpus", recipe.corpus), ("sft", recipe.sft), ("evaluate", recipe.evaluate)):
        print(f"python -m training {name} {' '.join(overrides)}")
        commands[name](list(overrides))
    return ship(recipe)


def ship(recipe: ReleaseRecipe) -> Path:
    """Write the folder that ships, whole or not at all, and return it.

    Raises:
        DataError: The model has not been trained or evaluated.
    """
    training_dir, evaluation_dir = _override_path(recipe.sft, "out_dir"), _override_path(recipe.evaluate, "out_dir")
    manifest_path = training_dir / "manifest.json"
    for path in (training_dir / "adapter" / ADAPTER, manifest_path, evaluation_dir / "contrasts.csv"):
        if not path.is_file():
            raise DataError(f"{path} is missing; run `python -m training all`")
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    if "corpus_sha256" not in manifest:
        raise DataError(f"{manifest_path} has no corpus_sha256: an earlier version wrote it; train again")
    licence, legal_texts = find_terms(manifest["settings"]["model"])
    card = render_card(recipe.model_dump(), manifest, evaluation_dir, licence)
    with replace_folder(recipe.folder) as draft:
        scale_adapter(training_dir / "adapter", recipe.weight, draft)
        _convert_to_bfloat16(draft / ADAPTER)
        _clean_adapter_folder(draft, manifest["settings"]["model"])
        shutil.copy2(manifest_path, draft / "training.json")
        for path in (evaluation_dir / "scores.csv", evaluation_dir / "contrasts.csv", *legal_texts):
            shutil.copy2(path, draft / path.name)
        replace_text(draft / "README.md", card)
    return recipe.folder


def _override_path(overrides: Sequence[str], name: str) -> Path:
    overrides = quote_values(overrides)
    values = [override.removeprefix(f"{name}=") for override in overrides if override.startswith(f"{name}=")]
    if not values:
        raise DataError(f"conf/humanllm: {name}=... is missing among {list(overrides)}; name a folder")
    return Path(str(expand_home(read_value(values[-1]))))


def _convert_to_bfloat16(path: Path) -> None:
    """Store the tensors in bfloat16, the type that engines use them in."""
    tensors = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(path).items()}
    save_tensors(tensors, path)


def _clean_adapter_folder(folder: Path, model: str) -> None:
    """Refer to the base model by name instead of a path on the training machine; delete what the base has itself."""
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    replace_text(path, json.dumps({**config, "base_model_name_or_path": model}, indent=2) + "\n")
    for name in ("README.md", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (folder / name).unlink(missing_ok=True)
