"""How likely a model finds what people really wrote, in nats per character."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer

from agents.minds.text import Tokens
from agents.models import resolve
from agents.prompt import Prompt

BASE = ""
"""Name of no adapter."""


class Reader:
    """A base with its adapters, asked for likelihoods."""

    def __init__(self, model: str, adapters: Mapping[str, Path], max_length: int) -> None:
        path = resolve(model)
        self.tokens = Tokens(AutoTokenizer.from_pretrained(path), model)
        made: Any = AutoModelForCausalLM.from_pretrained(path, dtype=torch.bfloat16)
        self._names = {name: f"adapter_{number}" for number, name in enumerate(adapters)}  # PEFT's allow no dots
        for name, folder in adapters.items():
            if isinstance(made, PeftModel):
                made.load_adapter(str(folder), self._names[name])
            else:
                made = PeftModel.from_pretrained(made, str(folder), self._names[name])
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model: Any = made.eval().to(device)
        self.max_length = max_length

    def log_likelihoods(self, prompts: Sequence[Prompt], texts: Sequence[str], adapter: str) -> list[float | None]:
        """Log-likelihood of each text and of ending there, in nats; None where it is too long with its prompt.

        Args:
            prompts: What was asked.
            texts: What was written.
            adapter: By name; `BASE` for the base.
        """
        pairs = list(zip(self.tokens.encode(prompts), self._ids(texts), strict=True))
        with self._speaking(adapter):
            return [self._one(*pair, self.tokens.ends) for pair in pairs]

    def plain(self, texts: Sequence[str], adapter: str) -> list[float]:
        """Log-likelihood of each text by itself, without a chat, from its second token on, in nats."""
        with self._speaking(adapter):
            return [self._one(ids[:1], ids[1 : self.max_length]) or 0.0 for ids in self._ids(texts, special=True)]

    @torch.inference_mode()
    def replies(self, prompts: Sequence[Prompt], most: int = 80) -> list[str]:
        """What the base says, greedily, in at most so many tokens."""
        tokenizer: Any = self.tokens.tokenizer
        made: list[str] = []
        with self._speaking(BASE):
            for ids in self.tokens.encode(prompts):
                given = torch.tensor([ids], device=self.model.device)
                written = self.model.generate(
                    given, attention_mask=torch.ones_like(given), max_new_tokens=most, do_sample=False,
                    pad_token_id=tokenizer.eos_token_id,
                )  # fmt: skip
                made.append(tokenizer.decode(written[0, len(ids) :], skip_special_tokens=True).strip())
        return made

    def _ids(self, texts: Sequence[str], special: bool = False) -> list[list[int]]:
        tokenizer: Any = self.tokens.tokenizer
        ids: list[list[int]] = tokenizer(list(texts), add_special_tokens=special)["input_ids"] if texts else []
        return ids

    def _speaking(self, adapter: str) -> AbstractContextManager[Any]:
        """The model with that adapter, or without any."""
        if not isinstance(self.model, PeftModel):
            return nullcontext()
        if adapter == BASE:
            return self.model.disable_adapter()
        self.model.set_adapter(self._names[adapter])
        return nullcontext()

    @torch.inference_mode()
    def _one(self, prompt: list[int], answer: list[int], ends: Sequence[int] = ()) -> float | None:
        """Of the answer, and of any of `ends` after it."""
        ids = torch.tensor([prompt + answer], device=self.model.device)
        if ids.shape[1] + bool(ends) > self.max_length:
            return None
        logits = self.model(input_ids=ids, logits_to_keep=len(answer) + 1, use_cache=False).logits[0].float()
        said = -cross_entropy(logits[:-1], ids[0, len(prompt) :], reduction="sum")
        return float(said + logits[-1].log_softmax(0)[list(ends)].logsumexp(0) if ends else said)
