"""Files that a run reads besides its settings, such as people, networks and adapters: where they are, what they hold.

A run is replayed from its log only with the very files that it was run with, so their contents are fingerprinted when
it starts and compared before anything is built from them again.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel
from typing_extensions import TypedDict

from sandbox.errors import DataError
from sandbox.files import hash_file
from sandbox.paths import POPULATIONS_DIR, expand_user, locate_population
from sandbox.runtime.config import RunConfig

PARTS = (
    "population", "graph", "world", "treatments", "interventions", "humans", "preregistration", "mind", "extra_minds",
)  # fmt: skip
"""Settings that may name files."""
POPULATION = "population.file"
MINDS = ("mind.", "extra_minds.")
"""Beginnings of the settings that matter only where a mind is asked."""
SHIPPED = "shipped"
"""What a setting calls the project's own adapter."""
ADAPTER_FILES = ("adapter_config.json", "*.safetensors", "*.bin")
"""What a folder of an adapter holds."""

Change: TypeAlias = Callable[[str, str], str]
"""Takes the path of a setting and its text, and returns the text to put there."""


class InputFile(TypedDict):
    """One file, or the folder of an adapter."""

    setting: str
    """The setting that names it."""
    given: str
    """How the setting was written."""
    path: str
    """Where it is: an absolute path."""
    sha256: str
    """Hash of what it holds."""


def find_inputs(config: RunConfig, known: Iterable[InputFile] = ()) -> list[InputFile]:
    """Return the files that a configuration names.

    Args:
        config: As it was composed.
        known: Files of an earlier run; a setting that is written as it was there names the same file, whatever folder
            the command is run in. Only files of minds may hold something else now.
    """
    inputs: list[InputFile] = []
    served = _list_served(config)
    earlier = {(entry["setting"], entry["given"]): entry for entry in known}

    def collect(setting: str, text: str) -> str:
        entry = earlier.get((setting, text))
        path = Path(entry["path"]) if entry else _locate(setting, text)
        if setting.startswith(served):
            return text
        if entry and not _is_of_mind(entry):
            inputs.append(entry)
        elif path is not None:
            inputs.append(_describe_file(setting, text, path))
        return text

    _change_texts(config, collect)
    return inputs


def with_paths(config: RunConfig, inputs: Sequence[InputFile]) -> RunConfig:
    """Return a configuration that names these files by their absolute paths; a shipped population keeps its name."""
    paths = {(entry["setting"], entry["given"]): entry["path"] for entry in inputs if not _is_shipped(entry)}
    return _change_texts(config, lambda setting, text: paths.get((setting, text), text))


def find_default_inputs(settings: Mapping[str, Any], values: BaseModel, where: str) -> list[InputFile]:
    """Return the files that settings with a default name, which no configuration does.

    Args:
        settings: As they were composed.
        values: The same settings after their validation; only those that are paths count.
        where: Path of the settings in the configuration.
    """
    paths = {
        name: value for name, value in values if name not in settings and isinstance(value, Path) and value.is_file()
    }
    return [_describe_file(f"{where}.{name}", str(path), path.absolute()) for name, path in paths.items()]


def _describe_file(setting: str, text: str, path: Path) -> InputFile:
    return {"setting": setting, "given": text, "path": str(path), "sha256": _digest(path)}


def add_inputs(earlier: Iterable[InputFile], inputs: Iterable[InputFile]) -> list[InputFile]:
    """Return the files of a run and of its branch, which may have minds of its own."""
    kept = [entry for entry in earlier if not _is_of_mind(entry)]
    return [*kept, *(entry for entry in inputs if entry not in kept)]


def relocate(configs: Sequence[RunConfig], inputs: Sequence[InputFile], folder: Path) -> list[RunConfig]:
    """Return the configurations of a run with the places where its files are now, and correct these in `inputs`.

    A file that is not at its place any more is looked for where its setting says, seen from the current folder, and in
    the run's own folder, as in a run that somebody else has sent.
    """
    moved: dict[str, str] = {}
    for entry in inputs:
        if _is_shipped(entry):  # perhaps by an installation at another place
            entry["path"] = str(locate_population(entry["given"]))
            continue
        places = (Path(entry["path"]), Path(entry["given"]), folder / Path(entry["path"]).name)
        place = next((place.absolute() for place in places if place.exists()), places[0])
        moved[entry["path"]] = entry["path"] = str(place)
    return [_change_texts(config, lambda _, text: moved.get(text, text)) for config in configs]


