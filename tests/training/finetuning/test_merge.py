from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from sandbox.errors import DataError
from training.cli import main
from training.evaluation import run
from training.finetuning.merge import ShardWriter, evaluation_overrides, load_merge_config, scale_adapter

from .tiny import tiny_model

IDS = torch.tensor([[5, 6, 7, 8]])


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tiny_model(tmp_path / "base")


def save_adapter(base: Path, folder: Path) -> Path:
    """Save an adapter that changes something, and return its folder."""
    torch.manual_seed(1)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=4, target_modules="all-linear"))
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    model.save_pretrained(str(folder))
    return folder


def merged_weights(base: Path, adapter: Path) -> torch.Tensor:
    return flat_weights(
        PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter).merge_and_unload()
    )


def flat_weights(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def test_an_adapter_is_scaled(base: Path, tmp_path: Path) -> None:
    adapter = save_adapter(base, tmp_path / "adapter")
    out = tmp_path / "out"
    assert main(["merge", f"model={base}", f"tuned={adapter}", "weights=[0,0.25,1]", f"out_dir={out}"]) == 0
    plain = flat_weights(AutoModelForCausalLM.from_pretrained(base))
    merged = {name: merged_weights(base, out / name) for name in ("w0.00", "w0.25", "w1.00")}
    assert torch.equal(merged["w0.00"], plain)
    assert torch.allclose(merged["w0.25"], torch.lerp(plain, merged["w1.00"], 0.25), atol=1e-6)
    assert not torch.allclose(merged["w1.00"], plain, atol=1e-3)


def test_complete_models_are_averaged_over_all_their_files(base: Path, tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(base)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight))
    model.save_pretrained(tmp_path / "tuned", max_shard_size="20KB")
    assert len(list((tmp_path / "tuned").glob("*.safetensors"))) > 1
    command = ["merge", f"model={base}", f"tuned={tmp_path / 'tuned'}", "weights=[0.5]", f"out_dir={tmp_path / 'out'}"]
    assert main(command) == 0
    half = flat_weights(AutoModelForCausalLM.from_pretrained(tmp_path / "out" / "w0.50"))
    expected = torch.lerp(flat_weights(AutoModelForCausalLM.from_pretrained(base)), flat_weights(model), 0.5)
    assert torch.allclose(half, expected, atol=1e-6)
    assert [path.name for path in (tmp_path / "out" / "w0.50").glob("model*")] == ["model.safetensors"]


def test_weights_are_written_shard_by_shard(base: Path, tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(base)
    model.save_pretrained(tmp_path / "split")
    (tmp_path / "split" / "model.safetensors").unlink()
    shards = ShardWriter(tmp_path / "split", limit=20_000)
    tensors = load_file(base / "model.safetensors")
    for name, tensor in tensors.items():
        shards.add(name, tensor)
    shards.close()
    files = sorted((tmp_path / "split").glob("*.safetensors"))
    assert len(files) > 1
    assert all(len(load_file(path)) == 1 or path.stat().st_size < 22_000 for path in files)
    assert torch.equal(flat_weights(AutoModelForCausalLM.from_pretrained(tmp_path / "split")), flat_weights(model))


def test_an_adapter_of_more_than_linear_layers_is_refused(base: Path, tmp_path: Path) -> None:
    adapter = save_adapter(base, tmp_path / "adapter")
    tensors = load_file(adapter / "adapter_model.safetensors")
    save_file({**tensors, "base_model.model.lm_head.weight": torch.ones(2)}, adapter / "adapter_model.safetensors")
    with pytest.raises(DataError, match="lm_head"):
        scale_adapter(adapter, 0.5, tmp_path / "half")


@pytest.mark.parametrize(
    ("overrides", "message"), [(["weights=[2]"], "between 0 and 1"), (["tuned=/nowhere"], "has no weights")]
)
def test_what_cannot_be_merged_is_an_error_of_one_sentence(
    overrides: list[str], message: str, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["merge", f"model={base}", *overrides, f"out_dir={tmp_path / 'out'}"]) == 1
    assert message in capsys.readouterr().err


def test_a_model_of_another_shape_is_refused(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = AutoModelForCausalLM.from_pretrained(base)
    model.resize_token_embeddings(400)
    model.save_pretrained(tmp_path / "resized")
    assert main(["merge", f"model={base}", f"tuned={tmp_path / 'resized'}", f"out_dir={tmp_path / 'out'}"]) == 1
    assert "(400, 32)" in capsys.readouterr().err


def test_a_sweep_is_evaluated_with_the_base_model(base: Path, tmp_path: Path) -> None:
    adapter = save_adapter(base, tmp_path / "adapter")
    settings = [f"model={base}", f"tuned={adapter}", "weights=[0.25,1]", f"out_dir={tmp_path / 'out'}"]
    config = load_merge_config([*settings, "evaluate={per_form: 7}"])
    evaluate_config, _ = run.load_evaluate_config(evaluation_overrides(config))
    assert evaluate_config.models == {
        "base": None, "w0.25": str(tmp_path / "out" / "w0.25"), "w1.00": str(tmp_path / "out" / "w1.00"),
    }  # fmt: skip
    assert evaluate_config.per_form == 7
