"""What a world declares as attributes of its class, checked before anything is built from it.

A wrong declaration, such as a function in place of a list, would otherwise show where it is used: perhaps at the end of
a run, far away from the line that is wrong.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, InstanceOf, PositiveInt, TypeAdapter, ValidationError, field_validator
from pydantic.errors import PydanticUserError

from sandbox.core.intervention import Intervention
from sandbox.core.params import WorldParams
from sandbox.core.reaction import Reaction
from sandbox.core.world import World
from sandbox.errors import ContractError, quote_value, unknown
from sandbox.figures.figure import Figure
from sandbox.user_code import note_declaration

INDEX_COLUMNS = ("arm", "seed", "step")
"""Columns of the metrics that are no metric."""
_FILE_NAME = re.compile(r"[\w-]+")


class Declarations(BaseModel):
    """The attributes of a world's class that its author writes, and their types."""

    model_config: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)

    Params: type[WorldParams]
    prompts: Mapping[str, str]
    paraphrases: Sequence[Mapping[str, str]]
    rules: Mapping[str, Callable[..., Any]]
    metric_labels: Mapping[str, str]
    figures: Sequence[InstanceOf[Figure]]
    reactions: Sequence[InstanceOf[Reaction]]
    interventions: Mapping[str, type]
    roles: Sequence[str]
    platforms: Sequence[str]
    tie_properties: Sequence[str]
    max_prompt_tokens: PositiveInt

    @field_validator("metric_labels")
    @classmethod
    def _check_names(cls, labels: Mapping[str, str]) -> Mapping[str, str]:
        if taken := [name for name in labels if name in INDEX_COLUMNS]:
            raise ValueError(f"no metric can be called {taken[0]!r}, which is a column of every table")
        return labels

    @field_validator("interventions")
    @classmethod
    def _check_interventions(cls, kinds: Mapping[str, type]) -> Mapping[str, type]:
        if strangers := [name for name, kind in kinds.items() if not issubclass(kind, Intervention)]:
            raise ValueError(f"{strangers[0]!r} is no subclass of Intervention")
        return kinds

    @field_validator("figures", "reactions")
    @classmethod
    def _check_item_names(cls, items: Sequence[Figure | Reaction]) -> Sequence[Figure | Reaction]:
        names = [item.name for item in items]
        if repeated := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two have one name, {repeated[0]!r}; each needs a name of its own")
        if unusable := [name for name in names if not (isinstance(name, str) and _FILE_NAME.fullmatch(name))]:
            raise ValueError(
                f"one is called {unusable[0]!r}; use letters, digits, `_` and `-`, since files are named so"
            )
        return items


class Problem(NamedTuple):
    """A declaration that cannot be used."""

    attribute: str
    """The attribute of the world's class."""
    sentence: str
    """What is wrong with it."""


@lru_cache(maxsize=64)
def check_declarations(kind: type[World[Any]]) -> None:
    """Raise `ContractError` if an attribute of a world's class is of the wrong type; it names the line."""
    if problem := next(_find_problems(kind), None):
        error = ContractError(f"world {kind.name}: {problem.sentence}")
        note_declaration(error, kind, problem.attribute)
        raise error


def _find_problems(kind: type[World[Any]]) -> Iterator[Problem]:
    names = [name for name in Declarations.model_fields if name != "interventions"]
    values = {name: getattr(kind, name) for name in names} | {"interventions": kind.interventions()}
    yield from _validate(TypeAdapter(Declarations), values, "")
    for attribute in ("reactions", "figures"):
        for place, item in enumerate(values[attribute]):
            yield from _find_wrong_fields(item, f"{attribute}[{place}]")
    for figure in kind.figures:
        if strangers := [name for name in getattr(figure, "metrics", ()) if name not in kind.metric_labels]:
            metric = unknown("metric", strangers[0], kind.metric_labels)
            yield Problem("figures", f"the figure {figure.name!r} draws an {metric}")
    for reaction in kind.reactions:
        if reaction.template not in kind.prompts:
            template = unknown("template", reaction.template, kind.prompts)
            yield Problem("reactions", f"the reaction {reaction.name!r} asks an {template}")
        if len({level.position for level in reaction.levels}) < 2:
            yield Problem("reactions", f"the reaction {reaction.name!r} needs levels at two positions or more")


def _find_wrong_fields(item: Any, where: str) -> Iterator[Problem]:
    """Yield what is wrong with the fields of a dataclass, as far as their types can be told."""
    if not is_dataclass(item):
        return
    try:
        adapter = TypeAdapter(type(item))
    except (PydanticUserError, NameError, TypeError):  # a user's own kind of figure may have fields of any type
        return
    yield from _validate(adapter, {field.name: getattr(item, field.name) for field in fields(item)}, where)


def _validate(adapter: TypeAdapter[Any], values: Mapping[str, Any], where: str) -> Iterator[Problem]:
    try:
        adapter.validate_python(values)
    except ValidationError as error:
        for problem in error.errors():
            path = f"{where}{_write_path(problem['loc'], bool(where))}"
            message = problem["msg"].removeprefix("Value error, ")
            ending = "" if problem["type"] == "value_error" else f", found {quote_value(problem['input'])}"
            sentence = f"`{path}`: {message[:1].lower()}{message[1:]}{ending}"
            yield Problem(path.partition(".")[0].partition("[")[0], sentence)


def _write_path(parts: Sequence[int | str], has_parent: bool) -> str:
    """Return `reactions[0].levels` for the parts of a path."""
    texts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts]
    return "".join(texts) if has_parent else "".join(texts).removeprefix(".")
