"""OpenAI's protocol as far as we use it: what is posted and what comes back, for chat and plain completions.

Knows neither connections nor settings.
"""

from collections.abc import Iterable, Sequence
from math import exp, log
from typing import Annotated, Any

import msgspec

from agents.minds.language import Job
from agents.prompt import Prompt, defused

MISSING_MARGIN = 1.0
"""Nats by which a label that was not listed counts as less likely than the least likely token that was."""
COMPLETIONS_LOGPROBS = 5
"""Most tokens that OpenAI's own completions list."""
LETTER_ONLY = "Answer with the letter only."
"""Asked of a server that cannot continue an answer that we began."""
COMMON_MARKERS = ("<|", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<s>", "</s>", "[INST]", "[/INST]")
"""How chat templates mark turns; broken in messages, since the server's special tokens are not known here."""
VLLM_NEUTRAL = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
"""Undoes what vLLM would take from the model's `generation_config.json`."""


class Card(msgspec.Struct, frozen=True):
    """A model that a server lists."""

    id: str
    owned_by: str = ""
    """Who serves it: `vllm`, `openai`, ..."""
    root: str | None = None
    """Folder or hub id of the weights; vLLM tells it."""


class Cards(msgspec.Struct, frozen=True):
    """Answer to `GET /models`."""

    data: Annotated[list[Card], msgspec.Meta(min_length=1)]


class Listed(msgspec.Struct, frozen=True):
    """A token that could have come, with its log-probability."""

    token: str
    logprob: float


class Position(msgspec.Struct, frozen=True):
    """One generated token of a chat."""

    top_logprobs: list[Listed] = []


class Logprobs(msgspec.Struct, frozen=True):
    """Log-probabilities by generated token, as chats (`content`) or as completions (`top_logprobs`) have them."""

    content: list[Position] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None

    def first(self) -> list[tuple[str, float]]:
        """Tokens listed for the first one that was generated."""
        if self.content:
            return [(one.token, one.logprob) for one in self.content[0].top_logprobs]
        return list((self.top_logprobs[0] or {}).items()) if self.top_logprobs else []


class Message(msgspec.Struct, frozen=True):
    """What a chat's assistant says."""

    content: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """One generation."""

    message: Message | None = None
    text: str | None = None
    logprobs: Logprobs | None = None
    finish_reason: str | None = None


class Details(msgspec.Struct, frozen=True):
    """Where prompt tokens came from."""

    cached_tokens: int | None = None


class Usage(msgspec.Struct, frozen=True):
    """Tokens read and written."""

    prompt_tokens: int = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: Details | None = None


class Reply(msgspec.Struct, frozen=True):
    """Answer to a completion."""

    choices: Annotated[list[Choice], msgspec.Meta(min_length=1)]
    usage: Usage | None = None

    def text(self) -> str:
        """What was generated."""
        choice = self.choices[0]
        return (choice.message.content if choice.message else choice.text) or ""

    def listed(self) -> list[tuple[str, float]]:
        """Tokens listed for the first one that was generated."""
        found = self.choices[0].logprobs
        return found.first() if found else []

    def tokens(self) -> tuple[int, int, int]:
        """Tokens of the prompt, those of it that came from the cache, and tokens of the answer."""
        usage = self.usage or Usage()
        details = usage.prompt_tokens_details or Details()
        return usage.prompt_tokens, details.cached_tokens or 0, usage.completion_tokens or 0


def messages(prompt: Prompt, continues: bool) -> dict[str, Any]:
    """A prompt as a chat.

    Args:
        prompt: With a lead where it asks for a choice.
        continues: Whether the server lets us begin its answer, as vLLM does.
    """
    system, user = (defused(part, COMMON_MARKERS) for part in (prompt.system, prompt.user))
    if prompt.lead and not continues:
        user = f"{user}\n{LETTER_ONLY}"
    chat = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    if not prompt.lead or not continues:
        return {"messages": chat}
    chat.append({"role": "assistant", "content": prompt.lead})
    return {"messages": chat, "add_generation_prompt": False, "continue_final_message": True}


def sampling(job: Job) -> dict[str, Any]:
    """How text is drawn and where it ends; `min_p`, which not every server knows, only where it is set."""
    body = {"temperature": job.sampling.text_temperature, "top_p": job.sampling.top_p, "seed": job.seed}
    if job.sampling.min_p:
        body["min_p"] = job.sampling.min_p
    if job.schema is None:
        return body if job.many_lines else {**body, "stop": ["\n"]}
    schema = {"name": "answer", "schema": job.schema}
    return {**body, "response_format": {"type": "json_schema", "json_schema": schema}}


def likeliest(is_chat: bool, top: int) -> dict[str, Any]:
    """Ask for the likeliest tokens."""
    return {"logprobs": True, "top_logprobs": top} if is_chat else {"logprobs": min(top, COMPLETIONS_LOGPROBS)}


def exactly(is_chat: bool, token_ids: Sequence[int]) -> dict[str, Any]:
    """Ask vLLM for certain tokens."""
    return {
        "logprobs": True if is_chat else 1,
        "logprob_token_ids": list(token_ids),
        "return_tokens_as_token_ids": True,
    }


def token_logprobs(listed: Iterable[tuple[str, float]], token_ids: Sequence[int]) -> tuple[float, ...] | None:
    """What `exactly` asked for; None where one is missing."""
    by_name = dict(listed)
    names = [f"token_id:{token}" for token in token_ids]
    return tuple(by_name[name] for name in names) if all(name in by_name for name in names) else None


def label_logprobs(listed: Sequence[tuple[str, float]], labels: str) -> tuple[float, ...] | None:
    """Look the labels up among the likeliest tokens.

    With and without white space around it a label is the same; their probabilities add up. Case counts: "a" may
    begin a word. A label that is not listed is at most as likely as the least likely token that is; it is given
    that log-probability less `MISSING_MARGIN`, because a choice that could never be made would be wrong, too.

    Returns:
        One log-probability a label; None where no label is listed, for then the model was not answering.
    """
    found: dict[str, float] = {}
    for token, logprob in listed:
        label = token.strip()
        if len(label) == 1 and label in labels:
            found[label] = log(exp(found[label]) + exp(logprob)) if label in found else logprob
    if not found:
        return None
    floor = min(logprob for _, logprob in listed) - MISSING_MARGIN
    return tuple(found.get(label, floor) for label in labels)
