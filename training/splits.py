"""Who is trained on and who is held out, and what of a person is history.

Users are split, never records. A source's own split is kept; other users fall by a keyed hash. Where a thread, or a
text (exact or nearly), is found on both sides, the more public side loses it: of train, val and test the later keeps
it. Of every user the earlier records are history, from which the person is made; what is asked about them comes
later. Of train users the very last records are `seen`: known people at a later time, in threads and with texts that
nobody in train has; and their very first ones are `early`: an earlier self is made from these, about whom the rest of
the history is asked, so that more can be learnt.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl

from sandbox.errors import DataError
from training.funnel import Tally
from training.near import BANDS
from training.record import SPLITS
from training.stages import Folders, Tables, Unit

RANKS = {name: rank for rank, name in enumerate(SPLITS)}
BANDS_AT_ONCE = 2
"""Texts agree within a band, so bands are looked at a few at a time, and memory stays small."""


def split_units(folders: Folders) -> list[Unit]:
    """All records at once, of which only ids are read."""
    return [("all", [*folders.files("clean", "record"), *folders.files("clean", "bands")])]


def split_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Say of every record whether it is history or target, and on which side; one table for each file of records."""
    paths = [path for path in files if path.parent.name == "record"]
    columns = ("source", "user", "id", "thread", "time", "split", "file")
    records = pl.scan_parquet(paths, include_file_paths="file").select(columns).collect()
    _count(records, pl.lit("in"), tally)
    _check_own(records)
    records = records.with_columns(_splits(records, settings["shares"], settings["seed"]))
    records = _without(records, _shared_threads(records), "thread in another split", tally)
    bands = pl.scan_parquet([path for path in files if path.parent.name == "bands"])
    records = _without(records, _shared_texts(records, bands), "text in another split", tally)
    records = _parts(records, settings)
    records = _without(records, _trained_on(records, bands), "seen: thread or text in train", tally)
    _count(records, pl.col("split"), tally)
    for path in paths:
        mine = records.filter(pl.col("file") == str(path))
        yield path.stem, mine.select("source", "user", "id", "split", "part", "early")


def leak_units(folders: Folders) -> list[Unit]:
    """Everything at once, of which only ids and hashes are held."""
    decided = [path for table in folders.tables("split") for path in folders.files("split", table)]
    return [("all", [*folders.files("clean", "record"), *folders.files("clean", "bands"), *decided])]


def leak_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Look at what was decided with other eyes than those that decided it; a leak fails the pipeline.

    Args:
        files: Of the clean records, their bands, and what was decided, which are told apart by their folders.
        settings: None are used.
        tally: Counts what was looked at.
    """
    folders: dict[str, list[Path]] = {"record": [], "bands": [], "decided": []}
    for path in files:
        folders.get(path.parent.name, folders["decided"]).append(path)
    decided = pl.scan_parquet(folders["decided"]).select("source", "id", "split")
    key = pl.col("text").str.to_lowercase().str.replace_all(r"\W+", " ").str.strip_chars()
    text_key = pl.when(key == "").then(pl.lit("")).otherwise(key.hash().cast(pl.String)).alias("text_key")
    texts = pl.scan_parquet(folders["record"]).select("source", "user", "thread", "id", text_key)
    records = texts.join(decided, on=["source", "id"])
    check_disjoint(records)
    nobody = {name: pl.lit("") for name in ("source", "user", "thread")}
    nearly = pl.concat_str(pl.col("band"), pl.lit("/"), pl.col("key")).alias("text_key")
    for bands in _few_bands(pl.scan_parquet(folders["bands"])):
        check_disjoint(bands.join(decided, on=["source", "id"]).select("split", nearly, **nobody))
    checked = decided.select(pl.len()).collect().item()
    tally.add("all", "records", "checked for leaks", checked)
    yield "checked", pl.DataFrame({"records": [checked]})


def check_disjoint(records: pl.DataFrame | pl.LazyFrame) -> None:
    """Raise `DataError` where a user, a thread or a text stands in two splits; the users of `seen` are those of train.

    Args:
        records: Columns source, user, thread, text_key (a hash of the normalised text; "" where there is none), split.
    """
    for what, columns in {"user": ["source", "user"], "thread": ["source", "thread"], "text": ["text_key"]}.items():
        side = pl.col("split").replace("seen", "train") if what == "user" else pl.col("split")
        named = records.lazy().filter(pl.col(columns[-1]) != "").with_columns(side)
        sides = named.group_by(columns).agg(low=pl.col("split").min(), high=pl.col("split").max())
        both = sides.filter(pl.col("low") != pl.col("high")).collect(engine="streaming")
        if both.height:
            first = both.sort(columns).row(0, named=True)
            raise DataError(
                f"leak: {both.height} {what}s stand in more than one split, such as {first[columns[-1]]!r} in "
                f"{first['low']} and {first['high']}; no model may be judged on this corpus: report this as a bug"
            )


def _check_own(records: pl.DataFrame) -> None:
    """Raise `DataError` where a source puts one user into several splits."""
    own = records.group_by("source", "user").agg(pl.col("split").drop_nulls().unique().sort())
    several = own.filter(pl.col("split").list.len() > 1).sort("source", "user")
    if several.height:
        source, user, splits = several.row(0)
        raise DataError(
            f"source.{source} puts {several.height} of its users into more than one split, such as {user} (a hashed "
            f"id) into {' and '.join(splits)}; give every user one split, or leave its split out to draw them here"
        )


def _splits(records: pl.DataFrame, shares: Mapping[str, float], seed: int) -> pl.Series:
    """The user's split in the source, else one by hash of the user."""
    users = records.select("source", "user").unique()
    points = [_point(source, user, seed) for source, user in users.iter_rows()]
    bounds, total = list[tuple[str, float]](), 0.0
    for name, share in shares.items():
        total += share
        bounds.append((name, total))
    drawn = [next((name for name, bound in bounds if point < bound), bounds[-1][0]) for point in points]
    known = records.join(users.with_columns(pl.Series("drawn", drawn)), on=["source", "user"], maintain_order="left")
    own = pl.col("split").max().over("source", "user")
    return known.select(pl.coalesce(own, "drawn").alias("split")).to_series()


