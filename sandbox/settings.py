"""Settings as frozen pydantic models, with errors that a reader can act on.

A value lives once, in `conf/`; the class holds its type, bounds, unit and meaning.
"""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.errors import ConfigError, unknown

M = TypeVar("M", bound=BaseModel)


class Settings(BaseModel):
    """Base of all configuration: immutable, no unknown field, and only finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


def validate(model: type[M], values: Any, where: str = "") -> M:
    """Build a pydantic object, or say in one sentence each what is wrong with which setting.

    Args:
        model: What to build.
        values: Its fields.
        where: Path of the values in the configuration, for errors.

    Raises:
        ConfigError: A value is unknown, missing, of the wrong type or out of bounds.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_sentence(problem, where, model) for problem in error.errors())) from error


def names_unknown_setting(error: ConfigError) -> bool:
    """Return whether an error of `validate` is about a setting that there is not."""
    cause = error.__cause__
    return isinstance(cause, ValidationError) and any(
        problem["type"] == "extra_forbidden" for problem in cause.errors()
    )


def _sentence(problem: Any, where: str, model: type[BaseModel]) -> str:
    path = ".".join(str(part) for part in (*([where] if where else []), *problem["loc"]))
    sentence = f"invalid configuration: {path}: {problem['msg']}, found {problem['input']!r}"
    if problem["type"] == "extra_forbidden":
        return f"invalid configuration: {path}: {unknown('setting', str(problem['loc'][-1]), model.model_fields)}"
    return sentence
