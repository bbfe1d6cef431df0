"""Overlap of texts: words, numbers, names and runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.curation.overlap import longest_copied_run, support, unsupported_claims, words_of

SOURCE = "My sister Anna bought 2 old bicycles in Utrecht, and we repaired them in three days."


@pytest.mark.parametrize(
    ("text", "run"),
    [
        ("She told us: we repaired THEM in three days!", 6),
        ("Bicycles are old.", 1),
        ("Nothing of that sort.", 0),
        ("", 0),
        (SOURCE, 16),
        ("in Utrecht and we repaired a boat", 5),
        ("sister’s bought", 1),
    ],
)
def test_the_longest_run_ignores_case_and_punctuation(text: str, run: int) -> None:
    assert longest_copied_run(text, ["Something else entirely.", SOURCE]) == run


def test_a_run_does_not_span_two_sources() -> None:
    assert longest_copied_run("one two three four", ["zero one two", "three four five"]) == 2


def test_without_sources_there_is_no_run() -> None:
    assert longest_copied_run("one two", []) == 0


def all_runs(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)]


@given(
    st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.lists(st.sampled_from("abc"), max_size=12), max_size=3)
)
def test_the_longest_run_equals_that_of_exhaustive_search(text: list[str], sources: list[list[str]]) -> None:
    source_runs = {run for source in sources for run in all_runs(source)}
    expected = max((len(run) for run in all_runs(text) if run in source_runs), default=0)
    assert longest_copied_run(" ".join(text), [" ".join(source) for source in sources]) == expected


def test_sources_beyond_a_batch_are_searched_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.curation.overlap._BATCH", 4)
    assert longest_copied_run("we repaired them", ["a b c d e f", "we repaired", SOURCE]) == 3


def test_support_counts_content_words_by_their_stem() -> None:
    assert support("They repair bicycles.", [SOURCE]) == 1
    assert support("They paint bicycles in Rome.", [SOURCE]) == pytest.approx(1 / 3)
    assert support("It is what it is.", [SOURCE]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Anna's bicycles took 3 days.",
        "They bought two, in Utrecht. Later they rode.",
        "It cost [ID] and [NAME] paid; I'm sure I saw it.",
        "“Good,” she said. Then nothing.",
    ],
)
def test_numbers_and_names_of_the_source_are_supported(text: str) -> None:
    assert unsupported_claims(text, [SOURCE, "1 2 two"]) == []


def test_other_numbers_and_names_are_not() -> None:
    assert unsupported_claims("They bought 5 of them.", [SOURCE]) == ["unsupported number"]
    assert unsupported_claims("They met Peter there.", [SOURCE]) == ["unsupported name"]
    assert unsupported_claims("In 1999 they left for Gent.", [SOURCE]) == ["unsupported number", "unsupported name"]


def test_words_lose_case_and_possessives() -> None:
    assert words_of("Anna’s Bike isn't $20!") == ["anna", "bike", "isn't", "20"]
