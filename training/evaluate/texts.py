"""How likely a model finds what people really wrote, in nats per character."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer

from agents.minds.text import Tokens
from agents.models import resolve
from agents.prompt import render
from sandbox.question import Question
from training.sft.attention import PACKED, register

BASE = ""
"""Name of no adapter."""


class Reader:
    """A base with its adapters, asked for likelihoods."""

    def __init__(self, model: str, adapters: Mapping[str, Path], max_length: int) -> None:
        register()
        path = resolve(model)
        self.tokens = Tokens(AutoTokenizer.from_pretrained(path), model)
        made: Any = AutoModelForCausalLM.from_pretrained(path, dtype=torch.bfloat16, attn_implementation=PACKED)
        for name, folder in adapters.items():
            if isinstance(made, PeftModel):
                made.load_adapter(str(folder), name)
            else:
                made = PeftModel.from_pretrained(made, str(folder), name)
        self.model: Any = made.eval()
        self.max_length = max_length

    def log_likelihoods(self, questions: Sequence[Question], texts: Sequence[str], adapter: str) -> list[float | None]:
        """Log-likelihood of each text, its end included, in nats; None where it is too long with its prompt.

        Args:
            questions: What was asked.
            texts: What was written.
            adapter: By name; `BASE` for the base.
        """
        prompts = self.tokens.encode([render(question) for question in questions])
        tokenizer: Any = self.tokens.tokenizer
        answers: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        pairs = [(prompt, [*answer, tokenizer.eos_token_id]) for prompt, answer in zip(prompts, answers, strict=True)]
        if adapter == BASE and isinstance(self.model, PeftModel):
            with self.model.disable_adapter():
                return [self._one(*pair) for pair in pairs]
        if adapter != BASE:
            self.model.set_adapter(adapter)
        return [self._one(*pair) for pair in pairs]

    @torch.inference_mode()
    def _one(self, prompt: list[int], answer: list[int]) -> float | None:
        ids = torch.tensor([prompt + answer])
        if ids.shape[1] > self.max_length:
            return None
        logits = self.model(input_ids=ids, logits_to_keep=len(answer) + 1, use_cache=False).logits[0, :-1]
        return -float(cross_entropy(logits.float(), torch.tensor(answer), reduction="sum"))
