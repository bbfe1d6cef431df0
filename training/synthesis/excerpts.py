"""Source text as prompts show it: on one line, in pieces that a prompt does not cut, within a budget of tokens.

A prompt cuts every fact to `FACT_TOKENS` (`agents/prompt.py`), so longer text goes in as a list of pieces.
"""

import re
from collections.abc import Iterator, Sequence

from agents.prompt import FACT_TOKENS

PIECE_BYTES = (FACT_TOKENS - 2) * 3


def cost(text: str) -> int:
    """Tokens that a text costs at most: a third of a token for a byte of a word, one for any other byte.

    Tokenizers read digits one by one, and symbols and foreign letters up to one by the byte.
    """
    data = text.encode()
    return (len(data) + 2 * len(_ODD.findall(data)) + 2) // 3


def pieces(text: str, size: int = PIECE_BYTES) -> list[str]:
    """A text in pieces of at most so many bytes, cut between sentences where these are short enough, else words."""
    parts = [part for sentence in _SENTENCE.split(text.strip()) for part in _short(sentence, size)]
    return list(_packed(parts, size))


def shortened(text: str, tokens: int) -> str:
    """The words of a text that fit into so many tokens; … says that there were more."""
    if cost(text) <= tokens:
        return " ".join(text.split())
    kept, left = list[str](), tokens - cost("…")
    for word in text.split():
        left -= cost(f"{word} ")
        if left < 0:
            break
        kept.append(word)
    return " ".join([*kept, "…"])


def _short(sentence: str, size: int) -> Iterator[str]:
    """A sentence as it is, or its words where it is too long."""
    if len(sentence.encode()) <= size:
        yield sentence
        return
    for word in sentence.split():
        yield word.encode()[:size].decode(errors="ignore")


def _packed(parts: Sequence[str], size: int) -> Iterator[str]:
    piece = ""
    for part in filter(None, (" ".join(part.split()) for part in parts)):
        longer = f"{piece} {part}" if piece else part
        if len(longer.encode()) > size:
            yield piece
            longer = part
        piece = longer
    if piece:
        yield piece


_ODD = re.compile(rb"[^A-Za-z\s]")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
