"""Generated text is stripped to what was asked, and text that repeats its prompt is detected."""

import pytest

from agents.minds.generated_text import repeats_prompt, strip_text
from sandbox.prompting.render import render
from tests.conftest import make_question


@pytest.mark.parametrize(
    ("generated", "text", "is_shortened"),
    [
        ("  Great tea.  ", "Great tea.", False),
        ('"Great tea."', "Great tea.", False),
        ("Sure, here is my review: Great tea.", "Great tea.", False),
        ("Here's a short review:\nGreat tea.", "Great tea.", False),
        ("Great\n  tea.", "Great tea.", False),
        ("This is it: a lamp.", "This is it: a lamp.", False),
        ("One two three. Four five six seven", "One two three.", True),
        ("one two three four five six seven", "one two three four five", True),
        ("", "", False),
    ],
)
def test_text_is_stripped_to_what_was_asked(generated: str, text: str, is_shortened: bool) -> None:
    assert strip_text(generated, 5) == (text, is_shortened)


def test_only_a_text_of_some_length_counts_as_a_repetition_of_its_prompt() -> None:
    assert not repeats_prompt("noon", render(make_question()))
    assert repeats_prompt("it is NOON. what do you drink?", render(make_question()))
