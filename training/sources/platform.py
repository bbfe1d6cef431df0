"""What is particular to a platform, such as a forum or a shop's reviews, declared in one place.

A platform is a module with a `PLATFORM`: `training/platforms/<name>.py`, or `platforms/<name>.py` in the folder where
the command is run, beside the user's `conf/`. Its filters are `conf/filters/<name>.yaml`, or a part of a corpus's own
file in `conf/corpus/`. Nothing else in `training/` names a platform. This module must not know how persons are worded
or what tasks look like: the declaration brings that along.
"""

import importlib
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from sandbox.core.profile import Profile
from sandbox.errors import ConfigError, unknown
from training.sources.validity import FIRST_DAY

SHIPPED = "training.platforms"
"""Package of the platforms that come with the project."""
USERS = "platforms"
"""Package of the user's own platforms, in the folder where the command is run."""

History: TypeAlias = Sequence[Mapping[str, Any]]
"""Records of one user, oldest first, as dictionaries."""


class ProfileBuilder(ABC):
    """Makes a platform's people from their records, and words them; no model, no randomness."""

    needs_population: ClassVar[bool] = False
    """Whether a person can only be made with a summary of all people, such as one that they are smoothed toward."""

    def summarize_population(self, histories: Sequence[History]) -> str:
        """Return as JSON what the people of the training split do overall; "" if there is nothing to say of them."""
        return ""

    @abstractmethod
    def build_profile(self, history: History, topics: Sequence[str], population: str) -> Profile | None:
        """Return one person; None if their records say too little.

        Args:
            history: Their records.
            topics: Words that they use more than others do.
            population: What `summarize_population` returned, or "".
        """


BASIC_FORMS = frozenset(
    {
        *("thread", "stars", "verdict", "reply", "review", "post", "answer", "find_name", "find_place"),
        *("type1", "type2", "type3", "type4", "personalized_comment"),
        *("persona2profile", "half2half", "half_persona2half", "half_theme2target", "half_theme_persona2target"),
        *("qa_general", "qa_actions", "qa_thoughts", "qa_reason"),
        *("scenario_long", "scenario_story", "scenario_behaviour", "scenario_thoughts"),
    }
)
"""Forms of tasks that any platform may have; the kinds of its records decide which of them it has."""


class Platform(NamedTuple):
    """One kind of place where people leave records."""

    name: str
    """As records and profiles have it, such as `forum`; also the name of its module and of its filters."""
    profiles: ProfileBuilder
    """How people are made from their records and worded."""
    forms: frozenset[str] = BASIC_FORMS
    """Forms of tasks that may be about its records."""
    prompts: Mapping[str, str] = {}
    """Texts of prompts: `rules`, which every prompt begins with, and any form that the platform words in its own way,
    such as `post`. The shipped platforms have theirs in `training/tasks/prompts/`."""
    products: Literal["none", "reviewed", "bought"] = "none"
    """Whether records are about products, which are the same for everybody, and what a record is then: a review of a
    product that was chosen once, or a purchase, which may be made again and has a price of its own."""
    currency: str = "$"
    """Sign of the money that its prices are in."""
    since: date = FIRST_DAY
    """First possible day of its records."""

    @property
    def has_products(self) -> bool:
        """Whether people choose products here, rather than threads."""
        return self.products != "none"


@lru_cache(maxsize=256)
def find_platform(name: str) -> Platform:
    """Return the platform of that name.

    Raises:
        ConfigError: There is none, or its module does not declare it.
    """
    module = platform_module(name)
    platform = getattr(importlib.import_module(module), "PLATFORM", None)
    if not isinstance(platform, Platform) or platform.name != name:
        raise ConfigError(f"{module} must declare PLATFORM = Platform(name={name!r}, ...), found {platform!r}")
    return platform


def platform_module(name: str) -> str:
    """Return the name of the module that declares a platform; raise `ConfigError` if there is none."""
    from sandbox.composition import make_user_modules_importable

    make_user_modules_importable()
    for package in (SHIPPED, USERS) if name.isidentifier() else ():
        if importlib.util.find_spec(package) and importlib.util.find_spec(f"{package}.{name}"):
            return f"{package}.{name}"
    raise ConfigError(
        f"{unknown('platform', name, shipped_platforms())}; a platform of your own is declared in "
        f"{USERS}/{name}.py, in the folder where the command is run"
    )


def shipped_platforms() -> list[str]:
    """Return the names of the platforms that come with the project."""
    folder = Path(__file__).parents[1] / SHIPPED.rpartition(".")[2]
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
