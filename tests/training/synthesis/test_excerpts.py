"""Source text on its way into prompts."""

from hypothesis import given
from hypothesis import strategies as st

from agents.prompt import one_line
from sandbox.people import count_tokens
from training.synthesis.excerpts import PIECE_BYTES, cost, pieces, shortened

TEXTS = st.text(st.sampled_from("abé.!? \n🙂1"), max_size=300)


def test_pieces_end_with_sentences_where_these_are_short_enough() -> None:
    assert pieces("One two. Three four! Five six?", 16) == ["One two.", "Three four!", "Five six?"]
    assert pieces("One two. Three four! Five six?", 20) == ["One two. Three four!", "Five six?"]


def test_a_long_sentence_is_cut_between_words_and_a_long_word_anywhere() -> None:
    assert pieces("one two three", 8) == ["one two", "three"]
    assert pieces("aaaaaaaaaaaa", 8) == ["aaaaaaaa"]


def test_no_text_no_pieces() -> None:
    assert pieces(" \n ") == []


@given(TEXTS)
def test_no_piece_is_cut_by_a_prompt(text: str) -> None:
    for piece in pieces(text * 5):
        assert len(piece.encode()) <= PIECE_BYTES
        assert one_line(piece) == piece


@given(TEXTS, st.integers(5, 60))
def test_a_shortened_text_fits_and_begins_as_it_did(text: str, tokens: int) -> None:
    short = shortened(text, tokens)
    assert cost(short) <= tokens
    assert " ".join(text.split()).startswith(short.removesuffix("…").rstrip())


@given(TEXTS)
def test_the_cost_is_no_less_than_what_a_person_costs(text: str) -> None:
    assert cost(text) >= count_tokens(text) - 1


def test_digits_and_symbols_cost_a_token_each() -> None:
    assert cost("1234567890" * 3) == 30
    assert cost("abcdefghij" * 3) == 10
