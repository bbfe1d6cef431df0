"""Between prompts and tokens: chat templates, labels, special tokens."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from string import ascii_uppercase
from typing import Any

from jinja2 import TemplateError

from agents.prompt import Prompt, defused
from sandbox.errors import BackendError


class Tokens:
    """A model's tokenizer as prompts need it."""

    def __init__(self, tokenizer: Any, model: str) -> None:
        self.tokenizer = tokenizer
        self._specials = _by_start(_special_tokens(tokenizer))
        self._takes_system = bool(tokenizer.chat_template) and self._has_system_role()
        self.labels = self._all_labels(model)
        """Token id of each label A, B, ... as it follows the lead of an answer."""
        self.ends = self._all_ends()
        """Token ids that end a text: the model's own end, and what frames a turn in its chat template."""

    def label_ids(self, letters: str) -> list[int]:
        """Token ids of these labels."""
        return [self.labels[ascii_uppercase.index(letter)] for letter in letters]

    def encode(self, prompts: Sequence[Prompt]) -> list[list[int]]:
        """Token ids of prompts, by the chat template where there is one, else as plain text after BOS."""
        texts = [self.text(prompt) for prompt in prompts]
        chat = bool(self.tokenizer.chat_template)
        ids: list[list[int]] = self.tokenizer(texts, add_special_tokens=not chat)["input_ids"]
        return ids

    def text(self, prompt: Prompt) -> str:
        """The prompt as the model reads it, up to where its answer begins."""
        system, user = (self._defused(part) for part in (prompt.system, prompt.user))
        if not self.tokenizer.chat_template:
            return f"{system}\n\n{user}\n{prompt.lead}"
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        if not self._takes_system:
            messages = [{"role": "user", "content": f"{system}\n\n{user}"}]
        return self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + prompt.lead

    def _defused(self, text: str) -> str:
        """The text with its special tokens broken."""
        # Gemma has 6,000, and to look for each takes 4 ms; but all begin with `<`, which people hardly write
        present = [token for start, tokens in self._specials.items() if start in text for token in tokens]
        return defused(text, sorted(present, key=len, reverse=True))

    def _has_system_role(self) -> bool:
        probe = [{"role": "system", "content": "probe"}, {"role": "user", "content": "x"}]
        try:
            return "probe" in self.tokenizer.apply_chat_template(probe, tokenize=False)
        except TemplateError:
            return False

    def _all_ends(self) -> list[int]:
        framed = ""
        if self.tokenizer.chat_template:
            framed = self.tokenizer.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False)
        names = [one for one in _special_tokens(self.tokenizer) if one and one in framed]
        return sorted({*self.tokenizer.convert_tokens_to_ids(names), self.tokenizer.eos_token_id} - {None})

    def _all_labels(self, model: str) -> list[int]:
        lead = self.tokenizer.encode("Answer:", add_special_tokens=False)
        full = [self.tokenizer.encode(f"Answer: {label}", add_special_tokens=False) for label in ascii_uppercase]
        if any(ids[:-1] != lead for ids in full):
            raise BackendError(
                f"the tokenizer of {model} has no single token for each label ' A' to ' Z'; use another model"
            )
        return [ids[-1] for ids in full]


def _by_start(tokens: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Tokens by their first character."""
    ordered = sorted(filter(None, tokens))
    return {start: list(some) for start, some in groupby(ordered, key=lambda token: token[0])}


def _special_tokens(tokenizer: Any) -> set[str]:
    """Tokens that mean something to the model; other added ones, such as an empty line, are text like any other."""
    added = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    return added | {*tokenizer.all_special_tokens}
