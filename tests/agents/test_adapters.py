"""Adapters are compared with their model from files alone, and proved by asking; no engine is started."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from agents.adapters import check_adapter, check_adapters, describe_other_base
from agents.minds.adapter_proof import prove_change
from agents.minds.language import Engine, Generation, Job, Sampling
from sandbox.errors import BackendError

QUERY = "model.layers.0.self_attn.q_proj"
UP = "model.layers.0.mlp.up_proj"
SHAPES = {"model.embed_tokens": (20, 8), QUERY: (8, 8), UP: (16, 8), "model.layers.1.self_attn.q_proj": (8, 8)}
"""Layers of a small model, (outputs, inputs)."""
SAMPLING = Sampling(temperature=1, text_temperature=1, top_p=1, min_p=0)


def write_model(folder: Path, shapes: Mapping[str, tuple[int, int]] = SHAPES, **config: Any) -> str:
    """Write a model's configuration and weights; return what an engine would load."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", **config}), encoding="utf-8")
    tensors = {f"{name}.weight": np.ones(shape, np.float32) for name, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors")
    return str(folder)


def write_adapter(
    folder: Path, layers: Mapping[str, tuple[int, int]], rank: int = 2, prefix: str = "base_model.model.", **config: Any
) -> Path:
    """Write an adapter that changes these layers, as PEFT saves one."""
    folder.mkdir()
    plain = {"peft_type": "LORA", "r": rank, "lora_alpha": 4, "base_model_name_or_path": "org/small", "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(plain | config), encoding="utf-8")
    tensors: dict[str, np.ndarray] = {}
    for name, (outputs, inputs) in layers.items():
        tensors[f"{prefix}{name}.lora_A.weight"] = np.ones((rank, inputs), np.float32)
        tensors[f"{prefix}{name}.lora_B.weight"] = np.ones((outputs, rank), np.float32)
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> str:
    return write_model(tmp_path / "small")


def refusal(folder: Path, model: str, max_rank: int = 16) -> str:
    """Return the message with which an adapter is refused."""
    with pytest.raises(BackendError) as refused:
        check_adapter(folder, model, max_rank)
    return str(refused.value)


def change_tensors(folder: Path, change: Mapping[str, np.ndarray | None]) -> None:
    """Replace, add or (None) remove tensors of an adapter."""
    from safetensors.numpy import load_file

    path = folder / "adapter_model.safetensors"
    tensors = {**load_file(path), **change}
    save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, path)


@pytest.mark.parametrize("prefix", ["base_model.model.", ""])
def test_an_adapter_that_fits_is_accepted(tmp_path: Path, model: str, prefix: str) -> None:
    check_adapter(write_adapter(tmp_path / "mine", {QUERY: (8, 8), UP: (16, 8)}, prefix=prefix), model, 16)


def test_the_last_layer_can_be_that_of_the_embedding(tmp_path: Path, model: str) -> None:
    check_adapter(write_adapter(tmp_path / "mine", {"lm_head": (20, 8)}), model, 16)


def test_an_embedding_is_changed_by_matrices_of_its_own_shape(tmp_path: Path, model: str) -> None:
    folder = write_adapter(tmp_path / "mine", {QUERY: (8, 8)})
    name = "base_model.model.model.embed_tokens.lora_embedding_"
    change_tensors(folder, {f"{name}A": np.ones((2, 20), np.float32), f"{name}B": np.ones((8, 2), np.float32)})
    check_adapter(folder, model, 16)


def test_layers_stored_in_and_out_are_compared_that_way(tmp_path: Path) -> None:
    model = write_model(tmp_path / "gpt", {"transformer.h.0.attn.c_attn": (8, 24)})
    layers = {"transformer.h.0.attn.c_attn": (24, 8)}
    check_adapter(write_adapter(tmp_path / "mine", layers, fan_in_fan_out=True), model, 16)
    assert "is of shape (24, 8), the model's of (8, 24)" in refusal(write_adapter(tmp_path / "other", layers), model)


def test_layers_of_a_model_with_several_parts_are_known_by_the_end_of_their_names(tmp_path: Path) -> None:
    model = write_model(tmp_path / "sees", {"language_model.model.layers.0.mlp.up_proj": (16, 8)}, vision_config={})
    check_adapter(write_adapter(tmp_path / "mine", {"model.language_model.layers.0.mlp.up_proj": (16, 8)}), model, 16)
    assert "none of the 1 layers" in refusal(write_adapter(tmp_path / "other", {UP: (17, 8)}), model)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"layers.0.self_attn.q_proj": (8, 8)}, f"has no such layer, only {QUERY}"),
        ({f"model.{QUERY}": (8, 8)}, f"has no such layer, only {QUERY}"),
        ({"model.layers.40.self_attn.q_proj": (8, 8)}, "it changes model.layers.40.self_attn.q_proj"),
        ({"transformer.h.0.attn.c_attn": (24, 8)}, "it changes transformer.h.0.attn.c_attn"),
        ({QUERY: (576, 576)}, "is of shape (576, 576), the model's of (8, 8)"),
    ],
)
def test_an_adapter_of_which_no_layer_fits_is_refused(
    tmp_path: Path, model: str, layers: Mapping[str, tuple[int, int]], message: str
) -> None:
    text = refusal(write_adapter(tmp_path / "mine", layers), model)
    assert f"none of the 1 layers in {tmp_path / 'mine'} fit the model in {model}" in text
    assert message in text
    assert "It was trained on org/small" in text


