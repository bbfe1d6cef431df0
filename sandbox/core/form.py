"""The legal answers to a question: `Choose`, `Write` or `Fill`, and how to build them."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeAlias, TypeVar, cast, overload

import msgspec
from pydantic import BaseModel

from sandbox.core.answer import Answer

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

MAX_OPTIONS = 26
"""Each option is labelled with one capital letter."""


class Option(msgspec.Struct, frozen=True, gc=False):
    """One legal answer of a `Choose`."""

    key: str
    """The value of the answer; unique among the options."""
    text: str = ""
    """How the option reads in a prompt; empty: the key."""


class Choose(msgspec.Struct, Generic[T], frozen=True, tag="choose", omit_defaults=True):
    """Pick exactly one option. Costs one forward pass of a language model."""

    options: tuple[Option, ...]
    ordered: bool = False
    """True where the order carries meaning (a search page, a scale); otherwise the seed shuffles it."""
    objects: tuple[T, ...] = ()
    """What each option stands for in the world; empty: its key. Not part of what is asked."""
    is_legal: bool = True
    """False if there are too few or too many options, or equal keys: no question may ask it."""

    def __post_init__(self) -> None:
        # Checked once for each form, but raised by the question, whose template a reader can find.
        if not 2 <= len(self.options) <= MAX_OPTIONS or len({o.key for o in self.options}) < len(self.options):
            msgspec.structs.force_setattr(self, "is_legal", False)

    def index(self, key: str) -> int:
        """Return the 0-based place of `key` among the declared options."""
        return next(i for i, option in enumerate(self.options) if option.key == key)

    def without_objects(self) -> "Choose[str]":
        """Return the same form for storage: its results are keys."""
        return Choose(self.options, self.ordered)

    def result(self, answer: Answer) -> T:
        """Return the object that was chosen."""
        index = self.index(str(answer.value)) if answer.index is None else answer.index
        return self.objects[index] if self.objects else cast("T", self.options[index].key)


class _ChoiceSchema(msgspec.Struct, frozen=True, tag="choose", omit_defaults=True, gc=False):
    """What a `Choose` asks, without the world's objects."""

    options: tuple[Option, ...]
    ordered: bool = False


class Write(msgspec.Struct, frozen=True, tag="write"):
    """Write free text."""

    max_words: int
    """Upper bound; longer text is cut at a word and counted as truncated."""

    def result(self, answer: Answer) -> str:
        """Return the text."""
        return str(answer.value)


class Fill(msgspec.Struct, Generic[M], frozen=True, tag="fill"):
    """Fill in the fields of a pydantic model."""

    model: type[M]
    fallback: M | None = None
    """Stands in for an answer that could not be obtained; None: a random valid instance of the model."""

    def result(self, answer: Answer) -> M:
        """Return the filled model."""
        return self.model.model_validate(answer.value)


Form: TypeAlias = Choose[Any] | Write | Fill[Any]


def choose(*options: str | tuple[str, str], ordered: bool = False) -> Choose[str]:
    """Build a `Choose` from keys or (key, text) pairs; the result is the key."""
    return Choose(tuple(Option(o) if isinstance(o, str) else Option(*o) for o in options), ordered=ordered)


@overload
def choose_among(
    objects: Iterable[T], key: Callable[[T], str], text: Callable[[T], str], *, ordered: bool = False
) -> Choose[T]: ...
@overload
def choose_among(
    objects: Iterable[T],
    key: Callable[[T], str],
    text: Callable[[T], str],
    *,
    none: tuple[str, str],
    ordered: bool = False,
) -> Choose[T | None]: ...
def choose_among(
    objects: Iterable[T],
    key: Callable[[T], str],
    text: Callable[[T], str],
    *,
    none: tuple[str, str] | None = None,
    ordered: bool = False,
) -> Choose[Any]:
    """Build a `Choose` whose result is one of `objects`.

    Args:
        objects: What can be chosen.
        key: The value of an answer that chooses an object.
        text: How an object reads in a prompt.
        none: Key and text of a last option that chooses none of them; its result is None.
        ordered: See `Choose.ordered`.
    """
    listed = tuple(objects)
    options = tuple([Option(key(item), text(item)) for item in listed])  # a list is faster than a generator here
    if none is None:
        return Choose(options, ordered, listed)
    return Choose((*options, Option(*none)), ordered, (*listed, None))


STARS = Choose(
    tuple(Option(str(stars), f"{stars} star{'s' * (stars > 1)}") for stars in range(1, 6)), True, (1, 2, 3, 4, 5)
)
"""How many stars? Worst first: a scale has an order of its own."""


def form_schema(form: Form) -> Any:
    """Describe a form as JSON types; equal for equal forms."""
    if isinstance(form, Fill):
        return form.model.model_json_schema()
    return _ChoiceSchema(form.options, form.ordered) if isinstance(form, Choose) else form
