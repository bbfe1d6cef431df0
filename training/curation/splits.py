"""Decide who is trained on and who is held out, and which of a person's records are history.

Users are split, never records. A user keeps the split that their source gives them; a keyed hash assigns the other
users. If a thread or a text (exact or nearly) is in more than one split, only the latest of train, val and test keeps
it. The earlier records of every user are history, from which the person is made; tasks ask about the later ones. The
very last records of train users are `seen`: people that the model was trained on, at a later time, in threads and with
texts that nobody in train has. Their very first records are `early`: an earlier self is made from these, and tasks ask
it about the rest of the history, so that there is more to learn from.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

import polars as pl

from sandbox.errors import DataError
from training.curation.near_duplicates import BANDS
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables
from training.sources.record import SPLITS

RANKS = {name: rank for rank, name in enumerate(SPLITS)}
"""Of the splits that share a thread or a text, the one with the highest rank keeps it."""
BANDS_AT_ONCE = 2
"""Texts agree within a band, so a few bands are compared at a time to save memory."""


def split_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Assign every record to a split and to history or target; yield one table for each file of records.

    Args:
        unit: Its inputs `record`, the clean records, and `bands`, their keys for finding near-duplicates.
        settings: The fields of a `SplitConfig`, and `seed`.
        tally: Counts records and users.
    """
    paths = unit.inputs["record"]
    columns = ("source", "user", "id", "thread", "time", "split", "file")
    records = pl.scan_parquet(paths, include_file_paths="file").select(columns).collect()
    _count(records, pl.lit("in"), tally)
    _check_source_splits(records)
    records = records.with_columns(_assign_splits(records, settings["shares"], settings["seed"]))
    records = _drop(records, _in_shared_threads(records), "thread in another split", tally)
    bands = pl.scan_parquet(unit.inputs["bands"])
    records = _drop(records, _with_shared_texts(records, bands), "text in another split", tally)
    records = _assign_parts(records, settings)
    records = _drop(records, _seen_in_train(records, bands), "seen: thread or text in train", tally)
    _count(records, pl.col("split"), tally)
    for path in paths:
        of_file = records.filter(pl.col("file") == str(path))
        yield path.stem, of_file.select("source", "user", "id", "split", "part", "early")


def leak_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Check the splits by other code than assigned them; a leak fails the pipeline.

    Args:
        unit: Its inputs `record`, the clean records, `bands`, and `decided`, the tables that `split_unit` left.
        settings: None are used.
        tally: Counts the records that were checked.
    """
    assignments = pl.scan_parquet(unit.inputs["decided"]).select("source", "id", "split")
    key = pl.col("text").str.to_lowercase().str.replace_all(r"\W+", " ").str.strip_chars()
    text_key = pl.when(key == "").then(pl.lit("")).otherwise(key.hash().cast(pl.String)).alias("text_key")
    texts = pl.scan_parquet(unit.inputs["record"]).select("source", "user", "thread", "id", text_key)
    check_disjoint(texts.join(assignments, on=["source", "id"]))
    # Near-duplicates: a (band, key) plays the part of the text's hash; users and threads are checked already.
    blank = {name: pl.lit("") for name in ("source", "user", "thread")}
    band_key = pl.concat_str(pl.col("band"), pl.lit("/"), pl.col("key")).alias("text_key")
    for bands in _few_bands(pl.scan_parquet(unit.inputs["bands"])):
        check_disjoint(bands.join(assignments, on=["source", "id"]).select("split", band_key, **blank))
    num_checked = assignments.select(pl.len()).collect().item()
    tally.add("all", "records", "checked for leaks", num_checked)
    yield "checked", pl.DataFrame({"records": [num_checked]})


def check_disjoint(records: pl.DataFrame | pl.LazyFrame) -> None:
    """Raise `DataError` if a user, a thread or a text is in two splits; the users of `seen` are those of train.

    Args:
        records: Columns source, user, thread, text_key (a hash of the normalised text; "" if there is none), split.
    """
    for kind, columns in {"user": ["source", "user"], "thread": ["source", "thread"], "text": ["text_key"]}.items():
        split = pl.col("split").replace("seen", "train") if kind == "user" else pl.col("split")
        named = records.lazy().filter(pl.col(columns[-1]) != "").with_columns(split)
        extremes = named.group_by(columns).agg(low=pl.col("split").min(), high=pl.col("split").max())
        leaking = extremes.filter(pl.col("low") != pl.col("high")).collect(engine="streaming")
        if leaking.height:
            first = leaking.sort(columns).row(0, named=True)
            raise DataError(
                f"leak: {leaking.height} {kind}s are in more than one split, such as {first[columns[-1]]!r} in "
                f"{first['low']} and {first['high']}; no model may be evaluated on this corpus: report this as a bug"
            )


def _check_source_splits(records: pl.DataFrame) -> None:
    """Raise `DataError` if a source puts one user into several splits."""
    source_splits = records.group_by("source", "user").agg(pl.col("split").drop_nulls().unique().sort())
    several = source_splits.filter(pl.col("split").list.len() > 1).sort("source", "user")
    if several.height:
        source, user, splits = several.row(0)
        raise DataError(
            f"source.{source} puts {several.height} of its users into more than one split, such as {user} (a hashed "
            f"id) into {' and '.join(splits)}; give every user one split, or none to have one drawn"
        )


def _assign_splits(records: pl.DataFrame, shares: Mapping[str, float], seed: int) -> pl.Series:
    """Return the split that the source gives the record's user, else one by hash of the user."""
    users = records.select("source", "user").unique()
    points = [_hash_to_unit_interval(source, user, seed) for source, user in users.iter_rows()]
    bounds, total = list[tuple[str, float]](), 0.0
    for name, share in shares.items():
        total += share
        bounds.append((name, total))
    splits = [next((name for name, bound in bounds if point < bound), bounds[-1][0]) for point in points]
    by_hash = users.with_columns(pl.Series("by_hash", splits))
    joined = records.join(by_hash, on=["source", "user"], maintain_order="left")
    by_source = pl.col("split").max().over("source", "user")
    return joined.select(pl.coalesce(by_source, "by_hash").alias("split")).to_series()


