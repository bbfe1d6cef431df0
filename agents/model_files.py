"""The layers of a language model, as the headers of its safetensors files list them; no weight is read."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Self

from sandbox.errors import BackendError

CONFIG, INDEX = "config.json", "model.safetensors.index.json"
FLOATS = ("F64", "F32", "F16", "BF16", "F8")
"""Beginnings of the number types whose tensors have the shape of their layer; packed integers have not."""
NESTED = ("text_config", "vision_config", "llm_config", "language_config", "thinker_config")
"""Settings of models with several parts, whose files and classes name the parts differently."""


class ModelFiles(NamedTuple):
    """What the files of a model say about its layers."""

    folder: Path
    shapes: Mapping[str, tuple[int, int] | None]
    """(outputs, inputs) of every layer by its name; None if the files do not tell, as for packed weights."""
    is_nested: bool
    """Whether a layer is known by the end of its name only, see `NESTED`."""

    @classmethod
    def find(cls, model: str) -> Self | None:
        """Return the layers of a model; None if its safetensors files are not on this machine.

        Args:
            model: A folder or a hub id.
        """
        folder = _find_folder(model)
        if folder is None:
            return None
        shapes: dict[str, tuple[int, int] | None] = {}
        for path in _list_weights(folder):
            shapes.update(_read_shapes(path))
        if not shapes:
            return None
        embedding = next((name for name in shapes if name.endswith("embed_tokens")), None)
        if embedding is not None:  # which is the last layer too, where the files have no other
            shapes.setdefault("lm_head", shapes[embedding])
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return cls(folder, shapes, any(name in config for name in NESTED))

    def shapes_of(self, name: str) -> list[tuple[int, int]] | None:
        """Return the shapes that a layer may have; empty if any will do, None if there is no such layer."""
        if ".experts" in name:  # files and classes of mixtures of experts name them differently
            return []
        names = [name] if not self.is_nested else [layer for layer in self.shapes if _tail(layer) == _tail(name)]
        if not any(layer in self.shapes for layer in names):
            return None
        shapes = [self.shapes[layer] for layer in names]
        return [] if None in shapes else [shape for shape in shapes if shape is not None]

    def nearest_name(self, name: str) -> str:
        """Return the name of a layer that is most like `name`, for messages."""
        ends = [layer for layer in self.shapes if layer.endswith(f".{name}") or name.endswith(f".{layer}")]
        nearest = ends or get_close_matches(name, self.shapes, n=1, cutoff=0)
        return nearest[0]


def _find_folder(model: str) -> Path | None:
    """Return the folder of a model, or that of a hub id in the hub's cache; None if there is none."""
    folder = Path(model)
    if folder.is_dir():
        return folder if (folder / CONFIG).is_file() else None
    if folder.is_absolute() or find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(model, CONFIG)
    return Path(path).parent if isinstance(path, str) else None


def _list_weights(folder: Path) -> list[Path]:
    """Return the files with weights; the index knows them, because a folder may hold the same weights twice."""
    index = folder / INDEX
    if index.is_file():
        weight_map: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        return [path for name in sorted(set(weight_map.values())) if (path := folder / name).is_file()]
    single = folder / "model.safetensors"
    return [single] if single.is_file() else sorted(folder.glob("*.safetensors"))


def _read_shapes(path: Path) -> dict[str, tuple[int, int] | None]:
    """Return the shape of every layer in a file by its name."""
    from safetensors import SafetensorError, safe_open

    shapes: dict[str, tuple[int, int] | None] = {}
    reader: Any
    try:
        with safe_open(path, framework="np") as reader:
            for key in reader.keys():  # noqa: SIM118  # not a dictionary
                name, _, part = key.rpartition(".")
                tensor = reader.get_slice(key)
                size = tensor.get_shape()
                is_plain = part == "weight" and len(size) == 2 and tensor.get_dtype().startswith(FLOATS)
                if is_plain or name not in shapes:
                    shapes[name] = (size[0], size[1]) if is_plain else None
    except SafetensorError as error:
        raise BackendError(f"{path} is damaged or incomplete ({error}); fetch or copy the model again") from error
    return shapes


def _tail(name: str) -> str:
    """Return the part of a layer's name that files and classes agree on, such as `layers.0.mlp.up_proj`."""
    _, separator, rest = name.rpartition(".layers.")
    return f"layers.{rest}" if separator else name.rpartition(".")[2]
