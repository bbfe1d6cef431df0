"""Where things are on disk: settings, runs, and the cache of prepared models.

Knows names of folders and files only, so that the doctor can look at a model's folder without importing `agents`.
"""

import os
from datetime import datetime
from pathlib import Path

CONF_DIR = Path(__file__).resolve().parent.parent / "conf"
"""The Hydra settings; absolute, as Hydra's `config_path` must be."""
POPULATIONS_DIR = CONF_DIR.parent / "agents" / "populations"
"""The populations that come with the project."""

RECORD = "prepared.json"
"""File in a prepared model's folder that says where its weights come from; written last."""

_NEEDED = ("config.json", "model.safetensors", "tokenizer.json", RECORD)


def user_conf_dir() -> Path | None:
    """Return the user's own Hydra settings: `conf` under the working directory; None where there are none."""
    folder = Path.cwd() / "conf"
    return folder if folder.is_dir() and folder.resolve() != CONF_DIR else None


def expand_user(file: str | Path) -> Path:
    """Return a path with the user's folder for `~`; unchanged where there is no such user."""
    try:
        return Path(file).expanduser()
    except RuntimeError:
        return Path(file)


def locate_population(file: str) -> Path:
    """Return where a population is: `file` itself, or one of this name that comes with the project."""
    path = expand_user(file)
    return path if path.is_file() else POPULATIONS_DIR / file


def cache_dir() -> Path:
    """Return the user's cache: `$SANDBOX_CACHE`, or else `~/.cache/social-sandbox`."""
    named = os.environ.get("SANDBOX_CACHE", "")
    return expand_user(named).absolute() if named else Path.home() / ".cache" / "social-sandbox"


def model_dir(name: str) -> Path:
    """Return the folder of the named model `name`, whether it exists or not."""
    return cache_dir() / "models" / name


def is_prepared(name: str) -> bool:
    """Return whether the named model `name` is complete in the cache; an unfinished folder is not."""
    return all((model_dir(name) / file).is_file() for file in _NEEDED)


def runs_dir() -> Path:
    """Return the folder that holds the runs: `runs` under the working directory."""
    return Path.cwd() / "runs"


def dated_run_dir(kind: str) -> Path:
    """Return the folder of something new among the runs, named after its kind and the time."""
    return runs_dir() / f"{kind}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
