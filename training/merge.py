"""The weighted average of a base model and its tuned self (LM-Cocktail; Xiao et al. 2023, arXiv:2311.13534).

With weight w the result is (1 - w) base + w tuned. An adapter is what tuning adds, so there it is the adapter times w.
Full models are averaged tensor by tensor, in float32, and written in files of about a gigabyte: memory holds one such
file and one tensor, however large the model.
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

from agents.models import resolve
from agents.weights import DIGEST
from sandbox.config import Frozen, compose
from sandbox.errors import ConfigError, DataError
from sandbox.validation import validated

ADAPTER = "adapter_model.safetensors"
LOW_RANK = (".lora_A.", ".lora_B.")
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
SHARD_BYTES = 10**9
"""Of one file of weights; a larger tensor has a file of its own."""


class MergeConfig(Frozen):
    """What is mixed, and how strongly."""

    model: str
    """Base: a known name, a hub id or a folder."""
    tuned: Path
    """Folder of an adapter on the base, or of a whole tuned model."""
    weights: list[float] = Field(min_length=1)
    """Shares of the tuned model, 0 to 1; each makes a folder."""
    out_dir: Path
    """Where the folders `w0.50` and the like go."""
    evaluate: dict[str, Any] | None
    """Evaluate all of them, and the base, with these further settings of `evaluate`; null: do not."""

    def folder(self, weight: float) -> Path:
        """Where the mixture of that weight goes."""
        return self.out_dir / f"w{weight:.2f}"


def configured(overrides: Sequence[str]) -> MergeConfig:
    """Compose and check the configuration."""
    config = validated(MergeConfig, compose(overrides, "merge", ()))
    if bad := [weight for weight in config.weights if not 0 <= weight <= 1]:
        raise ConfigError(f"weights has {bad[0]}; a share of the tuned model lies between 0 and 1")
    return config


def evaluation(config: MergeConfig) -> list[str]:
    """What one would type after `python -m training evaluate` to compare all that is merged with the base."""
    models = {"base": "null", **{folder.name: str(folder) for folder in map(config.folder, config.weights)}}
    told = ", ".join(f"{name}: {folder}" for name, folder in models.items())
    into = config.out_dir / "evaluation"
    more = [f"{name}={'null' if value is None else value}" for name, value in (config.evaluate or {}).items()]
    return [f"model={config.model}", f"models={{{told}}}", f"out_dir={into}", *more]


def merge(config: MergeConfig) -> Iterator[Path]:
    """Make a folder for each weight; yields each as it is done.

    Raises:
        DataError: `tuned` is neither an adapter nor a model, or does not fit the base.
    """
    for weight in config.weights:
        folder = config.folder(weight)
        if (config.tuned / ADAPTER).is_file():
            scale_adapter(config.tuned, weight, folder)
        else:
            average(_base_folder(config.model), config.tuned, weight, folder)
        yield folder


def scale_adapter(adapter: Path, weight: float, folder: Path) -> None:
    """Write an adapter whose effect is `weight` times that of `adapter`.

    Raises:
        DataError: It holds more than low-rank changes of linear layers.
    """
    with safe_open(adapter / ADAPTER, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
    if other := next((name for name in tensors if not any(part in name for part in LOW_RANK)), ""):
        raise DataError(f"{adapter} has {other}, which is no low-rank change of a linear layer; merge whole models")
    scaled = {name: one * weight if ".lora_B." in name else one for name, one in tensors.items()}
    _copy_others(adapter, folder)
    _save(scaled, folder / ADAPTER)


def average(base: Path, tuned: Path, weight: float, folder: Path) -> None:
    """Write (1 - weight) base + weight tuned; what is not a floating-point tensor is taken from `tuned`."""
    files = sorted(tuned.glob("*.safetensors"))
    if not files:
        raise DataError(f"{tuned} has no weights (*.safetensors); name the folder of an adapter or of a model")
    _copy_others(tuned, folder)
    with ExitStack() as stack:
        found, shards = _tensors(base, stack), Shards(folder)
        for path in files:
            with safe_open(path, "pt") as file:
                for name in file.keys():  # noqa: SIM118  # no mapping
                    shards.add(name, _mixed(name, found, file.get_tensor(name), weight, base, tuned))
        shards.close()


class Shards:
    """A model's weights, written some at a time."""

    def __init__(self, folder: Path, limit: int = SHARD_BYTES) -> None:
        self.folder = folder
        self.limit = limit
        self._tensors: dict[str, torch.Tensor] = {}
        self._bytes = 0
        self._files: dict[str, str] = {}

    def add(self, name: str, tensor: torch.Tensor) -> None:
        """Take a tensor; write those that wait where it would not fit beside them."""
        if self._tensors and self._bytes + tensor.nbytes > self.limit:
            self._write()
        self._tensors[name] = tensor
        self._bytes += tensor.nbytes

    def close(self) -> None:
        """Write the rest, and the index of several files where there are several."""
        self._write()
        index = self.folder / INDEX
        if len(set(self._files.values())) == 1:
            index.unlink(missing_ok=True)
            (self.folder / next(iter(self._files.values()))).replace(self.folder / WEIGHTS)
        else:
            index.write_text(json.dumps({"metadata": {}, "weight_map": self._files}, indent=2) + "\n", encoding="utf-8")

    def _write(self) -> None:
        number = len(set(self._files.values())) + 1
        path = self.folder / f"model-{number:05}.safetensors"
        _save(self._tensors, path)
        self._files |= dict.fromkeys(self._tensors, path.name)
        self._tensors, self._bytes = {}, 0


def _mixed(
    name: str, found: Mapping[str, Any], tuned: torch.Tensor, weight: float, base_at: Path, tuned_at: Path
) -> torch.Tensor:
    if name not in found:
        raise DataError(f"{tuned_at} has a tensor {name} that {base_at} has not; is that its base?")
    base = found[name].get_tensor(name)
    if base.shape != tuned.shape:
        raise DataError(f"{name} is {tuple(tuned.shape)} in {tuned_at} but {tuple(base.shape)} in {base_at}")
    if not tuned.is_floating_point():
        return tuned
    return torch.lerp(base.float(), tuned.float(), weight).to(tuned.dtype)


def _tensors(folder: Path, stack: ExitStack) -> dict[str, Any]:
    """The open file of every tensor of a model, by the tensor's name."""
    files = [stack.enter_context(safe_open(path, "pt")) for path in sorted(folder.glob("*.safetensors"))]
    return {name: file for file in files for name in file.keys()}  # noqa: SIM118


def _base_folder(model: str) -> Path:
    folder = Path(resolve(model))
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(model))


def _copy_others(source: Path, folder: Path) -> None:
    """Everything but the weights and what was noted of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.is_file() and path.name != DIGEST and path.suffix not in (".safetensors", ".bin"):
            shutil.copy2(path, folder / path.name)


def _save(tensors: dict[str, torch.Tensor], path: Path) -> None:
    part = path.with_suffix(".part")
    save_file({name: one.contiguous() for name, one in tensors.items()}, part, metadata={"format": "pt"})
    part.replace(path)
