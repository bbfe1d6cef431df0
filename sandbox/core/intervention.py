"""A scheduled change of a running world."""

from typing import Generic

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeVar

from sandbox.core.base_world import BaseWorld

WorldT = TypeVar("WorldT", bound=BaseWorld, default=BaseWorld)


class Intervention(BaseModel, Generic[WorldT]):
    """A scheduled change: at the start of `step`, `apply` changes the world."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    step: int = Field(ge=0)
    """0-based step before whose first round it happens."""

    def check(self, world: WorldT) -> None:
        """Raise `ConfigError` where it names something that `world`, as it is some steps earlier, cannot have."""

    def apply(self, world: WorldT) -> None:
        """Change the world."""
        raise NotImplementedError(f"the intervention {type(self).__name__} has no `apply`")