def _point(source: str, user: str, seed: int) -> float:
    word = blake2b(f"{source}/{user}".encode(), key=seed.to_bytes(8, "little"), digest_size=8).digest()
    return int.from_bytes(word, "little") / 2**64


def _rank() -> pl.Expr:
    return pl.col("split").replace_strict(RANKS, return_dtype=pl.Int8).alias("rank")


def _shared_threads(records: pl.DataFrame) -> pl.DataFrame:
    """Records in threads that somebody on a later side is in too."""
    threads = records.filter(pl.col("thread") != "").with_columns(_rank())
    top = pl.col("rank").max().over("source", "thread")
    return threads.filter(pl.col("rank") < top).select("source", "id")


def _shared_texts(records: pl.DataFrame, bands: pl.LazyFrame) -> pl.DataFrame:
    """Records whose text, or nearly that text, somebody on a later side wrote too."""
    ranked = records.select("source", "id", _rank())
    found = [_shared(few.join(ranked.lazy(), on=["source", "id"])) for few in _few_bands(bands)]
    return pl.concat(found).unique()


def _shared(known: pl.LazyFrame) -> pl.DataFrame:
    """Records that agree in some band with a record of a later side."""
    sides = known.group_by("band", "key").agg(top=pl.col("rank").max(), low=pl.col("rank").min())
    mixed = sides.filter(pl.col("low") < pl.col("top"))
    shared = known.join(mixed, on=["band", "key"]).filter(pl.col("rank") < pl.col("top"))
    return shared.select("source", "id").unique().collect()


def _trained_on(records: pl.DataFrame, bands: pl.LazyFrame) -> pl.DataFrame:
    """Records that are to be `seen` in whose threads, or with whose text, or nearly that, there are some in train."""
    seen = records.filter(pl.col("split") == "seen").select("source", "id", "thread")
    train = records.filter(pl.col("split") == "train").select("source", "id", "thread")
    threads = train.filter(pl.col("thread") != "").select("source", "thread").unique()
    found = [seen.join(threads, on=["source", "thread"], how="semi").select("source", "id")]
    for few in _few_bands(bands):
        known = few.join(train.lazy(), on=["source", "id"], how="semi").select("band", "key").unique()
        mine = few.join(seen.lazy(), on=["source", "id"], how="semi")
        found.append(mine.join(known, on=["band", "key"], how="semi").select("source", "id").unique().collect())
    return pl.concat(found).unique()


def _few_bands(bands: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """All bands, a few at a time."""
    for first in range(0, BANDS, BANDS_AT_ONCE):
        yield bands.filter(pl.col("band").is_between(first, first + BANDS_AT_ONCE - 1))


def _without(records: pl.DataFrame, dropped: pl.DataFrame, reason: str, tally: Tally) -> pl.DataFrame:
    kept = records.join(dropped, on=["source", "id"], how="anti", maintain_order="left")
    for source, number in dropped.group_by("source").len().sort("source").iter_rows():
        tally.add(source, "records", reason, number)
    gone = records.join(kept, on=["source", "user"], how="anti")
    for source, number in gone.group_by("source").agg(pl.col("user").n_unique()).sort("source").iter_rows():
        tally.add(source, "users", reason, number)
    return kept


def _parts(records: pl.DataFrame, settings: Mapping[str, Any]) -> pl.DataFrame:
    """History first, targets later; of train users the last targets are `seen`, the first records `early`.

    Records of one time stay together, since none of them is known to be before another; those without a time are
    history, since nothing is known to be before them.
    """
    ordered = records.sort("source", "user", "time", "id", nulls_last=False)
    ordered = ordered.with_columns(place=pl.int_range(pl.len()).over("source", "user"))
    place = pl.col("place").min().over("source", "user", "time") / pl.len().over("source", "user")
    is_history, is_train = place < settings["history_share"], pl.col("split") == "train"
    is_seen = (place >= 1 - settings["seen_share"]) & is_train & ~is_history
    return ordered.with_columns(
        part=pl.when(is_history).then(pl.lit("history")).otherwise(pl.lit("target")),
        early=is_history & is_train & (place < settings["early_share"]),
        split=pl.when(is_seen).then(pl.lit("seen")).otherwise(pl.col("split")),
    ).drop("place")


def _count(records: pl.DataFrame, reason: pl.Expr, tally: Tally) -> None:
    """Count records and users by source and reason."""
    counted = records.group_by("source", reason.alias("reason")).agg(pl.col("user").n_unique(), pl.len())
    for source, why, users, rows in counted.sort("source", "reason").iter_rows():
        tally.add(source, "users", why, users)
        tally.add(source, "records", why, rows)
