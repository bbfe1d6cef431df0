"""OpenAI's protocol as far as we use it: request bodies and responses of chat and plain completions.

Knows neither connections nor settings.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from math import exp, isnan, log
from typing import Annotated, Any

import msgspec

from agents.minds.language import Job
from sandbox.prompting.render import Prompt, break_special_tokens

UNLISTED_MARGIN = 1.0
"""Nats by which a label that was not listed counts as less likely than the least likely token that was."""
MAX_COMPLETIONS_LOGPROBS = 5
"""Most tokens that OpenAI's own completions list."""
LETTER_ONLY = "Answer with the letter only."
"""Sent to a server that cannot continue an answer that we began."""
UNLIKELY = -9999.0
"""Log-probability by which servers say "very unlikely" instead of giving the number."""
MAX_LOGPROB = 1e-3
"""A probability above 1 by more than rounding is none."""
MAX_TOTAL = 1.05
"""The same for the sum of probabilities, in bfloat16."""
MAX_TOKENS = 2**53
"""A larger count is none."""
THINKING_SERVERS = ("vllm", "sglang", "llamacpp")
"""Servers that pass variables on to the chat template, by `ModelCard.owned_by`."""
TURN_MARKERS = (
    "<|", "<｜", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>",
    "<</SYS>>", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[gMASK]",
)  # fmt: skip
"""How chat templates mark turns; broken in messages, since the server's special tokens are unknown here."""
_SPACE_MARKS = " \t\r\nĠĊ▁"
"""White space, and what stands for it in vocabularies: of bytes (`ĠA`), and of SentencePiece (`▁A`)."""
_AROUND_LABELS = ' \t\r\n"“”`*()[].:'
_BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")
VLLM_NEUTRAL = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
"""Overrides what vLLM would take from the model's `generation_config.json`."""


class ModelCard(msgspec.Struct, frozen=True):
    """A model that a server lists."""

    id: str
    owned_by: str | None = None
    """Who serves it: `vllm`, `openai`, ..."""
    root: str | None = None
    """Folder or hub id of the weights; only vLLM says so."""


class ModelList(msgspec.Struct, frozen=True):
    """Response to `GET /models`."""

    data: list[ModelCard]


class TokenLogprob(msgspec.Struct, frozen=True):
    """A candidate token with its log-probability."""

    token: str | None = None
    logprob: float | None = None


class ChatToken(msgspec.Struct, frozen=True):
    """One generated token of a chat."""

    top_logprobs: list[TokenLogprob] | None = None


class Logprobs(msgspec.Struct, frozen=True):
    """Log-probabilities by generated token, as chats (`content`) or as completions (`top_logprobs`) have them."""

    content: list[ChatToken] | None = None
    top_logprobs: list[dict[str, float | None] | None] | None = None

    def first_token(self) -> list[tuple[str, float]]:
        """Return the candidates for the first generated token with their log-probabilities."""
        candidates: Iterable[tuple[str | None, float | None]] = ()
        if self.content:
            candidates = [(candidate.token, candidate.logprob) for candidate in self.content[0].top_logprobs or ()]
        elif self.top_logprobs:
            candidates = (self.top_logprobs[0] or {}).items()
        return [(token, logprob) for token, logprob in candidates if token is not None and logprob is not None]


class AssistantMessage(msgspec.Struct, frozen=True):
    """What the assistant of a chat says; what it thought, servers that know thoughts put elsewhere."""

    content: str | None = None


class CompletionChoice(msgspec.Struct, frozen=True):
    """One generation."""

    message: AssistantMessage | None = None
    text: str | None = None
    logprobs: Logprobs | None = None
    finish_reason: str | None = None
    index: int | None = None
    """0-based; we request one generation."""


class Completion(msgspec.Struct, frozen=True):
    """Response to a chat or a plain completion."""

    choices: Annotated[list[CompletionChoice], msgspec.Meta(min_length=1)]
    usage: Any = None
    """Counts of tokens, which nothing depends on: whatever a server sends there."""

    @property
    def choice(self) -> CompletionChoice:
        """The generation that was requested, wherever it stands on the list."""
        return next((choice for choice in self.choices if choice.index == 0), self.choices[0])

    @property
    def is_filtered(self) -> bool:
        """Whether a filter of the server has cut the answer."""
        return self.choice.finish_reason == "content_filter"

    def text(self) -> str:
        """Return the generated text."""
        return (self.choice.message.content if self.choice.message else self.choice.text) or ""

    def first_token(self) -> list[tuple[str, float]]:
        """Return the candidates for the first generated token with their log-probabilities."""
        return self.choice.logprobs.first_token() if self.choice.logprobs else []

    def token_counts(self) -> tuple[int, int, int]:
        """Return the number of prompt tokens, of those among them from the cache, and of output tokens; 0: unknown."""
        usage = self.usage if isinstance(self.usage, dict) else {}
        details = usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else None
        prompt, output = _as_count(usage.get("prompt_tokens")), _as_count(usage.get("completion_tokens"))
        return prompt, min(_as_count(cached), prompt), output


def _as_count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < MAX_TOKENS else 0


