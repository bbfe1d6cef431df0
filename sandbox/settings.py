"""Settings as frozen pydantic models, with errors that a reader can act on.

A value lives once, in `conf/`; the class holds its type, bounds, unit and meaning.
"""

from collections.abc import Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.errors import ConfigError, quote_value, unknown

M = TypeVar("M", bound=BaseModel)
MAX_SETTING_CHARS = 200
"""Characters of the path of a setting that an error shows."""
MAX_PROBLEMS_LISTED = 5
"""Wrong settings that an error lists one by one."""


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
        problems = error.errors()
        num_omitted = len(problems) - MAX_PROBLEMS_LISTED
        sentences = [_sentence(problem, where, model) for problem in problems[:MAX_PROBLEMS_LISTED]]
        omission = [f"... and {num_omitted} more settings"] if num_omitted > 0 else []
        raise ConfigError("\n".join([*sentences, *omission])) from error


def names_unknown_setting(error: ConfigError) -> bool:
    """Return whether an error of `validate` is about a setting that there is not."""
    cause = error.__cause__
    return isinstance(cause, ValidationError) and any(
        problem["type"] == "extra_forbidden" for problem in cause.errors()
    )


def _sentence(problem: Any, where: str, model: type[BaseModel]) -> str:
    path = ".".join(str(part) for part in (*([where] if where else []), *problem["loc"]))
    path = path if len(path) <= MAX_SETTING_CHARS else f"{path[:MAX_SETTING_CHARS]}..."
    prefix = f"invalid configuration: {path}: " if path else "invalid configuration: "
    if problem["type"] == "extra_forbidden":
        names = _model_at(model, problem["loc"][:-1]).model_fields
        return f"{prefix}{unknown('setting', str(problem['loc'][-1]), names)}"
    # Where a setting is missing, or several do not go together, the value is everything that stands beside it.
    has_own_value = problem["type"] != "missing" and problem["loc"]
    ending = f", found {quote_value(problem['input'])}" if has_own_value else ""
    return f"{prefix}{problem['msg'].removeprefix('Value error, ')}{ending}"


def _model_at(model: type[BaseModel], path: Sequence[int | str]) -> type[BaseModel]:
    """Return the model that has the settings below a path, such as that of the items of a list."""
    for part in path:
        annotation = model.model_fields[part].annotation if part in model.model_fields else model
        kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
        model = next((kind for kind in kinds if issubclass(kind, BaseModel)), model)
    return model
