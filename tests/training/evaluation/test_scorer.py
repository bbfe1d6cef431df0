"""Likelihoods are computed with the adapters that are named, or not at all."""

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from agents.model_loading import load_causal_model
from sandbox.errors import BackendError
from tests.training.finetuning.tiny import tiny_model
from training.evaluation.scorer import LikelihoodScorer


def save_adapter(base: Path, folder: Path, change: float, safe: bool = True) -> Path:
    """Save an adapter of a model, whose matrices B are filled with a number."""
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=2, target_modules=["q_proj"]))
    for name, matrix in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.constant_(matrix, change)
    model.save_pretrained(str(folder))
    if not safe:
        (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    return folder


def test_an_adapter_that_changes_nothing_or_may_run_code_is_refused(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    scorer = LikelihoodScorer(str(base), {"mine": save_adapter(base, tmp_path / "mine", 0.5)}, 200)
    [plain], [tuned] = (scorer.prose_likelihoods(["Tea and toast."], name) for name in ("", "mine"))
    assert plain != tuned
    with pytest.raises(BackendError, match=r"mind\.adapters\.zero: .* changes nothing"):
        LikelihoodScorer(str(base), {"zero": save_adapter(base, tmp_path / "zero", 0.0)}, 200)
    with pytest.raises(BackendError, match=r"has no adapter_model\.safetensors.*other formats can run code"):
        LikelihoodScorer(str(base), {"old": save_adapter(base, tmp_path / "old", 0.5, safe=False)}, 200)


def test_weights_that_may_run_code_are_not_read(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    torch.save(AutoModelForCausalLM.from_pretrained(base).state_dict(), base / "pytorch_model.bin")
    (base / "model.safetensors").unlink()
    with pytest.raises(BackendError, match=r"they must be safetensors, since other formats can run code"):
        load_causal_model(str(base))
