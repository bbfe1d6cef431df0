"""How an answer is drawn: the display order of options, a draw by weights, and a uniform reply to any form.

Every mind builds its answers here, so that equal seeds give equal draws whoever supplies the weights.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from math import inf
from typing import Any, TypeAlias

import msgspec
from pydantic import BaseModel

from sandbox.core.answer import Answer
from sandbox.core.form import Choose, Fill, Write
from sandbox.core.question import Question
from sandbox.core.random_instance import random_instance
from sandbox.core.seeds import draw, permutation, uniforms
from sandbox.errors import ContractError

Reply: TypeAlias = Sequence[float] | str | dict[str, Any] | BaseModel
"""What a rule returns: a weight for every option of a `Choose`, a text, or the fields of a `Fill` or its model."""


def display_order(question: Question[Any]) -> list[int]:
    """Return the order in which the options of a `Choose` are displayed: the declared index at each place."""
    form = question.form
    if not isinstance(form, Choose):
        raise TypeError(f"only a Choose has options, found {form}")
    if form.ordered:
        places = list(range(len(form.options)))
        return places[::-1] if question.presentation.scales_reversed else places
    return shuffled_order(len(form.options), question.seed, question.presentation.shuffle)


def shuffled_order(num_options: int, seed: int, shuffle: int) -> list[int]:
    """Return the order in which options without an order of their own are displayed, as `display_order` does.

    Args:
        num_options: Number of options.
        seed: The question's; also as the log stores it, with a sign.
        shuffle: `Presentation.shuffle`.
    """
    return permutation(num_options, (seed & _SEED_BITS) ^ shuffle)


def draw_option(question: Question[Any], weights: Sequence[float], source: str, **details: Any) -> Answer:
    """Draw an option with the question's own random numbers.

    Args:
        question: Asks for a `Choose`.
        weights: One for each option in declared order: finite, not negative, with a positive total.
        source: See `Answer.source`.
        details: Other fields of the answer.
    """
    form = question.form
    if not isinstance(form, Choose):
        raise TypeError(f"only a Choose has options, found {form}")
    total = sum(weights)
    if not 0 < total < inf or min(weights) < 0:
        raise ContractError(
            f"{question.template.name}: weights of options must be finite, not negative and not all 0, "
            f"found {[float(weight) for weight in weights]}"
        )
    probs = tuple([float(weight / total) for weight in weights])  # NumPy's numbers would not fit into the log
    index = draw(probs, question.seed)
    position = display_order(question).index(index)
    return Answer(form.options[index].key, source, index=index, probs=probs, position=position, **details)


def random_reply(question: Question[Any]) -> Reply:
    """Return a uniform legal reply: equal weights, words taken from the facts, or a random valid instance.

    Raises:
        ContractError: No valid instance of a `Fill` could be found.
    """
    form = question.form
    if isinstance(form, Choose):
        return [1.0] * len(form.options)
    if isinstance(form, Write):
        return _random_words(question, form, uniforms(question.seed, b"reply"))
    try:
        return dump_form(random_instance(form.model, question.seed, question.template.name))
    except ContractError:
        if form.fallback is None:
            raise
        return dump_form(form.fallback)


def fallback_fields(question: Question[Any], form: Fill[Any]) -> dict[str, Any]:
    """Return the fields that stand in for an answer that could not be obtained."""
    if form.fallback is not None:
        return dump_form(form.fallback)
    return dump_form(random_instance(form.model, question.seed, question.template.name))


def dump_form(instance: BaseModel) -> dict[str, Any]:
    """Return a filled form as JSON types under the names by which its model validates it.

    The elements of sets are sorted: Python's own order of strings differs from one process to the next.
    """
    return _sort_sets(instance, instance.model_dump(mode="json", by_alias=True))


def _sort_sets(value: Any, dumped: Any) -> Any:
    """Return `dumped`, which is `value` as JSON types, with the elements of sets sorted."""
    if isinstance(value, set | frozenset) and isinstance(dumped, list):
        return sorted(dumped, key=msgspec.json.encode)
    if isinstance(value, BaseModel):
        fields = type(value).model_fields.items()
        value = {field.serialization_alias or name: vars(value).get(name) for name, field in fields}
    if isinstance(value, dict) and isinstance(dumped, dict):
        by_key = {str(key): part for key, part in value.items()}
        return {key: _sort_sets(by_key.get(key), part) for key, part in dumped.items()}
    if isinstance(value, list | tuple) and isinstance(dumped, list) and len(value) == len(dumped):
        return [_sort_sets(part, dumped_part) for part, dumped_part in zip(value, dumped, strict=True)]
    return dumped


_SEED_BITS = (1 << 64) - 1


def _random_words(question: Question[Any], form: Write, stream: Iterator[float]) -> str:
    words = [word for fact in question.facts.values() if isinstance(fact, str) for word in fact.split()] or ["so"]
    length = 1 + int(next(stream) * form.max_words)
    return " ".join(words[int(point * len(words))] for point in islice(stream, length))
