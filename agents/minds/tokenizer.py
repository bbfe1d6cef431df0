"""From prompts to tokens: chat templates, labels, special tokens."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from string import ascii_uppercase
from typing import Any

from jinja2 import TemplateError

from sandbox.errors import BackendError
from sandbox.prompting.render import Prompt, break_special_tokens

NO_THINKING: Mapping[str, bool] = {"enable_thinking": False, "thinking": False}
"""Variables by which chat templates switch the thoughts of a reasoning model off; other templates ignore them."""


class PromptTokenizer:
    """A model's tokenizer as prompts need it."""

    def __init__(self, tokenizer: Any, model: str) -> None:
        self.tokenizer = tokenizer
        self._specials = _group_by_first_character(_special_tokens(tokenizer))
        self._takes_system = bool(tokenizer.chat_template) and self._has_system_role()
        self.letter_ids = self._find_letter_ids(model)
        """Token id of each label A, B, ... as it follows the lead of an answer."""
        self.end_ids = self._find_end_ids()
        """Token ids that end a text: the model's own end of text, and what frames a turn in its chat template."""

    def label_ids(self, letters: str) -> list[int]:
        """Return the token ids of these labels."""
        return [self.letter_ids[ascii_uppercase.index(letter)] for letter in letters]

    def encode(self, prompts: Sequence[Prompt]) -> list[list[int]]:
        """Return the token ids of prompts: by the chat template if the model has one, else as plain text after BOS."""
        texts = [self.format_prompt(prompt) for prompt in prompts]
        if not texts:  # a tokenizer cannot encode an empty list
            return []
        has_template = bool(self.tokenizer.chat_template)
        token_ids: list[list[int]] = self.tokenizer(texts, add_special_tokens=not has_template)["input_ids"]
        return token_ids

    def format_prompt(self, prompt: Prompt) -> str:
        """Return the prompt as the model reads it, up to the beginning of its answer."""
        system, user = (self.break_special_tokens(part) for part in (prompt.system, prompt.user))
        if not self.tokenizer.chat_template:
            return f"{system}\n\n{user}\n{prompt.lead}"
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        if not self._takes_system:
            messages = [{"role": "user", "content": f"{system}\n\n{user}"}]
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **NO_THINKING)
        return close_thought(text) + prompt.lead

    def break_special_tokens(self, text: str) -> str:
        """Return text in which the model's special tokens are plain characters."""
        # Gemma has 6,000 special tokens, and searching for each takes 4 ms. All of them begin with `<`, which people
        # rarely write.
        present = [token for start, tokens in self._specials.items() if start in text for token in tokens]
        return break_special_tokens(text, sorted(present, key=len, reverse=True))

    def _has_system_role(self) -> bool:
        probe = [{"role": "system", "content": "probe"}, {"role": "user", "content": "x"}]
        try:
            return "probe" in self.tokenizer.apply_chat_template(probe, tokenize=False)
        except TemplateError:
            return False

    def _find_end_ids(self) -> list[int]:
        example = ""
        if self.tokenizer.chat_template:
            example = self.tokenizer.apply_chat_template([{"role": "user", "content": "x"}], tokenize=False)
        turn_tokens = [token for token in _special_tokens(self.tokenizer) if token and token in example]
        return sorted({*self.tokenizer.convert_tokens_to_ids(turn_tokens), self.tokenizer.eos_token_id} - {None})

    def _find_letter_ids(self, model: str) -> list[int]:
        lead = self.tokenizer.encode("Answer:", add_special_tokens=False)
        answers = [self.tokenizer.encode(f"Answer: {letter}", add_special_tokens=False) for letter in ascii_uppercase]
        if any(token_ids[:-1] != lead for token_ids in answers):
            raise BackendError(
                f"the tokenizer of {model} has no single token for each label ' A' to ' Z'; use another model"
            )
        return [token_ids[-1] for token_ids in answers]


def close_thought(text: str) -> str:
    """Return a prompt in which the thought that its chat template opens at the end, if any, is over."""
    return f"{text.rstrip()}\n\n</think>\n\n" if text.rstrip().endswith("<think>") else text


def _group_by_first_character(tokens: Iterable[str]) -> Mapping[str, Sequence[str]]:
    nonempty = sorted(filter(None, tokens))
    return {start: list(group) for start, group in groupby(nonempty, key=lambda token: token[0])}


def _special_tokens(tokenizer: Any) -> set[str]:
    """Return the control tokens of the model; its other added tokens, such as an empty line, are ordinary text."""
    added = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    return added | {*tokenizer.all_special_tokens}