def test_an_adapter_of_which_some_layers_fit_is_refused_too(tmp_path: Path, model: str) -> None:
    folder = write_adapter(tmp_path / "mine", {QUERY: (8, 8), "model.layers.7.mlp.up_proj": (16, 8)})
    assert "only 1 of the 2 layers" in refusal(folder, model)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"peft_type": "IA3"}, "of the kind IA3"),
        ({"use_dora": True}, "it is a DoRA adapter"),
        ({"modules_to_save": ["lm_head"]}, "complete layers"),
        ({"trainable_token_indices": [3]}, "trained tokens"),
        ({"bias": "all"}, "it changes biases"),
        ({"init_lora_weights": "pissa"}, "changed the base model's weights"),
        ({"lora_alpha": 0}, "lora_alpha must be a number other than 0, found 0"),
        ({"lora_alpha": None}, "found None"),
        ({"r": 4}, "have rank 2, but adapter_config.json says 4"),
        ({"r": None}, "have rank 2, but adapter_config.json says None"),
    ],
)
def test_a_kind_that_the_engine_cannot_serve_is_refused(
    tmp_path: Path, model: str, config: Mapping[str, Any], message: str
) -> None:
    assert message in refusal(write_adapter(tmp_path / "mine", {QUERY: (8, 8)}, **config), model)


def test_a_rank_of_its_own_is_compared_by_layer(tmp_path: Path, model: str) -> None:
    folder = write_adapter(tmp_path / "mine", {QUERY: (8, 8)}, rank=4, r=2, rank_pattern={"q_proj": 4})
    check_adapter(folder, model, 4)
    assert "has rank 4, more than mind.max_lora_rank, 2" in refusal(folder, model, max_rank=2)


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_an_untrained_adapter_is_refused(tmp_path: Path, model: str, zero: float) -> None:
    folder = write_adapter(tmp_path / "mine", {QUERY: (8, 8)})
    change_tensors(folder, {f"base_model.model.{QUERY}.lora_B.weight": np.full((8, 2), zero, np.float16)})
    assert "changes nothing: all its lora_B matrices are 0" in refusal(folder, model)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, model: str, number: float) -> None:
    folder = write_adapter(tmp_path / "mine", {QUERY: (8, 8)})
    change_tensors(folder, {f"base_model.model.{QUERY}.lora_A.weight": np.full((2, 8), number, np.float32)})
    assert "holds NaN or infinity" in refusal(folder, model)


@pytest.mark.parametrize(
    "name",
    [
        "base_model.model.lm_head.weight",
        f"base_model.model.{QUERY}.lora_magnitude_vector.default.weight",
        f"base_model.model.{QUERY}.lora_A.default.weight",
    ],
)
def test_a_tensor_that_the_engine_would_leave_out_is_refused(tmp_path: Path, model: str, name: str) -> None:
    folder = write_adapter(tmp_path / "mine", {QUERY: (8, 8)})
    change_tensors(folder, {name: np.ones((2, 8), np.float32)})
    assert f"holds {name}, which is no LoRA matrix" in refusal(folder, model)


