"""The prompt templates of a world: read from files, one object for each kind of question."""

from collections.abc import Mapping
from pathlib import Path

from sandbox.core.question import Template
from sandbox.errors import ContractError

PREAMBLE = "preamble"
"""Key of the prompt that all templates of a world begin with."""


def read_prompts(folder: Path) -> dict[str, str]:
    """Read every `*.txt` of a folder as a template named after the file."""
    prompts: dict[str, str] = {}
    for path in sorted(folder.glob("*.txt")):
        prompts[path.stem] = path.read_text(encoding="utf-8")
        _FILES[prompts[path.stem]] = str(path)
    return prompts


def prompt_file(text: str) -> str:
    """Return the file that `read_prompts` has read a template from; empty if it has read no such text."""
    return _FILES.get(text, "")


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


_FILES: dict[str, str] = {}
_TEMPLATES: dict[tuple[str, str, str], Template] = {}
