"""Where things lie on disk: settings, runs, and the cache of prepared models.

Knows names of folders and files only, so that the doctor can look at a model's folder without importing `agents`.
"""

import os
from pathlib import Path

CONF_DIR = Path(__file__).resolve().parent.parent / "conf"
"""The Hydra settings; absolute, as Hydra's `config_path` must be."""

RECORD = "prepared.json"
"""File in a prepared model's folder that says where its weights come from; written last."""

_NEEDED = ("config.json", "model.safetensors", "tokenizer.json", RECORD)


def cache_dir() -> Path:
    """Return the user's cache: `$SANDBOX_CACHE`, or else `~/.cache/social-sandbox`."""
    named = os.environ.get("SANDBOX_CACHE", "")
    return Path(named).expanduser().absolute() if named else Path.home() / ".cache" / "social-sandbox"


def model_dir(name: str) -> Path:
    """Return the folder of the named model `name`, whether it is there or not."""
    return cache_dir() / "models" / name


def is_prepared(name: str) -> bool:
    """Say whether the named model `name` lies ready in the cache; a half-made folder does not."""
    return all((model_dir(name) / file).is_file() for file in _NEEDED)


def runs_dir() -> Path:
    """Return the folder that holds the runs: `runs` under the working directory."""
    return Path.cwd() / "runs"
