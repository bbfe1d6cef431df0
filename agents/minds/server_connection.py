"""The way to the servers of `mind=server`: to whom a key and prompts may go, and the client that sends them."""

import os
from collections.abc import Callable

from agents.minds.http import Client, RetryPolicy
from agents.minds.server_settings import ServerSettings, parse_url
from sandbox.errors import BackendError
from sandbox.key_hosts import LOOPBACK_HOSTS, check_key_hosts

_ADVICE = {
    401: "name the environment variable that holds the key in mind.api_key_env",
    403: "check the key that mind.api_key_env names",
    404: "check mind.urls (most end in /v1) and mind.served_model",
    0: "fix what it names, or set mind.api or the server's own flags differently",
}
"""What to do about a refusal, by status code; 0 stands for any other code."""


def refuse_unnamed_hosts(settings: ServerSettings) -> None:
    """Raise `ConfigError` if the key would be sent to a host that the user has not named."""
    if settings.api_key_env:
        check_key_hosts([parse_url(url).host for url in settings.urls], settings.api_key_env)


def say_what_leaves(settings: ServerSettings, notify: Callable[[str], None]) -> None:
    """Say where prompts and the key go, if that is not this machine: settings may come from somebody else."""
    if remote := [url for url in settings.urls if parse_url(url).host not in LOOPBACK_HOSTS]:
        cargo = f"prompts and the key in {settings.api_key_env}" if settings.api_key_env else "prompts"
        is_open = any(parse_url(url).scheme == "http" for url in remote)
        notify(f"mind=server: {cargo} leave this machine, for {', '.join(remote)}{' (not encrypted)' * is_open}")


def make_client(settings: ServerSettings) -> Client:
    """Return a client with the key; raise `BackendError` if the named variable holds none."""
    key = os.environ.get(settings.api_key_env, "").strip() if settings.api_key_env else ""
    if settings.api_key_env and not (key and key.isascii() and key.isprintable()):
        raise BackendError(f"mind.api_key_env is {settings.api_key_env}, but that variable holds no key; export it")
    policy = RetryPolicy(settings.retries, settings.backoff_s, settings.timeout_s)
    # The seed of the jitter differs by process, so that those of a sweep do not retry at the same moment. No answer
    # depends on it.
    return Client(settings.urls, key, settings.max_concurrency, policy, os.getpid(), _ADVICE)
