"""Log-likelihoods of texts under a model: what people really wrote, given a prompt, or plain prose."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch.nn.functional import cross_entropy
from transformers import AutoTokenizer

from agents.adapters import check_adapters
from agents.minds.tokenizer import PromptTokenizer
from agents.model_loading import load_causal_model
from agents.models import resolve_model
from sandbox.prompting.render import Prompt

NO_ADAPTER = ""
"""Stands for the base model where an adapter's name is expected."""
MAX_RANK = 2**31
"""PEFT serves adapters of any rank."""


class LikelihoodScorer:
    """A base model with its adapters that computes log-likelihoods of texts."""

    def __init__(self, model: str, adapters: Mapping[str, Path], max_length: int) -> None:
        """Load the model and its adapters.

        Args:
            model: Its name, hub id or folder.
            adapters: Folder of each adapter, by name.
            max_length: Tokens of the longest prompt with its answer.

        Raises:
            BackendError: An adapter does not fit the model, or changes nothing.
        """
        path = resolve_model(model)
        check_adapters(adapters, str(path), MAX_RANK)
        self.tokens = PromptTokenizer(AutoTokenizer.from_pretrained(path), model)
        loaded: Any = load_causal_model(path, dtype=torch.bfloat16)
        # PEFT does not allow dots in the names of adapters
        self._peft_names = {name: f"adapter_{number}" for number, name in enumerate(adapters)}
        for name, folder in adapters.items():
            if isinstance(loaded, PeftModel):
                loaded.load_adapter(str(folder), self._peft_names[name])
            else:
                loaded = PeftModel.from_pretrained(loaded, str(folder), self._peft_names[name])
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model: Any = loaded.eval().to(device)
        self.max_length = max_length

    def answer_likelihoods(self, prompts: Sequence[Prompt], texts: Sequence[str], adapter: str) -> list[float | None]:
        """Return the log-likelihood of each text and of its end, in nats; None if it is too long with its prompt.

        Args:
            prompts: What each text answers.
            texts: The answers.
            adapter: Name of the adapter, or `NO_ADAPTER`.
        """
        pairs = list(zip(self.tokens.encode(prompts), self._encode(texts), strict=True))
        with self._activate(adapter):
            return [self._log_likelihood(*pair, self.tokens.end_ids) for pair in pairs]

    def prose_likelihoods(self, texts: Sequence[str], adapter: str) -> list[float]:
        """Return the log-likelihood of each text on its own, without a chat, from its second token on, in nats."""
        with self._activate(adapter):
            return [
                self._log_likelihood(ids[:1], ids[1 : self.max_length]) or 0.0
                for ids in self._encode(texts, special=True)
            ]

    @torch.inference_mode()
    def base_replies(self, prompts: Sequence[Prompt], max_tokens: int = 80) -> list[str]:
        """Return the base model's replies, decoded greedily."""
        tokenizer: Any = self.tokens.tokenizer
        replies: list[str] = []
        with self._activate(NO_ADAPTER):
            for ids in self.tokens.encode(prompts):
                inputs = torch.tensor([ids], device=self.model.device)
                output = self.model.generate(
                    inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=max_tokens, do_sample=False,
                    pad_token_id=tokenizer.eos_token_id,
                )  # fmt: skip
                replies.append(tokenizer.decode(output[0, len(ids) :], skip_special_tokens=True).strip())
        return replies

    def _encode(self, texts: Sequence[str], special: bool = False) -> list[list[int]]:
        tokenizer: Any = self.tokens.tokenizer
        ids: list[list[int]] = tokenizer(list(texts), add_special_tokens=special)["input_ids"] if texts else []
        return ids

    def _activate(self, adapter: str) -> AbstractContextManager[Any]:
        """Return a context in which the model has that adapter, or none."""
        if not isinstance(self.model, PeftModel):
            return nullcontext()
        if adapter == NO_ADAPTER:
            return self.model.disable_adapter()
        self.model.set_adapter(self._peft_names[adapter])
        return nullcontext()

    @torch.inference_mode()
    def _log_likelihood(self, prompt: list[int], answer: list[int], end_ids: Sequence[int] = ()) -> float | None:
        """Return the log-likelihood of the answer, followed by any of `end_ids` if there are some."""
        ids = torch.tensor([prompt + answer], device=self.model.device)
        if ids.shape[1] + bool(end_ids) > self.max_length:
            return None
        logits = self.model(input_ids=ids, logits_to_keep=len(answer) + 1, use_cache=False).logits[0].float()
        total = -cross_entropy(logits[:-1], ids[0, len(prompt) :], reduction="sum")
        return float(total + logits[-1].log_softmax(0)[list(end_ids)].logsumexp(0) if end_ids else total)
