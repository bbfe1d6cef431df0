import polars as pl
import pytest

from training.curation.safety import says_minor, score_safety

MINORS = (
    "I'm 15 and I hate school.",
    "I am a 16 year old girl from Ohio",
    "As a 14yo I can't drive.",
    "i'm only 13.",
    "I’m 17, almost done",
    "I just turned 16",
    "I'll be 17 in May",
    "I am a freshman in high school and nobody talks to me",
    "I'm in 9th grade",
    "I'm currently a junior in high school",
    "I am a high schooler",
    "im 12 and i live in a village",
    "I'm a minor, so my parents sign.",
    "I am in year 9",
    "I'm fifteen years old",
)
ADULTS = (
    "When I was 15 I hated school.",
    "My son is 12 and plays chess.",
    "I'm 16 weeks pregnant.",
    "I'm 5 minutes late.",
    "I'm 6 feet tall",
    "I'm 17 credits away from my degree",
    "I am 35 and have a 10 year old",
    "I teach 9th grade",
    "I'm a high school teacher",
    "She said she is 14.",
    "I'm 10% sure",
    "I am a freshman at a state university",
    "I'm in my junior year of college",
    "I am 12 hours ahead of you",
    "I'm a minor in economics",
    "I've been here 13 years",
    "I am 8 months into the job",
)


@pytest.mark.parametrize("text", MINORS)
def test_statements_of_minors_are_recognised(text: str) -> None:
    assert says_minor(pl.Series([text]))[0]


@pytest.mark.parametrize("text", ADULTS)
def test_statements_of_adults_pass(text: str) -> None:
    assert not says_minor(pl.Series([text]))[0]


def test_insults_are_toxic_and_thanks_are_not() -> None:
    scores = score_safety(pl.Series(["You are a fucking idiot, go die.", "Thank you so much for the lovely tea.", ""]))
    assert scores["toxic"][0] > 0.9
    assert scores["toxic"][1] < 0.2
    assert scores["sexual"].to_list() == [False, False, False]


def test_sexual_words_are_flagged_and_their_neighbours_are_not() -> None:
    scores = score_safety(
        pl.Series(["Watching porn all night", "The peacock sat on the cockpit in Essex", "sexism is bad"])
    )
    assert scores["sexual"].to_list() == [True, False, False]


def test_no_texts_yield_no_scores() -> None:
    assert score_safety(pl.Series("text", [], dtype=pl.String)).height == 0
