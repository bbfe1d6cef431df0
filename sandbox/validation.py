"""Values checked against a pydantic model, with errors that a reader can act on."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sandbox.errors import ConfigError, unknown

M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], values: Any, where: str = "") -> M:
    """Make a pydantic object, or say in one sentence each what is wrong with which setting."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_sentence(problem, where, model) for problem in error.errors())) from error


def _sentence(problem: Any, where: str, model: type[BaseModel]) -> str:
    path = ".".join(str(part) for part in (*([where] if where else []), *problem["loc"]))
    sentence = f"invalid configuration: {path}: {problem['msg']}, found {problem['input']!r}"
    if problem["type"] == "extra_forbidden":
        return f"invalid configuration: {path}: {unknown('setting', str(problem['loc'][-1]), model.model_fields)}"
    return sentence
