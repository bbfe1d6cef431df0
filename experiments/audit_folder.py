"""The folder of an audit: what its runs share, and where each of them is."""

import json
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import ConfigError, DataError
from sandbox.files import replace_text
from sandbox.folders import make_folder
from sandbox.runtime.manifest import FILE, Manifest

PLAIN = "plain"
"""Name of the runs without any change."""
RECORD = "audit.json"
"""The overrides that all runs of an audit share, as a list."""


def begin_audit(folder: Path, overrides: Sequence[str]) -> None:
    """Make the folder of an audit, and record what its runs share, so that it can be continued from then on."""
    replace_text(make_folder(folder, "--run") / RECORD, json.dumps(list(overrides)))


def earlier_overrides(folder: Path | None, overrides: Sequence[str]) -> list[str]:
    """Return the overrides that all runs of an earlier audit share; empty if there is none.

    Args:
        folder: What the user named; None: nothing.
        overrides: What runs of a new audit would share by the settings beside it, which may be those of the earlier
            audit: the command that began it continues it. Empty without settings.

    Raises:
        ConfigError: There is an audit, and the settings are not its own.
        DataError: The folder is a run, or there is neither an audit in it nor are there settings for one.
    """
    if folder is None:
        return []
    if (folder / FILE).is_file():
        raise DataError(f"{folder} is a run, not an audit; name the folder of an audit, or a new one")
    shared = _read_overrides(folder)
    if shared and overrides and shared != list(overrides):
        raise ConfigError(
            "audit takes settings for new runs, or the folder of an earlier audit, not both, unless they are the "
            f"settings that it began with; {folder} has others: leave the settings out, or name another folder"
        )
    if not (shared or overrides):
        raise DataError(f"{folder} holds no audit (no {RECORD}); give the settings of a new one, such as world=NAME")
    return shared


def variant_folder(folder: Path, name: str) -> Path:
    """Return the folder of the runs of one variant."""
    return folder / name.replace(" ", "-")


def _read_overrides(folder: Path) -> list[str]:
    if (folder / RECORD).is_file():
        return json.loads((folder / RECORD).read_text(encoding="utf-8"))
    if not (folder / PLAIN / FILE).is_file():
        return []
    overrides = Manifest.read(folder / PLAIN).overrides  # of an audit from before there was a record
    return [override for override in overrides if not override.startswith("run_dir=")]
