"""LoRA adapters: whether one can change the model that it is named for, read from files before an engine starts.

vLLM accepts an adapter of which no layer fits, and then answers with the base model alone: two arms are equal to the
last digit. Here the kind, ranks, names and shapes of an adapter are compared with the model's own files.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.model_files import ModelFiles
from sandbox.errors import BackendError

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
UNSUPPORTED: Mapping[str, str] = {
    "use_dora": "it is a DoRA adapter",
    "modules_to_save": "it holds complete layers beside the low-rank matrices",
    "trainable_token_indices": "it holds trained tokens beside the low-rank matrices",
    "target_parameters": "it changes parameters that are no layers of their own",
    "lora_bias": "it has biases",
    "alora_invocation_tokens": "it is an activated LoRA (aLoRA)",
    "layer_replication": "it repeats layers of the model",
    "use_bdlora": "it is a block-diagonal LoRA",
    "use_qalora": "it is a QALoRA adapter",
}
"""Settings of PEFT that the engine cannot serve, and what they mean."""
PLAIN_STARTS = frozenset(("gaussian", "eva", "orthogonal", "mica", "lora_ga"))
"""Values of `init_lora_weights` that leave the base model's weights alone; PiSSA and others change them."""
_MATRIX = re.compile(
    r"(?:base_model\.model\.)?(.+?)\.(lora_A\.weight|lora_B\.weight|lora_embedding_A|lora_embedding_B)"
)
_BASE_COPY = (".embed_tokens.base_layer.weight", ".lm_head.base_layer.weight")
"""Ends of names under which PEFT stores a copy of the base model's own weights; engines skip it."""
_NUMBER_BITS: Mapping[str, tuple[str, int]] = {
    "F32": ("<u4", 0x7F800000),
    "F16": ("<u2", 0x7C00),
    "BF16": ("<u2", 0x7F80),
}
"""By number type: how NumPy reads its bits, and the bits that are all set in NaN and infinity."""


class LoraLayer(NamedTuple):
    """One layer that an adapter changes."""

    inputs: int
    outputs: int
    rank: int
    is_embedding: bool


def check_adapters(folders: Mapping[str, Path], model: str, max_rank: int) -> None:
    """Check several adapters, see `check_adapter`; the message begins with the setting that names the bad one."""
    for name, folder in folders.items():
        try:
            check_adapter(folder, model, max_rank)
        except BackendError as error:
            raise BackendError(f"mind.adapters.{name}: {error}") from error


def check_adapter(folder: Path, model: str, max_rank: int) -> None:
    """Check that an adapter can change a model.

    Args:
        folder: The adapter's, as PEFT saves it.
        model: What the engine loads. Layers are compared if its files are on this machine; a hub id may not be there.
        max_rank: Largest rank that the engine is set up for.

    Raises:
        BackendError: The adapter is incomplete, of a kind that the engine cannot serve, changes nothing, or does not
            fit the model; the message says what was found.
    """
    config = read_adapter_config(folder)
    _check_kind(folder, config)
    layers = _read_layers(folder)
    _check_ranks(folder, config, layers, max_rank)
    files = ModelFiles.find(model)
    if files is not None:
        _check_fit(folder, config, layers, files)


def read_adapter_config(folder: Path) -> dict[str, Any]:
    """Return what PEFT stores about an adapter.

    Raises:
        BackendError: There is no such file, or it is not a JSON object.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise BackendError(f"{folder} is no LoRA adapter: it has no {CONFIG}")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BackendError(f"{path} is not JSON ({error}); copy the adapter again") from error
    if not isinstance(config, dict):
        raise BackendError(f"{path} must be a JSON object, found {type(config).__name__}; copy the adapter again")
    return config


def describe_other_base(folder: Path, model: str) -> str:
    """Say that an adapter was trained on another model than this one, going by their names; empty if it was not.

    Names are compared by their last part, because a model's folder can have moved.
    """
    base = read_adapter_config(folder).get("base_model_name_or_path")
    if not isinstance(base, str) or not base.strip("/") or _last_part(base) == _last_part(model):
        return ""
    return (
        f"{folder} says that it was trained on {base}, but this run uses {model}; its answers mean little unless both "
        "are the same weights"
    )


def _last_part(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2].lower()


def _check_kind(folder: Path, config: Mapping[str, Any]) -> None:
    kind = str(config.get("peft_type", "LORA"))
    if kind.upper() != "LORA":
        raise BackendError(f"{folder} is an adapter of the kind {kind}, but the engine serves LoRA adapters only")
    for name, meaning in UNSUPPORTED.items():
        if config.get(name):
            raise _unsupported(folder, name, config[name], meaning)
    if config.get("bias", "none") != "none":
        raise _unsupported(folder, "bias", config["bias"], "it changes biases")
    start = config.get("init_lora_weights")
    if isinstance(start, str) and start.lower() not in PLAIN_STARTS:
        raise _unsupported(folder, "init_lora_weights", start, "its training also changed the base model's weights")


def _unsupported(folder: Path, name: str, value: Any, meaning: str) -> BackendError:
    return BackendError(
        f"{folder}: {meaning} ({name} is {value!r} in {CONFIG}), which the engine cannot serve; merge it into its base "
        "model with PEFT (merge_and_unload) and name the merged folder as `model`, or train a plain LoRA"
    )


def _read_layers(folder: Path) -> dict[str, LoraLayer]:
    """Return the layers that an adapter changes, by the name of the layer in the model."""
    matrices: dict[str, dict[str, list[int]]] = {}
    has_change = False
    for name, tensor in _read_tensors(folder):
        match = _MATRIX.fullmatch(name)
        if match is None:
            raise BackendError(
                f"{folder / WEIGHTS} holds {name}, which is no LoRA matrix; the engine would leave it out. Save the "
                "adapter with PEFT's `save_pretrained`, without modules_to_save"
            )
        layer, kind = match.groups()
        matrices.setdefault(layer, {})[kind.removesuffix(".weight")] = tensor["shape"]
        has_change |= _has_change(folder, name, tensor) and kind.removesuffix(".weight").endswith("B")
    if not matrices:
        raise BackendError(f"{folder / WEIGHTS} holds no LoRA matrix; copy the adapter again")
    if not has_change:
        raise BackendError(f"{folder} changes nothing: all its lora_B matrices are 0, as before training; train it")
    return {layer: _to_layer(folder, layer, shapes) for layer, shapes in matrices.items()}


def _read_tensors(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name, shape, number type and bytes of every tensor of an adapter."""
    try:
        from safetensors import SafetensorError, deserialize
    except ModuleNotFoundError as error:
        raise BackendError("LoRA adapters need safetensors: pip install -e '.[cpu]' or '.[gpu]'") from error
    path = folder / WEIGHTS
    if not path.is_file():
        files = ", ".join(sorted(file.name for file in folder.iterdir())) or "nothing"
        raise BackendError(
            f"{folder} has no {WEIGHTS}, found {files}; other formats can run code when they are read: load the "
            "adapter with PEFT and save it again (save_pretrained)"
        )
    try:
        tensors: list[tuple[str, dict[str, Any]]] = deserialize(path.read_bytes())
    except SafetensorError as error:
        raise BackendError(f"{path} is damaged or incomplete ({error}); copy it again") from error
    for name, tensor in tensors:
        if not name.endswith(_BASE_COPY):
            yield name, tensor


