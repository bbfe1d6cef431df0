"""What came back: the `Answer` to a question."""

from typing import Any, TypeAlias

import msgspec

Value: TypeAlias = str | dict[str, Any]
"""An answer as the log stores it: the key of an option, a text, or the fields of a form."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    value: Value
    """Key of the option, the text, or the filled fields."""
    source: str
    """Where the answer is from: `model`, `cache`, `rule`, `random`, `fallback`, or a word of the mind's own."""
    mind: str = ""
    """Name of the mind that answered."""
    model: str = ""
    """Model and adapter behind a `model` or `cache` answer."""
    index: int | None = None
    """0-based place of the chosen option in declared order; only for `Choose`."""
    probs: tuple[float, ...] | None = None
    """Probability of every option, in declared order; only for `Choose`."""
    position: int | None = None
    """0-based place of the chosen option in the list as it was displayed; only for `Choose`."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens that the engine took from its prefix cache."""
    output_tokens: int = 0
    truncated: bool = False
    """True where the text hit its bound."""
    retried: bool = False
    """True where the first text was unusable and the question was asked again."""
