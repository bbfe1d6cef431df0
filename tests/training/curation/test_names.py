import pytest

from training.curation.names import NAME, replace_names

NAMED = (
    "My wife Jennifer made soup.",
    "I'm Michael and I live here.",
    "Dr. Schmidt said it would heal.",
    "We met Katarzyna Kowalczyk at the lake.",
    "Thanks, Stephanie",
    "My brother Will never calls.",
    "Uncle Jack had a farm.",
    "Hi Rose, are you there?",
    "Mark Thompson wrote the book.",
    "He was named Grant after his uncle.",
    "Mrs. Robinson taught us French.",
    "Giuseppe's car broke down.",
    "I asked my cousin Priyanka about it.",
    "Then Rodrigo and Ingeborg left.",
    "my friend Hope is moving out",
    "Senator Elizabeth Williams spoke.",
)
NOT_NAMED = (
    "Will you come in May or June?",
    "The Mark is an old currency.",
    "I hope that Hope Springs is nice.",
    "Amazon shipped it to Paris.",
    "Rose bushes grow in the Spring.",
    "Jordan borders Israel.",
    "April was cold, and so was March.",
    "I go to Brown, she goes to Rice.",
    "Southwest lost my bag again.",
    "God knows, Christ.",
    "The White House and the Senate agree.",
    "Monday is the worst day of my Life.",
    "Star Wars is on TV.",
    "In Austin the Summer is long.",
)


@pytest.mark.parametrize("text", NAMED)
def test_a_name_is_replaced(text: str) -> None:
    replaced, num_replaced = replace_names(text)
    assert NAME in replaced
    assert num_replaced >= 1


@pytest.mark.parametrize("text", NOT_NAMED)
def test_a_word_that_is_also_a_name_stays(text: str) -> None:
    assert replace_names(text) == (text, 0)


def test_the_full_name_is_replaced_and_the_rest_stays() -> None:
    assert replace_names("We met Katarzyna Kowalczyk's aunt.")[0] == f"We met {NAME}'s aunt."
