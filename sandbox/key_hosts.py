"""To which hosts an API key may be sent: those that the user named, so that a scenario from somebody else names none.

A host is named on the command line, in the user's own `conf/mind/`, or in an environment variable, which no file of
settings can set. An experiment's file and a run's manifest may come from somebody else, so they do not count.
"""

import os
import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from sandbox.errors import ConfigError
from sandbox.paths import user_conf_dir

KEY_HOSTS_VARIABLE = "SANDBOX_KEY_HOSTS"
"""Environment variable with hosts that may receive keys, separated by commas; processes of a sweep inherit it."""
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
"""Hosts that are this machine."""
_URL = re.compile(r"https?://(?:\[[\da-f:.]+\])?[^\s,'\"\]}]*", re.IGNORECASE)


def allow_named_hosts(arguments: Iterable[str]) -> None:
    """Allow, in this process and those that it starts, the hosts of all URLs that a command line sets as `urls`."""
    named = (host for argument in arguments if "urls" in argument for host in _list_hosts(argument))
    os.environ[KEY_HOSTS_VARIABLE] = ",".join(dict.fromkeys((*_hosts_of_variable(), *named)))


def check_key_hosts(hosts: Iterable[str], variable: str) -> None:
    """Raise `ConfigError` unless a key may be sent to all of these hosts.

    Args:
        hosts: Of the servers that are to receive the key.
        variable: Environment variable that holds the key, for the error.
    """
    allowed = {*LOOPBACK_HOSTS, *_hosts_of_variable(), *_hosts_of_own_minds()}
    if unnamed := [host for host in dict.fromkeys(hosts) if host.lower() not in allowed]:
        raise ConfigError(
            f"mind.urls would send the key in {variable} to {', '.join(unnamed)}, which only an experiment's file or a "
            "run names; if you trust that host, name it yourself: give mind.urls on the command line, put it into a "
            f"file of conf/mind/, or set {KEY_HOSTS_VARIABLE}={','.join(unnamed)}"
        )


def _hosts_of_variable() -> list[str]:
    return [host.strip().lower() for host in os.environ.get(KEY_HOSTS_VARIABLE, "").split(",") if host.strip()]


def _hosts_of_own_minds() -> Iterator[str]:
    folder = user_conf_dir()
    for path in sorted((folder / "mind").glob("*.yaml")) if folder else ():
        yield from _list_hosts(path.read_text(encoding="utf-8", errors="replace"))


def _list_hosts(text: str) -> Iterator[str]:
    """Yield the hosts of all URLs in a text; a malformed URL has none."""
    for match in _URL.finditer(text):
        try:
            host = urlsplit(match[0]).hostname
        except ValueError:
            continue
        if host:
            yield host.lower()