def test_half_a_pair_of_matrices_is_refused(tmp_path: Path, model: str) -> None:
    folder = write_adapter(tmp_path / "mine", {QUERY: (8, 8), UP: (16, 8)})
    change_tensors(folder, {f"base_model.model.{UP}.lora_A.weight": None})
    assert f"the matrices of {UP} do not belong together: lora_A has shape none" in refusal(folder, model)


def test_damaged_and_missing_files_are_named(tmp_path: Path, model: str) -> None:
    folder = write_adapter(tmp_path / "mine", {QUERY: (8, 8)})
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    assert f"{weights} is damaged or incomplete" in refusal(folder, model)
    weights.rename(folder / "adapter_model.bin")
    assert "found adapter_config.json, adapter_model.bin" in refusal(folder, model)
    (folder / "adapter_config.json").write_text("[]", encoding="utf-8")
    assert "must be a JSON object, found list" in refusal(folder, model)
    (folder / "adapter_config.json").write_text("{", encoding="utf-8")
    assert "is not JSON" in refusal(folder, model)
    assert "is no LoRA adapter: it has no adapter_config.json" in refusal(tmp_path / "nowhere", model)


def test_without_the_model_s_files_only_the_adapter_is_checked(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "mine", {"layers.9.any": (3, 5)})
    check_adapter(folder, str(tmp_path / "not-yet-fetched"), 16)
    assert "has rank 2" in refusal(folder, str(tmp_path / "not-yet-fetched"), max_rank=1)


def test_weights_in_several_files_are_read_through_their_index(tmp_path: Path, model: str) -> None:
    folder = Path(model)
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    index = {"weight_map": {f"{QUERY}.weight": "model-00001-of-00001.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    check_adapter(write_adapter(tmp_path / "mine", {QUERY: (8, 8)}), model, 16)


def test_packed_weights_have_no_shape_to_compare(tmp_path: Path, model: str) -> None:
    save_file({f"{QUERY}.qweight": np.ones((1, 8), np.int32)}, Path(model) / "model.safetensors")
    check_adapter(write_adapter(tmp_path / "mine", {QUERY: (8, 8)}), model, 16)


def test_the_setting_that_names_the_adapter_is_named(tmp_path: Path, model: str) -> None:
    with pytest.raises(BackendError, match=r"^mind\.adapters\.mine: .* is no LoRA adapter"):
        check_adapters({"mine": tmp_path / "nowhere"}, model, 16)


@pytest.mark.parametrize(
    ("base", "is_said"),
    [("org/small", False), ("/somewhere/else/SMALL/", False), (None, False), ("", False), ("org/large", True)],
)
def test_another_base_model_is_said(tmp_path: Path, model: str, base: str | None, is_said: bool) -> None:
    folder = write_adapter(tmp_path / "mine", {QUERY: (8, 8)}, base_model_name_or_path=base)
    text = describe_other_base(folder, model)
    assert bool(text) == is_said
    assert (f"trained on {base}, but this run uses {model}" in text) == is_said


class LabelEngine(Engine):
    """An engine whose adapters add a constant of their own to the first label."""

    def __init__(self, effects: Mapping[str, float]) -> None:
        self.effects = effects
        self.is_closed = False

    def generate(self, jobs: Sequence[Job]) -> list[Generation | None]:
        return [self._answer(job) for job in jobs]

    def _answer(self, job: Job) -> Generation:
        if job.adapter and job.adapter not in self.effects:
            raise ValueError("While loading\nunsupported LoRA weight")
        return Generation(tuple(self.effects.get(job.adapter, 0.0) - place for place in range(len(job.labels))))

    def model(self, adapter: str) -> str:
        return adapter

    def describe(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        self.is_closed = True


def test_an_adapter_that_changes_a_probability_is_proved() -> None:
    engine = LabelEngine({"mine": 1e-6})
    prove_change(engine, ["mine"], SAMPLING)
    prove_change(engine, [], SAMPLING)
    assert not engine.is_closed


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        ({"mine": 0.0}, r"mind\.adapters\.mine: .* exactly as without it"),
        ({"mine": float("nan")}, "not finite"),
        ({}, "mind.adapters.mine: the engine cannot load it: unsupported LoRA weight"),
    ],
)
def test_an_adapter_that_changes_nothing_closes_the_engine(effect: Mapping[str, float], message: str) -> None:
    engine = LabelEngine({"good": 1.0, **effect})
    with pytest.raises(BackendError, match=message):
        prove_change(engine, ["good", "mine"], SAMPLING)
    assert engine.is_closed
