"""YAML files that cannot be edited unseen: each says the SHA-256 of the rest of its content.

A hash shows that a file was not edited, not that it is old: deposit the file, or its hash, where others see the date.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml

from sandbox.errors import DataError
from sandbox.output.writable import write_named

HASH = "sha256"
"""Key of the hash, which covers everything else in the file."""
T = TypeVar("T")


class SealedKind(NamedTuple):
    """What sealed files of a kind are called in errors."""

    noun: str
    command: str
    """Writes them."""
    participle: str
    """What was done to them, such as `registered`."""


def now() -> str:
    """Return the time, by the clock of the machine, as the files state it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def hash_content(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of everything but the hash, as JSON with sorted keys and no spaces."""
    rest = {name: value for name, value in content.items() if name != HASH}
    return sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write_sealed(path: Path, first_lines: str, content: Mapping[str, Any]) -> None:
    """Write a file with the hash of its content.

    Raises:
        DataError: It cannot be written.
    """
    text = yaml.safe_dump({HASH: hash_content(content), **content}, sort_keys=False, allow_unicode=True, width=120)
    write_named(path, first_lines + text)


def read_sealed(path: Path, kind: SealedKind, build: Callable[[Mapping[str, Any]], T]) -> T:
    """Return what `build` makes of the content of a file.

    Raises:
        DataError: The file is something else, or was edited.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        built, stated, digest = build(content), str(content[HASH]), hash_content(content)
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise DataError(f"{path} is no {kind.noun} as `{kind.command}` writes it ({error})") from error
    if digest != stated:
        raise DataError(
            f"{path} was edited after it was {kind.participle}: the SHA-256 of its content is {digest[:12]}..., but it "
            f"says {stated[:12]}...; restore the file that was {kind.participle}"
        )
    return built
