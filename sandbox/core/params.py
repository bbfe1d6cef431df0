"""Parameters of a world, checked when they are read and when they change."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from sandbox.errors import ConfigError
from sandbox.settings import validate


class WorldParams(BaseModel):
    """Parameters of a world; values live in its YAML file, and the docstring of a field says what it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    fixed: ClassVar[frozenset[str]] = frozenset()
    """Parameters that shape the world when it is created and cannot change while it runs."""

    def with_changes(self, changes: Mapping[str, Any], where: str = "world") -> Self:
        """Return these parameters with some changed while the world runs; `where` names the source of the changes."""
        if fixed := sorted(set(changes) & self.fixed):
            raise ConfigError(f"{where}.{fixed[0]} shapes the world when it is created and cannot change while it runs")
        return validate(type(self), {**self.model_dump(), **changes}, where)
