"""Source text on its way into prompts."""

from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.memory import count_tokens
from sandbox.prompting.render import one_line
from training.synthesis.excerpts import PIECE_BYTES, shorten, split_text, token_bound

TEXTS = st.text(st.sampled_from("abé.!? \n🙂1"), max_size=300)


def test_pieces_end_with_sentences_if_these_are_short_enough() -> None:
    assert split_text("One two. Three four! Five six?", 16) == ["One two.", "Three four!", "Five six?"]
    assert split_text("One two. Three four! Five six?", 20) == ["One two. Three four!", "Five six?"]


def test_a_long_sentence_is_cut_between_words_and_a_long_word_anywhere() -> None:
    assert split_text("one two three", 8) == ["one two", "three"]
    assert split_text("aaaaaaaaaaaa", 8) == ["aaaaaaaa"]


def test_no_text_no_pieces() -> None:
    assert split_text(" \n ") == []


@given(TEXTS)
def test_no_piece_is_cut_by_a_prompt(text: str) -> None:
    for piece in split_text(text * 5):
        assert len(piece.encode()) <= PIECE_BYTES
        assert one_line(piece) == piece


@given(TEXTS, st.integers(5, 60))
def test_a_shortened_text_fits_and_begins_as_it_did(text: str, tokens: int) -> None:
    short = shorten(text, tokens)
    assert token_bound(short) <= tokens
    assert " ".join(text.split()).startswith(short.removesuffix("…").rstrip())


@given(TEXTS)
def test_the_bound_is_no_lower_than_the_count_for_profiles(text: str) -> None:
    assert token_bound(text) >= count_tokens(text) - 1


def test_digits_and_symbols_count_as_a_token_each() -> None:
    assert token_bound("1234567890" * 3) == 30
    assert token_bound("abcdefghij" * 3) == 10
