"""The prompt templates of a world: read from files, one object for each kind of question."""

from collections.abc import Mapping
from pathlib import Path

from sandbox.core.question import Template
from sandbox.errors import ContractError

PREAMBLE = "preamble"
"""Key of the prompt that all templates of a world begin with."""


def read_prompts(folder: Path) -> dict[str, str]:
    """Read every `*.txt` of a folder as a template named after the file."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))}


def template_from(world: str, key: str, prompts: Mapping[str, str]) -> Template:
    """Return a template from a world's prompts; equal arguments give the same object.

    Raises:
        ContractError: The world has no prompt of that key.
    """
    if key not in prompts:
        raise ContractError(f"world {world} asks {key!r} but its prompts are {sorted(prompts)}")
    if PREAMBLE not in prompts:
        raise ContractError(
            f"world {world} has no prompt {PREAMBLE!r}, with which all others begin; its prompts are {sorted(prompts)}"
        )
    parts = (f"{world}/{key}", prompts[PREAMBLE], prompts[key])
    if not all(isinstance(text, str) for text in parts):
        raise ContractError(f"the prompts {PREAMBLE!r} and {key!r} of world {world} must be text")
    return _TEMPLATES.setdefault(parts, Template(*parts))


_TEMPLATES: dict[tuple[str, str, str], Template] = {}
