"""Values of overrides that Hydra's grammar cannot read as they are: `~`, other alphabets, parentheses, apostrophes."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from sandbox.errors import ConfigError
from sandbox.paths import expand_user

_OVERRIDE = re.compile(r"(?s)([^=]*)=(.*)")
_BEGINS_LIST_OR_QUOTE = ("[", "{", "'", '"')
_ITEM = re.compile(r"\s*([^\s,\[\](){}'\"][^,\[\]{}'\"]*?)\s*(?=[,\]])")
"""A word without quotes in a list."""


def quote_values(overrides: Sequence[str]) -> list[str]:
    """Return overrides with quotes around those values that Hydra could not read without them."""
    return [override if _is_readable(override) else _quote_value(override) for override in overrides]


def quote(value: object) -> str:
    """Return a value as quoted text in Hydra's grammar."""
    text = re.sub(r"(\\*)'", r"\1\1\\'", str(value))  # a quote is escaped, and so are the backslashes before it
    text = re.sub(r"(\\+)$", r"\1\1", text)
    return f"'{text}'"


def read_value(value: str) -> Any:
    """Return what a readable value of an override means: text without its quotes, a number or a list."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create().parse_override(f"value={value}").value()


def expand_home(value: Any) -> Any:
    """Return a setting with the home folder in place of a leading `~` or `~user` of every text in it."""
    if isinstance(value, dict):
        return {name: expand_home(item) for name, item in value.items()}
    if isinstance(value, list):
        return [expand_home(item) for item in value]
    return str(expand_user(value)) if isinstance(value, str) and value.startswith("~") else value


@contextmanager
def refuse_depth() -> Generator[None, None, None]:
    """Explain settings in which lists or mappings lie in one another so deeply that no reader follows."""
    try:
        yield
    except RecursionError:
        raise ConfigError("the settings cannot be read: a value has too many brackets in one another") from None


def _is_readable(override: str) -> bool:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        OverridesParser.create().parse_override(override)
    except HydraException:
        return False
    return True


def _quote_value(override: str) -> str:
    """Return the override with its value quoted, or each word of a list; as it was if that does not help."""
    if not (match := _OVERRIDE.fullmatch(override)):
        return override
    name, value = match.groups()
    if value.startswith("["):
        quoted = f"{name}={_ITEM.sub(lambda item: quote(item[1]), value)}"
    elif value.startswith(_BEGINS_LIST_OR_QUOTE):
        return override
    else:
        quoted = f"{name}={quote(value)}"
    return quoted if _is_readable(quoted) else override


def drop_replaced(overrides: Sequence[str]) -> list[str]:
    """Return overrides without those of a setting that a later one sets again."""
    by_name = {text.partition("=")[0]: text for text in overrides}
    return list(by_name.values())