def _has_change(folder: Path, name: str, tensor: Mapping[str, Any]) -> bool:
    """Return whether a tensor has a number that is not 0; refuse NaN and infinity."""
    if tensor["dtype"] not in _NUMBER_BITS:
        return any(tensor["data"])
    integers, exponent = _NUMBER_BITS[tensor["dtype"]]
    bits = np.frombuffer(tensor["data"], integers)
    if bool(((bits & exponent) == exponent).any()):
        raise BackendError(f"{folder / WEIGHTS}: {name} holds NaN or infinity; its training failed, train it again")
    return bool((bits << 1).any())  # without the sign: -0.0 is 0 too


def _to_layer(folder: Path, name: str, shapes: Mapping[str, list[int]]) -> LoraLayer:
    is_embedding = any("embedding" in kind for kind in shapes)
    kinds = ("lora_embedding_A", "lora_embedding_B") if is_embedding else ("lora_A", "lora_B")
    first, second = (shapes.get(kind, []) for kind in kinds)
    if len(first) != 2 or len(second) != 2 or first[0] != second[1]:
        raise BackendError(
            f"{folder / WEIGHTS}: the matrices of {name} do not belong together: {kinds[0]} has shape "
            f"{first or 'none'}, {kinds[1]} {second or 'none'}; they must be (rank, inputs) and (outputs, rank)"
        )
    return LoraLayer(inputs=first[1], outputs=second[0], rank=first[0], is_embedding=is_embedding)


def _check_ranks(folder: Path, config: Mapping[str, Any], layers: Mapping[str, LoraLayer], max_rank: int) -> None:
    scale = config.get("lora_alpha")
    if not isinstance(scale, int | float) or not 0 < abs(scale) < float("inf"):
        raise BackendError(f"{folder / CONFIG}: lora_alpha must be a number other than 0, found {scale!r}")
    for name, layer in layers.items():
        if layer.rank != (expected := _configured_rank(config, name)):
            raise BackendError(
                f"{folder}: the matrices of {name} have rank {layer.rank}, but {CONFIG} says {expected!r}: the files "
                "are of two adapters"
            )
    if (largest := max(layer.rank for layer in layers.values())) > max_rank:
        raise BackendError(f"{folder} has rank {largest}, more than mind.max_lora_rank, {max_rank}; raise it")


def _configured_rank(config: Mapping[str, Any], name: str) -> Any:
    """Return the rank that a layer has by the configuration, as PEFT reads its patterns."""
    patterns: Mapping[str, Any] = config.get("rank_pattern") or {}
    ranks = (rank for key, rank in patterns.items() if re.match(rf"(.*\.)?({key})$", name))
    return next(ranks, config.get("r"))


def _check_fit(folder: Path, config: Mapping[str, Any], layers: Mapping[str, LoraLayer], files: ModelFiles) -> None:
    """Compare names and shapes of all layers with those of the model."""
    is_transposed = bool(config.get("fan_in_fan_out"))
    misfits = {name: reason for name, layer in layers.items() if (reason := _misfit(name, layer, files, is_transposed))}
    if not misfits:
        return
    number = "none" if len(misfits) == len(layers) else f"only {len(layers) - len(misfits)}"
    base = config.get("base_model_name_or_path") or "a model that it does not name"
    raise BackendError(
        f"{number} of the {len(layers)} layers in {folder} fit the model in {files.folder}: "
        f"{next(iter(misfits.values()))}. It was trained on {base}; run it with that model, or train one on this model"
    )


def _misfit(name: str, layer: LoraLayer, files: ModelFiles, is_transposed: bool) -> str:
    """Say why a layer of an adapter does not fit the model; empty if it does."""
    shapes = files.shapes_of(name)
    if shapes is None:
        return f"it changes {name}, but the model has no such layer, only {files.nearest_name(name)}"
    size = (layer.outputs, layer.inputs)
    if layer.is_embedding or is_transposed:
        size = size[::-1]
    if not shapes or size in shapes:
        return ""
    return f"its {name} is of shape {size}, the model's of {shapes[0]}"
