"""`docs/dictionary.yaml`: units of settings, and meanings of columns that the code itself does not give."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[1] / "dictionary.yaml"


@cache
def read_dictionary() -> dict[str, Any]:
    """Return the whole file."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


@cache
def setting_units() -> dict[str, str]:
    """Return the unit of every setting that is a number, by `Class.field`."""
    return {setting: unit for unit, settings in read_dictionary()["units"].items() for setting in settings}


@cache
def setting_meanings() -> dict[str, str]:
    """Return the meanings of settings that have no docstring, by `Class.field`."""
    return read_dictionary()["settings"]
