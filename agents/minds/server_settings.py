"""Settings of `mind=server`."""

from typing import Literal

import httpx
from pydantic import Field, NonNegativeInt, PositiveInt, field_validator

from agents.minds.language import Sampling


class ServerSettings(Sampling):
    """Settings of `mind=server`."""

    urls: list[str] = Field(min_length=1)
    """Base URLs of equal servers, including `/v1`; requests go to them in turn."""
    api: Literal["chat", "completions"]
    """Who builds the prompt: the server's chat template, or we; base models need `completions`."""
    api_key_env: str | None = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of the environment variable that holds the key; null: no key."""
    served_model: str | None
    """The model's name on the server; null: the first model that the server lists."""
    tokenizer: str | None
    """The same model as a named model, folder or hub id, for its tokenizer; `completions` need it."""
    adapters: dict[str, str]
    """Names of models on the server, by adapter; vLLM serves LoRA adapters as models."""
    top_logprobs: PositiveInt
    """Tokens to list for a choice if the log-probabilities of the labels themselves cannot be requested."""
    max_concurrency: PositiveInt
    """Requests in flight at once, over all servers."""
    retries: NonNegativeInt
    """Further attempts at a request that a server failed to answer."""
    backoff_s: float = Field(gt=0)
    """Upper bound of the first pause before a retry; it doubles with every further one, up to 15 s. The sum of these
    pauses is how long a batch waits while no server can be reached."""
    timeout_s: float = Field(gt=0)
    """Longest wait for an answer."""

    @field_validator("urls")
    @classmethod
    def _check_urls(cls, urls: list[str]) -> list[str]:
        """Refuse URLs with secrets in them: the manifest records them."""
        for url in map(parse_url, urls):
            if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query:
                raise ValueError("a URL looks like http://host:8000/v1, and a key is named in mind.api_key_env")
        return urls


def parse_url(url: str) -> httpx.URL:
    """Return the parts of a URL; raise `ValueError` if it has none."""
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
