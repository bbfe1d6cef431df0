"""OpenAI's protocol as far as we use it: request bodies and responses of chat and plain completions.

Knows neither connections nor settings.
"""

from collections.abc import Iterable, Sequence
from math import exp, log
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
TURN_MARKERS = ("<|", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<s>", "</s>", "[INST]", "[/INST]")
"""How chat templates mark turns; broken in messages, since the server's special tokens are unknown here."""
VLLM_NEUTRAL = {"top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0}
"""Overrides what vLLM would take from the model's `generation_config.json`."""


class ModelCard(msgspec.Struct, frozen=True):
    """A model that a server lists."""

    id: str
    owned_by: str = ""
    """Who serves it: `vllm`, `openai`, ..."""
    root: str | None = None
    """Folder or hub id of the weights; only vLLM says so."""


class ModelList(msgspec.Struct, frozen=True):
    """Response to `GET /models`."""

    data: Annotated[list[ModelCard], msgspec.Meta(min_length=1)]


class TokenLogprob(msgspec.Struct, frozen=True):
    """A candidate token with its log-probability."""

    token: str
    logprob: float


class ChatToken(msgspec.Struct, frozen=True):
    """One generated token of a chat."""

    top_logprobs: list[TokenLogprob] = []


class Logprobs(msgspec.Struct, frozen=True):
    """Log-probabilities by generated token, as chats (`content`) or as completions (`top_logprobs`) have them."""

    content: list[ChatToken] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None

    def first_token(self) -> list[tuple[str, float]]:
        """Return the candidates for the first generated token with their log-probabilities."""
        if self.content:
            return [(candidate.token, candidate.logprob) for candidate in self.content[0].top_logprobs]
        return list((self.top_logprobs[0] or {}).items()) if self.top_logprobs else []


class AssistantMessage(msgspec.Struct, frozen=True):
    """What the assistant of a chat says."""

    content: str | None = None


class CompletionChoice(msgspec.Struct, frozen=True):
    """One generation."""

    message: AssistantMessage | None = None
    text: str | None = None
    logprobs: Logprobs | None = None
    finish_reason: str | None = None


class PromptTokensDetails(msgspec.Struct, frozen=True):
    """How the prompt tokens were obtained."""

    cached_tokens: int | None = None


class TokenUsage(msgspec.Struct, frozen=True):
    """Counts of prompt and output tokens."""

    prompt_tokens: int = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: PromptTokensDetails | None = None


class Completion(msgspec.Struct, frozen=True):
    """Response to a chat or a plain completion."""

    choices: Annotated[list[CompletionChoice], msgspec.Meta(min_length=1)]
    usage: TokenUsage | None = None

    def text(self) -> str:
        """Return the generated text."""
        choice = self.choices[0]
        return (choice.message.content if choice.message else choice.text) or ""

    def first_token(self) -> list[tuple[str, float]]:
        """Return the candidates for the first generated token with their log-probabilities."""
        logprobs = self.choices[0].logprobs
        return logprobs.first_token() if logprobs else []

    def token_counts(self) -> tuple[int, int, int]:
        """Return the number of prompt tokens, of those among them from the cache, and of output tokens."""
        usage = self.usage or TokenUsage()
        details = usage.prompt_tokens_details or PromptTokensDetails()
        return usage.prompt_tokens, details.cached_tokens or 0, usage.completion_tokens or 0


def chat_body(prompt: Prompt, can_continue: bool) -> dict[str, Any]:
    """Return a prompt as the part of a request that holds the chat.

    Args:
        prompt: Has a lead if it asks for a choice.
        can_continue: Whether the server lets us begin its answer, as vLLM does.
    """
    system, user = (break_special_tokens(part, TURN_MARKERS) for part in (prompt.system, prompt.user))
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
    """Return the log-probabilities that `exact_logprobs_body` requested; None if one is missing."""
    by_name = dict(candidates)
    names = [f"token_id:{token}" for token in token_ids]
    return tuple(by_name[name] for name in names) if all(name in by_name for name in names) else None


def label_logprobs(candidates: Sequence[tuple[str, float]], labels: str) -> tuple[float, ...] | None:
    """Look the labels up among the likeliest tokens.

    A label with white space around it is the same label: the probabilities add up. Case matters, since "a" may begin a
    word. A label that is not listed is at most as likely as the least likely token that is. It gets that token's
    log-probability less `UNLISTED_MARGIN`: with a probability of 0, the option could never be chosen.

    Returns:
        The log-probability of each label; None if no label is listed, because then the model was not answering.
    """
    listed: dict[str, float] = {}
    for token, logprob in candidates:
        label = token.strip()
        if len(label) == 1 and label in labels:
            listed[label] = log(exp(listed[label]) + exp(logprob)) if label in listed else logprob
    if not listed:
        return None
    floor = min(logprob for _, logprob in candidates) - UNLISTED_MARGIN
    return tuple(listed.get(label, floor) for label in labels)
