"""Clean what one bucket of users wrote, so that a model may learn from it.

In this order: markup becomes plain text; minors go with all their records; texts in other languages, near-duplicates
of the user's own texts and sexual or toxic texts go, and so do records that answer a minor or whose title or context
is sexual or toxic; users with too few records left go. Last, placeholders replace private details and keyed hashes
replace ids. A unit holds all records of its users.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from training.curation.grouping import CONTEXT_CHARACTERS
from training.curation.near_duplicates import band_keys, find_near_duplicates, is_english
from training.curation.privacy import hide_accounts, scrub_text, scrub_texts
from training.curation.pseudonyms import keyed_hash, read_key
from training.curation.safety import says_minor, score_safety, states_minor_age
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables
from training.sources.entities import decode_entities, decode_series

SECRET = "secret.key"
"""File in the corpus folder that holds the key for hashing ids."""
TEXTS = ("text", "title", "context")
EXTRA_FIELDS = ("gender", "age", "age_group", "industry", "topic", "pieces")
"""Fields of `extra` that later stages read; all others, such as a user's description of themselves, are removed."""
INVISIBLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u2060\ufeff]"
"""Characters without meaning: control characters, and spaces without width that only say where a line may break."""
_BLOCK_TAG = r"(?i)</?(?:p|div|li|ul|ol|tr|table|blockquote|h[1-6]|pre|section|article|figure)(?:\s[^<>]*)?>"
_INLINE_TAG = r"(?i)</?(?:a|span|b|i|em|strong|u|s|del|code|small|font|img|td|th|tbody|sup|sub)(?:\s[^<>]*)?/?>"
_CLOSING_TAG = r"(?i)</(?:p|div|li|ul|ol|table|blockquote|h[1-6]|a|span|b|i|em|strong|font)>"
REASON_SETTINGS = {
    "language": "language.threshold",
    "near-duplicate of the user's own": "duplicate_threshold",
    "toxic": "max_toxic",
    "user has too few records left": "min_records",
}
"""The setting that decides a reason for which a record is dropped, where one does."""
OWN_PAGE = "their own page"
"""Stands for the name of a community that is the user's own page, since that name contains the user's."""


