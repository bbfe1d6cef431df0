"""Forms that a small model can finish."""

from typing import Any

import pytest

from agents.minds.language import FILL_TOKENS
from training.synthesis.schemas import FORMS, StepForm

CHARACTERS_PER_TOKEN = 3.5
"""English prose has more than four; a form's braces and names are counted as prose too."""


def max_characters(schema: dict[str, Any]) -> int:
    """Return the most characters that a form can have; fail if something is unbounded."""
    if "anyOf" in schema:
        return max(max_characters(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return max(len(value) + 2 for value in schema["enum"])
    match schema["type"]:
        case "object":
            return sum(len(name) + 6 + max_characters(field) for name, field in schema["properties"].items())
        case "array":
            return schema["maxItems"] * (max_characters(schema["items"]) + 2)
        case "string":
            return schema["maxLength"] + 2
        case _:
            return 5


@pytest.mark.parametrize("form", FORMS)
def test_every_string_and_list_is_bounded_and_the_form_fits_the_tokens_of_a_form(form: type[StepForm]) -> None:
    assert max_characters(form.model_json_schema()) <= FILL_TOKENS * CHARACTERS_PER_TOKEN


@pytest.mark.parametrize("form", FORMS)
def test_no_form_accepts_unknown_fields(form: type[StepForm]) -> None:
    assert form.model_json_schema()["additionalProperties"] is False
