"""Cleaning: what a bucket of users wrote, made fit to be learnt from.

In this order: mark-up becomes plain text; minors go (whole users), texts in other languages, near-copies of the user's
own texts, what is sexual or toxic, answers to minors, what is shown with something sexual or toxic, users with too
little left; private details are replaced and ids become keyed hashes. A unit holds all records of its users.
"""

from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from training.funnel import Tally
from training.near import band_keys, english, near_duplicates
from training.privacy import keyed_hash, scrubbed
from training.record import PRODUCT_PLATFORMS
from training.safety import flags, says_minor, stated_minor
from training.stages import Folders, Tables, Unit

SECRET = "secret.key"
"""File in the corpus's folder whose key the hashes of ids are made with."""
TEXTS = ("text", "title", "context")
EXTRAS = ("gender", "age", "age_group", "industry", "topic", "pieces")
"""What later stages read of `extra`; anything else, such as a description of oneself, goes."""
OWN_PAGE = "their own page"
"""What the place of a post on a page named after its user is called."""


def clean_units(folders: Folders) -> list[Unit]:
    """Every bucket of users."""
    return [*folders.buckets("group")]


def clean_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Clean one bucket of users."""
    rows = pl.read_parquet(list(files)).sort("source", "user", "time", "id", nulls_last=True)
    _count(rows, "in", tally)
    rows = rows.with_columns(plain(rows[name]) for name in TEXTS)
    rows = rows.with_columns(_minor(rows))
    is_adult = ~pl.col("minor").any().over("source", "user")
    rows = _kept(rows, is_adult, "user says that they are a minor", tally).drop("minor")
    is_english = english(rows["text"], **settings["language"])
    rows = _kept(rows, (pl.col("text") == "") | pl.lit(is_english), "language", tally)
    repeated = _repeated(rows, settings["duplicate_threshold"])
    rows = _kept(rows, ~pl.lit(repeated), "near-duplicate of the user's own", tally)
    rows = _decent(rows, pl.col("text"), settings["max_toxic"], "", tally)
    shown = pl.concat_str("title", "context", separator="\n").str.strip_chars()
    of_adults = ~pl.lit(says_minor(rows.select(shown).to_series()))
    rows = _kept(rows, of_adults, "somebody says in its title or context that they are a minor", tally)
    rows = _decent(rows, shown, settings["max_toxic"], ", in its title or context", tally)
    rows = _kept(rows, pl.len().over("source", "user") >= settings["min_records"], "user has too few left", tally)
    rows = _private(rows, (files[0].parents[2] / SECRET).read_bytes(), tally)
    _count(rows, "out", tally)
    yield "record", rows
    yield "bands", _bands(rows)


def plain(texts: pl.Series) -> pl.Series:
    """Texts without the mark-up of web pages: line breaks, entities, embedded videos and links to products."""
    broken = texts.str.replace_all(r"(?i)<br\s*/?>", "\n").str.replace_all(r"\[\[(?:VIDEOID|ASIN):[^\]]*\]\]", "")
    read = pl.Series(texts.name, [unescape(text) if "&" in text else text for text in broken], dtype=pl.String)
    return read.str.replace_all("\u200b", "", literal=True).str.strip_chars()


def _minor(rows: pl.DataFrame) -> pl.Series:
    """Whether the user says in a record, a title of their own or their description that they are a minor."""
    titles = rows.select(pl.when(pl.col("kind") != "comment").then("title").otherwise(pl.lit(""))).to_series()
    return says_minor(rows["text"]) | says_minor(titles) | says_minor(rows["extra"]) | stated_minor(rows["extra"])


def _decent(rows: pl.DataFrame, looked_at: pl.Expr, max_toxic: float, where: str, tally: Tally) -> pl.DataFrame:
    """Rows of which what is looked at is neither sexual nor toxic."""
    rows = rows.with_columns(flags(rows.select(looked_at).to_series()))
    rows = _kept(rows, ~pl.col("sexual"), f"sexual{where}", tally)
    return _kept(rows, pl.col("toxic") <= max_toxic, f"toxic{where}", tally).drop("sexual", "toxic")


def _kept(rows: pl.DataFrame, keep: pl.Expr, reason: str, tally: Tally) -> pl.DataFrame:
    """Rows for which `keep` is true; the others are counted, and users of whom none is left."""
    kept = rows.filter(rows.select(keep.alias("keep")).to_series())
    lost = rows.join(kept, on=["source", "id"], how="anti")
    gone = rows.join(kept, on=["source", "user"], how="anti")
    _count(lost, reason, tally, users=gone)
    return kept


def _count(rows: pl.DataFrame, reason: str, tally: Tally, users: pl.DataFrame | None = None) -> None:
    """Count records, and the users of these or of other rows."""
    for source, number in rows.group_by("source").len().sort("source").iter_rows():
        tally.add(source, "records", reason, number)
    counted = (rows if users is None else users).group_by("source").agg(pl.col("user").n_unique())
    for source, number in counted.sort("source").iter_rows():
        tally.add(source, "users", reason, number)


def _repeated(rows: pl.DataFrame, threshold: float) -> pl.Series:
    """Whether each text is nearly one that its user wrote before."""
    repeated: list[bool] = []
    for _, group in rows.group_by("source", "user", maintain_order=True):
        texts = group["text"].to_list()
        firsts = near_duplicates(texts, threshold)
        repeated += [
            bool(text) and first != place for place, (text, first) in enumerate(zip(texts, firsts, strict=True))
        ]
    return pl.Series("repeated", repeated, dtype=pl.Boolean)


def _private(rows: pl.DataFrame, key: bytes, tally: Tally) -> pl.DataFrame:
    """Private details replaced, ids hashed; ids of products stay."""
    for name in TEXTS:
        texts, counts = scrubbed(rows[name])
        rows = rows.with_columns(texts.alias(name))
        for kind, number in sorted(counts.items()):
            tally.add("all", "replacements", kind, number)
    rows = rows.with_columns(
        extra=pl.Series([_extra(one) for one in rows["extra"]], dtype=pl.String),
        place=pl.col("place").str.replace(r"^[uU]_[\w-]+$", OWN_PAGE),
    )
    named = {"user": "u_", "id": "i_", "thread": "t_"}
    rows = rows.with_columns(
        keyed_hash(_within_source(rows, name), key, prefix).alias(f"{name}_hash") for name, prefix in named.items()
    )
    items = keyed_hash(_within_source(rows, "item"), key, "i_")
    is_product = pl.col("platform").is_in(PRODUCT_PLATFORMS)
    return rows.with_columns(
        user=pl.col("user_hash"),
        id=pl.col("id_hash"),
        thread=pl.when(pl.col("thread") == "").then(pl.lit("")).otherwise(pl.col("thread_hash")),
        item=pl.when(is_product | (pl.col("item") == "")).then(pl.col("item")).otherwise(items),
    ).drop("user_hash", "id_hash", "thread_hash")


def _extra(text: str) -> str:
    """The part of `extra` that may stay."""
    if not text:
        return ""
    kept = {name: value for name, value in msgspec.json.decode(text).items() if name in EXTRAS}
    return msgspec.json.encode(kept).decode() if kept else ""


def _within_source(rows: pl.DataFrame, name: str) -> pl.Series:
    return rows.select(pl.concat_str("source", pl.lit("/"), name)).to_series()


def _bands(rows: pl.DataFrame) -> pl.DataFrame:
    """Keys by which nearly equal texts of different users can be found."""
    texts = rows.filter(pl.col("text") != "").select("source", "id", "text").with_row_index("index")
    keys = band_keys(texts["text"].to_list())
    named = texts.select(pl.col("index").cast(pl.Int64), "source", "id")
    return keys.with_columns(pl.col("index").cast(pl.Int64)).join(named, on="index").drop("index")