def chat_body(prompt: Prompt, can_continue: bool, break_tokens: Callable[[str], str] = str) -> dict[str, Any]:
    """Return a prompt as the part of a request that holds the chat.

    Args:
        prompt: Has a lead if it asks for a choice.
        can_continue: Whether the server lets us begin its answer, as vLLM does.
        break_tokens: Breaks the special tokens of the served model, where its tokenizer is known.
    """
    system, user = (break_special_tokens(break_tokens(part), TURN_MARKERS) for part in (prompt.system, prompt.user))
    if prompt.lead and not can_continue:
        user = f"{user}\n{LETTER_ONLY}"
    chat = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    if not prompt.lead or not can_continue:
        return {"messages": chat}
    chat.append({"role": "assistant", "content": prompt.lead})
    return {"messages": chat, "add_generation_prompt": False, "continue_final_message": True}


def text_body(job: Job) -> dict[str, Any]:
    """Return how text is sampled and where it ends; `min_p`, which not every server knows, only if it is set."""
    request_body = {"temperature": job.sampling.text_temperature, "top_p": job.sampling.top_p, "seed": job.seed}
    if job.sampling.min_p:
        request_body["min_p"] = job.sampling.min_p
    if job.schema is None:
        return request_body if job.multiline else {**request_body, "stop": ["\n"]}
    schema = {"name": "answer", "schema": job.schema}
    return {**request_body, "response_format": {"type": "json_schema", "json_schema": schema}}


def top_logprobs_body(is_chat: bool, num_tokens: int) -> dict[str, Any]:
    """Return what requests the log-probabilities of the likeliest tokens."""
    if is_chat:
        return {"logprobs": True, "top_logprobs": num_tokens}
    return {"logprobs": min(num_tokens, MAX_COMPLETIONS_LOGPROBS)}


def exact_logprobs_body(is_chat: bool, token_ids: Sequence[int]) -> dict[str, Any]:
    """Return what requests the log-probabilities of certain tokens from vLLM."""
    return {
        "logprobs": True if is_chat else 1,
        "logprob_token_ids": list(token_ids),
        "return_tokens_as_token_ids": True,
    }


def exact_logprobs(candidates: Iterable[tuple[str, float]], token_ids: Sequence[int]) -> tuple[float, ...] | None:
    """Return the log-probabilities that `exact_logprobs_body` requested; None if one is missing or all are unknown."""
    by_name = dict(candidates)
    names = [f"token_id:{token}" for token in token_ids]
    if any(name not in by_name for name in names) or all(by_name[name] <= UNLIKELY for name in names):
        return None
    return tuple(by_name[name] for name in names)


def label_logprobs(candidates: Sequence[tuple[str, float]], labels: str) -> tuple[float, ...] | None:
    """Look the labels up among the likeliest tokens.

    A label with white space or punctuation around it is the same label, however the server writes white space: the
    probabilities add up. A candidate that is listed twice counts once. Case matters, since "a" may begin a word. A
    label that is not listed is at most as likely as the least likely token that is. It gets that token's
    log-probability less `UNLISTED_MARGIN`: with a probability of 0, the option could never be chosen. All such labels
    together get at most what the listed tokens leave.

    Returns:
        The log-probability of each label; None if no label is listed, because then the model was not answering, and if
        the list is one label without alternatives, because then their probabilities are unknown.
    """
    candidates = [(token, logprob) for token, logprob in dict.fromkeys(candidates) if logprob > UNLIKELY]
    listed: dict[str, float] = {}
    for token, logprob in candidates:
        label = _bare_label(token)
        if len(label) == 1 and label in labels:
            listed[label] = _add_logprobs(listed[label], logprob) if label in listed else logprob
    num_unlisted = len(labels) - len(listed)
    if not listed or (num_unlisted and len(candidates) < 2):
        return None
    floor = min(logprob for _, logprob in candidates) - UNLISTED_MARGIN
    rest = 1 - sum(exp(logprob) for _, logprob in candidates)
    if num_unlisted and num_unlisted * exp(floor) > rest + MAX_TOTAL - 1:
        floor = min(floor, log(max(rest, 1e-9) / num_unlisted))
    return tuple(listed.get(label, floor) for label in labels)


def are_possible(candidates: Iterable[tuple[str, float]]) -> bool:
    """Return whether these can be log-probabilities of tokens that exclude one another.

    They cannot if one is no number, or a probability or the sum of them is above 1, or they are whole numbers (ranks or
    token ids), apart from those that mean certain and impossible.
    """
    logprobs = [logprob for _, logprob in set(candidates)]
    if any(isnan(logprob) or logprob > MAX_LOGPROB for logprob in logprobs):
        return False
    known = [logprob for logprob in logprobs if UNLIKELY < logprob < 0]
    are_whole = bool(known) and all(logprob.is_integer() for logprob in known)
    return not are_whole and sum(exp(min(logprob, 0.0)) for logprob in logprobs) <= MAX_TOTAL


def are_constant(candidates: Iterable[tuple[str, float]]) -> bool:
    """Return whether several tokens have the same log-probability to the last digit, which no model gives."""
    logprobs = [logprob for _, logprob in candidates]
    return len(logprobs) > 1 and len(set(logprobs)) == 1


def _bare_label(token: str) -> str:
    """Return a token without what may surround a label: white space, quotes, brackets and what ends an item of a list.

    Some servers name tokens as vocabularies do: with marks for white space, or as bytes such as `<0x41>`.
    """
    if match := _BYTE_TOKEN.fullmatch(token):
        token = chr(int(match[1], 16))
    return token.strip(_SPACE_MARKS).strip(_AROUND_LABELS)


def _add_logprobs(first: float, second: float) -> float:
    total = exp(first) + exp(second)
    return log(total) if total > 0 else max(first, second)
