"""Forms that a small model can finish."""

from typing import Any

import pytest

from agents.minds.language import FILL_TOKENS
from training.synthesis.schemas import FORMS, Form

CHARACTERS_PER_TOKEN = 3.5
"""English prose has more than four; a form's braces and names are counted as prose too."""


def longest(schema: dict[str, Any]) -> int:
    """Characters that a form can have at most; fails where something is unbounded."""
    if "anyOf" in schema:
        return max(longest(one) for one in schema["anyOf"])
    if "enum" in schema:
        return max(len(one) + 2 for one in schema["enum"])
    match schema["type"]:
        case "object":
            return sum(len(name) + 6 + longest(one) for name, one in schema["properties"].items())
        case "array":
            return schema["maxItems"] * (longest(schema["items"]) + 2)
        case "string":
            return schema["maxLength"] + 2
        case _:
            return 5


@pytest.mark.parametrize("form", FORMS)
def test_every_string_and_list_is_bounded_and_the_form_fits_the_tokens_of_a_form(form: type[Form]) -> None:
    assert longest(form.model_json_schema()) <= FILL_TOKENS * CHARACTERS_PER_TOKEN


@pytest.mark.parametrize("form", FORMS)
def test_no_form_takes_fields_that_it_does_not_know(form: type[Form]) -> None:
    assert form.model_json_schema()["additionalProperties"] is False