def _hash_to_unit_interval(source: str, user: str, seed: int) -> float:
    """Return a number in [0, 1) that depends on the user and the seed only."""
    word = blake2b(f"{source}/{user}".encode(), key=seed.to_bytes(8, "little"), digest_size=8).digest()
    return int.from_bytes(word, "little") / 2**64


def _rank() -> pl.Expr:
    return pl.col("split").replace_strict(RANKS, return_dtype=pl.Int8).alias("rank")


def _in_shared_threads(records: pl.DataFrame) -> pl.DataFrame:
    """Return the ids of records in a thread that a later split has too."""
    threads = records.filter(pl.col("thread") != "").with_columns(_rank())
    highest = pl.col("rank").max().over("source", "thread")
    return threads.filter(pl.col("rank") < highest).select("source", "id")


def _with_shared_texts(records: pl.DataFrame, bands: pl.LazyFrame) -> pl.DataFrame:
    """Return the ids of records whose text, or nearly that text, is in a later split too."""
    ranks = records.select("source", "id", _rank())
    sharing = [_sharing_bands(few.join(ranks.lazy(), on=["source", "id"])) for few in _few_bands(bands)]
    return pl.concat(sharing).unique()


def _sharing_bands(ranked_bands: pl.LazyFrame) -> pl.DataFrame:
    """Return the ids of records that agree in some band with a record of a later split."""
    extremes = ranked_bands.group_by("band", "key").agg(high=pl.col("rank").max(), low=pl.col("rank").min())
    mixed = extremes.filter(pl.col("low") < pl.col("high"))
    sharing = ranked_bands.join(mixed, on=["band", "key"]).filter(pl.col("rank") < pl.col("high"))
    return sharing.select("source", "id").unique().collect()


def _seen_in_train(records: pl.DataFrame, bands: pl.LazyFrame) -> pl.DataFrame:
    """Return the ids of `seen` records whose thread, or whose text, or nearly that text, is in train."""
    seen = records.filter(pl.col("split") == "seen").select("source", "id", "thread")
    train = records.filter(pl.col("split") == "train").select("source", "id", "thread")
    threads = train.filter(pl.col("thread") != "").select("source", "thread").unique()
    leaking = [seen.join(threads, on=["source", "thread"], how="semi").select("source", "id")]
    for few in _few_bands(bands):
        in_train = few.join(train.lazy(), on=["source", "id"], how="semi").select("band", "key").unique()
        of_seen = few.join(seen.lazy(), on=["source", "id"], how="semi")
        leaking.append(of_seen.join(in_train, on=["band", "key"], how="semi").select("source", "id").unique().collect())
    return pl.concat(leaking).unique()


def _few_bands(bands: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """Yield all bands, a few at a time."""
    for first in range(0, BANDS, BANDS_AT_ONCE):
        yield bands.filter(pl.col("band").is_between(first, first + BANDS_AT_ONCE - 1))


def _drop(records: pl.DataFrame, ids: pl.DataFrame, reason: str, tally: Tally) -> pl.DataFrame:
    """Return the records without those in `ids`; count these, and the users who have no records left."""
    remaining = records.join(ids, on=["source", "id"], how="anti", maintain_order="left")
    for source, number in ids.group_by("source").len().sort("source").iter_rows():
        tally.add(source, "records", reason, number)
    of_lost_users = records.join(remaining, on=["source", "user"], how="anti")
    lost_users = of_lost_users.group_by("source").agg(pl.col("user").n_unique())
    for source, number in lost_users.sort("source").iter_rows():
        tally.add(source, "users", reason, number)
    return remaining


def _assign_parts(records: pl.DataFrame, settings: Mapping[str, Any]) -> pl.DataFrame:
    """Mark earlier records as history and later ones as targets; of train users the last as `seen`, the first as early.

    Records with the same time stay together, since none of them is known to be before another. Records without a time
    are history, since nothing is known to be before them.
    """
    ordered = records.sort("source", "user", "time", "id", nulls_last=False)
    ordered = ordered.with_columns(index=pl.int_range(pl.len()).over("source", "user"))
    # Share of the user's records that are strictly earlier than this one.
    earlier = pl.col("index").min().over("source", "user", "time") / pl.len().over("source", "user")
    is_history, is_train = earlier < settings["history_share"], pl.col("split") == "train"
    is_seen = (earlier >= 1 - settings["seen_share"]) & is_train & ~is_history
    return ordered.with_columns(
        part=pl.when(is_history).then(pl.lit("history")).otherwise(pl.lit("target")),
        early=is_history & is_train & (earlier < settings["early_share"]),
        split=pl.when(is_seen).then(pl.lit("seen")).otherwise(pl.col("split")),
    ).drop("index")


def _count(records: pl.DataFrame, reason: pl.Expr, tally: Tally) -> None:
    """Count records and users by source and reason."""
    counts = records.group_by("source", reason.alias("reason")).agg(pl.col("user").n_unique(), pl.len())
    for source, label, num_users, num_records in counts.sort("source", "reason").iter_rows():
        tally.add(source, "users", label, num_users)
        tally.add(source, "records", label, num_records)
