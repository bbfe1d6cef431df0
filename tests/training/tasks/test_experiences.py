"""A review's word for an experience becomes the marketplace's, if it is the only one and not negated."""

import pytest

from training.tasks.experiences import SYNONYMS, WORDS, find_experience, find_reviewed_experience
from worlds.marketplace.experiences import EXPERIENCES


@pytest.mark.parametrize(
    ("text", "experience"),
    [
        ("It was excellent.", "excellent"),
        ("A very good pan.", "very good"),
        ("VERY GOOD", "very good"),
        ("Good. Really good!", "good"),
        ("So disappointing", "somewhat disappointing"),
        ("A terrible, terrible smell", "terrible"),
        ("It is not very good", None),
        ("I don't think it's good", None),
        ("It isn’t good", None),
        ("You can't call it good", None),
        ("(not good)", None),
        ("hardly excellent", None),
        ("It is not what I wanted, but good", "good"),
        ("Good, but the lid is poor", None),
        ("Goodness, a finely made pan", None),
        ("Great", None),
        ("", None),
    ],
)
def test_the_worlds_own_words(text: str, experience: str | None) -> None:
    assert find_experience(text) == experience


@pytest.mark.parametrize(
    ("text", "experience"),
    [
        ("Great", "very good"),
        ("Great. A very good pan", "very good"),
        ("The worst junk", "terrible"),
        ("Okay", "fine"),
        ("It's OK, nothing more", "fine"),
        ("nice and perfect", None),
        ("not bad", None),
    ],
)
def test_words_that_mean_the_same(text: str, experience: str | None) -> None:
    assert find_experience(text, SYNONYMS) == experience


def test_a_title_counts_before_the_text_and_a_long_text_not_at_all() -> None:
    assert find_reviewed_experience("Excellent", "The lid is poor.") == "excellent"
    assert find_reviewed_experience("A pan", "The lid is poor.") == "poor"
    assert find_reviewed_experience("A pan", f"The lid is poor. {'And so on. ' * 20}") is None


def test_every_word_stands_for_an_experience_of_the_world() -> None:
    assert set(WORDS.values()) == set(SYNONYMS.values()) == set(EXPERIENCES)