def clean_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Clean one bucket of users.

    Args:
        unit: Its inputs `record`, the records of the bucket, and `secret`, the key for hashing ids.
        settings: The fields of a `CleanConfig`.
        tally: Counts records, users and replaced details.
    """
    rows = pl.read_parquet(unit.inputs["record"]).sort("source", "user", "time", "id", nulls_last=True)
    _count(rows, "in", tally)
    rows = rows.with_columns(remove_markup(rows[name]) for name in TEXTS)
    rows = rows.with_columns(_is_minor(rows))
    is_adult = ~pl.col("minor").any().over("source", "user")
    rows = _keep(rows, is_adult, "user says that they are a minor", tally).drop("minor")
    in_english = is_english(rows["text"], **settings["language"])
    rows = _keep(rows, (pl.col("text") == "") | pl.lit(in_english), "language", tally)
    is_duplicate = _is_near_duplicate(rows, settings["duplicate_threshold"])
    rows = _keep(rows, ~pl.lit(is_duplicate), "near-duplicate of the user's own", tally)
    rows = _drop_indecent(rows, pl.col("text"), settings["max_toxic"], "", tally)
    surroundings = pl.concat_str("title", "context", separator="\n").str.strip_chars()
    is_of_adults = ~pl.lit(says_minor(rows.select(surroundings).to_series()))
    rows = _keep(rows, is_of_adults, "somebody says in its title or context that they are a minor", tally)
    rows = _drop_indecent(rows, surroundings, settings["max_toxic"], ", in its title or context", tally)
    has_enough = pl.len().over("source", "user") >= settings["min_records"]
    rows = _keep(rows, has_enough, "user has too few records left", tally)
    rows = _pseudonymise(rows, read_key(unit.file("secret")), settings["product_platforms"], tally)
    _count(rows, "out", tally)
    yield "record", rows
    yield "bands", _band_table(rows)


def remove_markup(texts: pl.Series) -> pl.Series:
    """Return texts without the markup of web pages: entities, tags, embedded videos and product links.

    Tags are removed where one is closed too, as in exports of Mastodon and of blogs; a lone `<b>` stays.
    """
    # Entities come first, since a tag may be written with them.
    plain = decode_series(texts).str.replace_all(r"(?i)<br\s*/?>", "\n")
    without_tags = plain.str.replace_all(_BLOCK_TAG, "\n").str.replace_all(_INLINE_TAG, "")
    plain = without_tags.zip_with(plain.str.contains(_CLOSING_TAG).fill_null(value=False), plain)
    plain = plain.str.replace_all(r"\[\[(?:VIDEOID|ASIN):[^\]]*\]\]", "").str.replace_all(INVISIBLE, "")
    return plain.str.strip_chars()


def _is_minor(rows: pl.DataFrame) -> pl.Series:
    """Return whether the user says in the text, in their own title or in `extra` that they are a minor."""
    # The title of a comment is that of its conversation, which somebody else wrote.
    titles = rows.select(pl.when(pl.col("kind") != "comment").then("title").otherwise(pl.lit(""))).to_series()
    extras = decode_series(rows["extra"])
    return says_minor(rows["text"]) | says_minor(titles) | says_minor(extras) | states_minor_age(extras)


def _drop_indecent(rows: pl.DataFrame, text: pl.Expr, max_toxic: float, place: str, tally: Tally) -> pl.DataFrame:
    """Drop rows whose `text` is sexual or toxic; `place` says in the funnel where that text is."""
    rows = rows.with_columns(score_safety(rows.select(text).to_series()))
    rows = _keep(rows, ~pl.col("sexual"), f"sexual{place}", tally)
    return _keep(rows, pl.col("toxic") <= max_toxic, f"toxic{place}", tally).drop("sexual", "toxic")


def _keep(rows: pl.DataFrame, condition: pl.Expr, reason: str, tally: Tally) -> pl.DataFrame:
    """Keep the rows that meet `condition`; count the dropped ones and the users who have no rows left."""
    remaining = rows.filter(rows.select(condition.alias("keep")).to_series())
    dropped = rows.join(remaining, on=["source", "id"], how="anti")
    of_lost_users = rows.join(remaining, on=["source", "user"], how="anti")
    _count(dropped, reason, tally, user_rows=of_lost_users)
    return remaining


def _count(rows: pl.DataFrame, reason: str, tally: Tally, user_rows: pl.DataFrame | None = None) -> None:
    """Count the records in `rows`, and the users in `user_rows` (default: in `rows`), by source."""
    for source, number in rows.group_by("source").len().sort("source").iter_rows():
        tally.add(source, "records", reason, number)
    users = (rows if user_rows is None else user_rows).group_by("source").agg(pl.col("user").n_unique())
    for source, number in users.sort("source").iter_rows():
        tally.add(source, "users", reason, number)


def _is_near_duplicate(rows: pl.DataFrame, threshold: float) -> pl.Series:
    """Return whether each text is nearly one that its user wrote before; users must be contiguous in `rows`."""
    is_duplicate: list[bool] = []
    for _, user_rows in rows.group_by("source", "user", maintain_order=True):
        texts = user_rows["text"].to_list()
        firsts = find_near_duplicates(texts, threshold)
        is_duplicate += [
            bool(text) and first != index for index, (text, first) in enumerate(zip(texts, firsts, strict=True))
        ]
    return pl.Series("is_duplicate", is_duplicate, dtype=pl.Boolean)


def _pseudonymise(rows: pl.DataFrame, key: bytes, product_platforms: Sequence[str], tally: Tally) -> pl.DataFrame:
    """Replace private details and hash ids, except for ids of products, which are the same for everybody."""
    for name in TEXTS:
        texts, counts = scrub_texts(hide_accounts(rows[name], rows["user"]))
        rows = rows.with_columns(texts.alias(name))
        for kind, number in sorted(counts.items()):
            tally.add("all", "replacements", kind, number)
    rows = rows.with_columns(
        extra=pl.Series([_keep_extra_fields(extra) for extra in rows["extra"]], dtype=pl.String),
        category=remove_markup(rows["category"]).str.replace(r"^[uU]_[\w-]+$", OWN_PAGE),
    )
    rows = rows.with_columns(
        context=pl.col("context").str.slice(0, CONTEXT_CHARACTERS), category=_scrub_categories(rows)
    )
    prefixes = {"user": "u_", "id": "i_", "thread": "t_"}
    rows = rows.with_columns(
        keyed_hash(_qualify(rows, name), key, prefix).alias(f"{name}_hash") for name, prefix in prefixes.items()
    )
    # The same prefix as for `id`: an item may be a record, and a reply must still point at what it answers.
    items = keyed_hash(_qualify(rows, "item"), key, "i_")
    is_product = pl.col("platform").is_in(product_platforms)
    return rows.with_columns(
        user=pl.col("user_hash"),
        id=pl.col("id_hash"),
        thread=pl.when(pl.col("thread") == "").then(pl.lit("")).otherwise(pl.col("thread_hash")),
        item=pl.when(is_product | (pl.col("item") == "")).then(pl.col("item")).otherwise(items),
    ).drop("user_hash", "id_hash", "thread_hash")


def _keep_extra_fields(extra: str) -> str:
    """Return the part of `extra` (JSON) that may stay."""
    if not extra:
        return ""
    fields = {name: _clean_value(value) for name, value in msgspec.json.decode(extra).items() if name in EXTRA_FIELDS}
    return msgspec.json.encode(fields).decode() if fields else ""


def _clean_value(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return scrub_text(re.sub(INVISIBLE, "", decode_entities(value)).strip(), {})


def _scrub_categories(rows: pl.DataFrame) -> pl.Series:
    """Return the categories, without the addresses and numbers of people that a table may have there; names stay."""
    scrubbed = {name: scrub_text(name, {}) for name in rows["category"].unique() if re.search(r"@|\d{4}", name)}
    return rows["category"].replace(scrubbed)


def _qualify(rows: pl.DataFrame, name: str) -> pl.Series:
    """Return ids with their source, since different sources may use the same id."""
    return rows.select(pl.concat_str("source", pl.lit("/"), name)).to_series()


def _band_table(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the keys by which near-duplicates of different users are found."""
    texts = rows.filter(pl.col("text") != "").select("source", "id", "text").with_row_index("index")
    keys = band_keys(texts["text"].to_list())
    ids = texts.select(pl.col("index").cast(pl.Int64), "source", "id")
    return keys.with_columns(pl.col("index").cast(pl.Int64)).join(ids, on="index").drop("index")
