"""Entities of web pages, such as `&amp;`, decoded however often they were encoded.

What goes through several programs, each of which encodes it for a page, comes out as `&amp;#x200B;` or `&amp;amp;lt;`.
"""

import html

import polars as pl


def decode_entities(text: str) -> str:
    """Return a text in which no entity is left; it ends, since every step makes the text shorter."""
    while "&" in text and (decoded := html.unescape(text)) != text:
        text = decoded
    return text


def decode_series(texts: pl.Series) -> pl.Series:
    """Return texts in which no entity is left; null stays null."""
    indices = texts.str.contains("&", literal=True).fill_null(value=False).arg_true()
    return texts.scatter(indices, [decode_entities(text) for text in texts[indices]]) if indices.len() else texts
