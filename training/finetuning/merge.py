"""The weighted average of a base model and its fine-tuned version (LM-Cocktail; Xiao et al. 2023, arXiv:2311.13534).

With weight w the result is (1 - w) base + w tuned. An adapter holds only the difference, so it is scaled by w. Complete
models are averaged tensor by tensor in float32 and written in files of about a gigabyte: memory holds one such file and
one tensor, however large the model.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from safetensors import safe_open
from safetensors.torch import save_file

from agents.models import resolve_model
from agents.weights import DIGEST_FILE
from sandbox.composition import compose
from sandbox.errors import ConfigError, DataError
from sandbox.files import replace_file, replace_folder
from sandbox.quoting import quote
from sandbox.settings import Settings, validate

ADAPTER = "adapter_model.safetensors"
LOW_RANK = (".lora_A.", ".lora_B.")
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
SHARD_BYTES = 10**9
"""Size of one file of weights; a larger tensor gets its own file."""


class MergeConfig(Settings):
    """What is merged, and with which weights."""

    model: str
    """Base model: a known name, a hub id or a folder."""
    tuned: Path
    """Folder of an adapter on the base model, or of a complete fine-tuned model."""
    weights: list[float] = Field(min_length=1)
    """Weights of the fine-tuned model, 0 to 1; each makes a folder."""
    out_dir: Path
    """Where the folders `w0.50` and so on are written."""
    evaluate: dict[str, Any] | None
    """Evaluate all of them, and the base model, with these further settings of `evaluate`; null: do not."""

    def folder(self, weight: float) -> Path:
        """Return the folder of the merge with this weight."""
        return self.out_dir / f"w{weight:.2f}"


def load_merge_config(overrides: Sequence[str]) -> MergeConfig:
    """Return the checked configuration."""
    config = validate(MergeConfig, compose(overrides, "merge", ()))
    if bad := [weight for weight in config.weights if not 0 <= weight <= 1]:
        raise ConfigError(f"weights has {bad[0]}; a weight of the fine-tuned model is between 0 and 1")
    return config


def evaluation_overrides(config: MergeConfig) -> list[str]:
    """Return the overrides of `python -m training evaluate` that compare all merges with the base model."""
    models = {"base": "null", **{folder.name: quote(folder) for folder in map(config.folder, config.weights)}}
    listing = ", ".join(f"{name}: {folder}" for name, folder in models.items())
    out_dir = config.out_dir / "evaluation"
    extra = [f"{name}={'null' if value is None else value}" for name, value in (config.evaluate or {}).items()]
    return [f"model={quote(config.model)}", f"models={{{listing}}}", f"out_dir={quote(out_dir)}", *extra]


def merge_weights(config: MergeConfig) -> Iterator[Path]:
    """Make a folder for each weight; yield each as it is done.

    Raises:
        DataError: `tuned` is neither an adapter nor a model, or does not fit the base model.
    """
    for weight in config.weights:
        with replace_folder(config.folder(weight)) as draft:
            if (config.tuned / ADAPTER).is_file():
                scale_adapter(config.tuned, weight, draft)
            else:
                average_models(_base_folder(config.model), config.tuned, weight, draft)
        yield config.folder(weight)


def scale_adapter(adapter: Path, weight: float, folder: Path) -> None:
    """Write an adapter whose effect is `weight` times that of `adapter`.

    Raises:
        DataError: It contains more than low-rank changes of linear layers.
    """
    with safe_open(adapter / ADAPTER, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
    if unsupported := next((name for name in tensors if not any(part in name for part in LOW_RANK)), ""):
        raise DataError(
            f"{adapter} has {unsupported}, which is not a low-rank change of a linear layer; merge complete models"
        )
    # The change is the product B A, so scaling one factor scales the change.
    scaled = {name: tensor * weight if ".lora_B." in name else tensor for name, tensor in tensors.items()}
    _copy_other_files(adapter, folder)
    save_tensors(scaled, folder / ADAPTER)


def average_models(base: Path, tuned: Path, weight: float, folder: Path) -> None:
    """Write (1 - weight) base + weight tuned; tensors that are not floating-point are copied from `tuned`."""
    files = sorted(tuned.glob("*.safetensors"))
    if not files:
        raise DataError(f"{tuned} has no weights (*.safetensors); name the folder of an adapter or of a model")
    _copy_other_files(tuned, folder)
    with ExitStack() as stack:
        base_files, shards = _open_tensors(base, stack), ShardWriter(folder)
        for path in files:
            with safe_open(path, "pt") as file:
                for name in file.keys():  # noqa: SIM118  # not a mapping
                    shards.add(name, _average_tensor(name, base_files, file.get_tensor(name), weight, base, tuned))
        shards.close()


class ShardWriter:
    """Writes a model's weights in several files."""

    def __init__(self, folder: Path, limit: int = SHARD_BYTES) -> None:
        self.folder = folder
        self.limit = limit
        self._tensors: dict[str, torch.Tensor] = {}
        self._bytes = 0
        self._files: dict[str, str] = {}

    def add(self, name: str, tensor: torch.Tensor) -> None:
        """Add a tensor; first write the waiting ones if it does not fit into their file."""
        if self._tensors and self._bytes + tensor.nbytes > self.limit:
            self._write_shard()
        self._tensors[name] = tensor
        self._bytes += tensor.nbytes

    def close(self) -> None:
        """Write the rest, and the index if there are several files."""
        self._write_shard()
        index = self.folder / INDEX
        if len(set(self._files.values())) == 1:
            index.unlink(missing_ok=True)
            (self.folder / next(iter(self._files.values()))).replace(self.folder / WEIGHTS)
        else:
            index.write_text(json.dumps({"metadata": {}, "weight_map": self._files}, indent=2) + "\n", encoding="utf-8")

    def _write_shard(self) -> None:
        number = len(set(self._files.values())) + 1
        path = self.folder / f"model-{number:05}.safetensors"
        save_tensors(self._tensors, path)
        self._files |= dict.fromkeys(self._tensors, path.name)
        self._tensors, self._bytes = {}, 0


def _average_tensor(
    name: str, base_files: Mapping[str, Any], tuned: torch.Tensor, weight: float, base_folder: Path, tuned_folder: Path
) -> torch.Tensor:
    if name not in base_files:
        raise DataError(f"{tuned_folder} has a tensor {name} that is not in {base_folder}; is that its base model?")
    base = base_files[name].get_tensor(name)
    if base.shape != tuned.shape:
        raise DataError(f"{name} is {tuple(tuned.shape)} in {tuned_folder} but {tuple(base.shape)} in {base_folder}")
    if not tuned.is_floating_point():
        return tuned
    return torch.lerp(base.float(), tuned.float(), weight).to(tuned.dtype)


def _open_tensors(folder: Path, stack: ExitStack) -> dict[str, Any]:
    """Return the open file of every tensor of a model, by the tensor's name."""
    files = [stack.enter_context(safe_open(path, "pt")) for path in sorted(folder.glob("*.safetensors"))]
    return {name: file for file in files for name in file.keys()}  # noqa: SIM118  # not a mapping


def _base_folder(model: str) -> Path:
    folder = Path(resolve_model(model))
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(model))


def _copy_other_files(source: Path, folder: Path) -> None:
    """Copy everything but the weights and their digest."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.is_file() and path.name != DIGEST_FILE and path.suffix not in (".safetensors", ".bin"):
            shutil.copy2(path, folder / path.name)


def save_tensors(tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Write tensors as safetensors, whole or not at all."""
    with replace_file(path) as draft:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, draft, metadata={"format": "pt"})