def describe_changes(inputs: Iterable[InputFile], is_live: bool = False) -> list[str]:
    """Return one sentence for each file that is gone or holds something else than it did.

    Args:
        inputs: The files of a run.
        is_live: Whether minds will be asked, so that their files matter too.
    """
    relevant = [entry for entry in inputs if is_live or not _is_of_mind(entry)]
    return [sentence for entry in relevant if (sentence := _describe_change(entry))]


def check_inputs(inputs: Iterable[InputFile], folder: Path, is_live: bool = False) -> None:
    """Raise `DataError` if a file of the run in `folder` is gone or has changed; see `describe_changes`."""
    if changes := describe_changes(inputs, is_live):
        raise DataError(
            f"{folder} cannot be played again: {'; '.join(changes)}. Restore what it was run with, or start a new run"
        )


def _describe_change(entry: InputFile) -> str:
    path = Path(entry["path"])
    if not path.exists():
        return f"{path} ({entry['setting']}) is gone"
    digest = _digest(path)
    if digest == entry["sha256"]:
        return ""
    return (
        f"{path} ({entry['setting']}) has changed since: its sha256 is {digest[:12]}..., was {entry['sha256'][:12]}..."
    )


def _is_shipped(entry: InputFile) -> bool:
    """Return whether a file is a population that comes with the project."""
    path = Path(entry["path"])
    return _is_population(entry["setting"]) and path.parts[-3:] == (*POPULATIONS_DIR.parts[-2:], entry["given"])


def _is_population(setting: str) -> bool:
    """Return whether a setting names a file of people, be it in a treatment."""
    return setting == POPULATION or setting.endswith(f".{POPULATION}")


def _is_of_mind(entry: InputFile) -> bool:
    return entry["setting"].startswith(MINDS)


def _list_served(config: RunConfig) -> tuple[str, ...]:
    """Return the beginnings of the settings of minds behind a server, whose models and adapters are named, not here."""
    nodes = {"mind": config.mind, **{f"extra_minds.{name}": node for name, node in config.extra_minds.items()}}
    return tuple(f"{setting}." for setting, node in nodes.items() if "urls" in node)


def _locate(setting: str, text: str) -> Path | None:
    """Return the absolute path of what a setting names; None if it names no file."""
    try:
        if _is_population(setting):
            path = locate_population(text)
            return path.absolute() if path.is_file() else None
        path = expand_user(text).absolute()
        may_be_file = path.suffix or os.sep in text  # a plain word is a name, even if a file is called so
        is_input = (may_be_file and path.is_file()) or (
            setting.startswith(MINDS) and text != SHIPPED and _has_adapter(path)
        )
    except (OSError, ValueError):  # a text that no path can be
        return None
    return path if is_input else None


def _digest(path: Path) -> str:
    """Return the sha256 of a file, or of an adapter's files with their names."""
    if path.is_file():
        return hash_file(path)
    return sha256("".join(f"{file.name} {_digest(file)}\n" for file in _adapter_files(path)).encode()).hexdigest()


def _has_adapter(folder: Path) -> bool:
    return bool(_adapter_files(folder))


def _adapter_files(folder: Path) -> list[Path]:
    return sorted(file for pattern in ADAPTER_FILES for file in folder.glob(pattern) if file.is_file())


def _change_texts(config: RunConfig, change: Change) -> RunConfig:
    """Return the configuration with every text in `PARTS` replaced by what `change` makes of it."""
    return config.model_copy(update={part: _change(getattr(config, part), part, change) for part in PARTS})


def _change(node: Any, setting: str, change: Change) -> Any:
    if isinstance(node, str):
        return change(setting, node)
    if isinstance(node, dict):
        return {name: _change(value, f"{setting}.{name}", change) for name, value in node.items()}
    if isinstance(node, list):
        return [_change(value, f"{setting}[{place}]", change) for place, value in enumerate(node)]
    return node
