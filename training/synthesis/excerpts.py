"""Source text as prompts show it: on one line, in pieces that a prompt does not cut, within a budget of tokens.

A prompt cuts every fact to `FACT_TOKENS` (`sandbox/prompting/render.py`), so longer text is passed as a list of pieces.
"""

import re
from collections.abc import Iterator, Sequence

from sandbox.prompting.render import FACT_TOKENS

PIECE_BYTES = (FACT_TOKENS - 2) * 3


def token_bound(text: str) -> int:
    """Return an upper bound on the tokens of a text: a third of a token per letter or space, one per other byte.

    Tokenizers read digits one by one, and symbols and foreign letters up to one token per byte.
    """
    data = text.encode()
    return (len(data) + 2 * len(_NON_LETTERS.findall(data)) + 2) // 3


def split_text(text: str, size: int = PIECE_BYTES) -> list[str]:
    """Split a text into pieces of at most `size` bytes, between sentences if these are short enough, else words."""
    parts = [part for sentence in _SENTENCE_END.split(text.strip()) for part in _split_sentence(sentence, size)]
    return list(_join_parts(parts, size))


def shorten(text: str, tokens: int) -> str:
    """Return the words of a text that fit into a number of tokens, with "…" at the end if there were more."""
    if token_bound(text) <= tokens:
        return " ".join(text.split())
    words, budget = list[str](), tokens - token_bound("…")
    for word in text.split():
        budget -= token_bound(f"{word} ")
        if budget < 0:
            break
        words.append(word)
    return " ".join([*words, "…"])


def _split_sentence(sentence: str, size: int) -> Iterator[str]:
    """Yield a sentence as it is, or its words if it is too long."""
    if len(sentence.encode()) <= size:
        yield sentence
        return
    for word in sentence.split():
        yield word.encode()[:size].decode(errors="ignore")


def _join_parts(parts: Sequence[str], size: int) -> Iterator[str]:
    """Yield pieces of as many successive parts as fit."""
    piece = ""
    for part in filter(None, (" ".join(part.split()) for part in parts)):
        longer = f"{piece} {part}" if piece else part
        if len(longer.encode()) > size:
            yield piece
            longer = part
        piece = longer
    if piece:
        yield piece


_NON_LETTERS = re.compile(rb"[^A-Za-z\s]")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
