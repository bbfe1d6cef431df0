"""Rules over whole users and items: who did enough, and what enough people did.

Only columns of ids are held in memory, as 64-bit hashes. Rules that depend on one another, among them user-core k and
item-core m (the k-core of the graph of users and items; Seidman 1983, doi:10.1016/0378-8733(83)90028-X), are applied
in turns until none of them drops anything.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import Field, NonNegativeInt, PositiveInt

from sandbox.config import Frozen
from sandbox.validation import validated
from training.funnel import Tally
from training.grouping import READ
from training.stages import Folders, Tables, Unit

IDS = ("user", "item", "id", "place")
PIECE = 250_000
"""Rows whose ids are written at once."""


class CoreConfig(Frozen):
    """Rules of one platform."""

    titled_items: bool
    """Whether an item counts only where its source lists it with a title, and, of items with one title, only one."""
    one_per_item: bool
    """Of a user's records of one item only the earliest counts."""
    top_items_share: float = Field(gt=0, le=1)
    """Share of the items, the most frequent, that are kept."""
    min_posts: NonNegativeInt
    """Posts that a user needs."""
    needs_answered: bool
    """Whether a comment counts only where what it answers is kept too; what does not say passes."""
    min_records: NonNegativeInt
    """Records that a user needs."""
    user_core: NonNegativeInt
    """Records that every user has left in the end."""
    item_core: NonNegativeInt
    """Users that every item has left in the end."""
    per_place: bool
    """Whether the most frequent items and the core are taken in each place apart, as if users were others in each."""
    max_users: PositiveInt | None
    """Users of each source, chosen by hash; null for all."""
    max_records: PositiveInt | None
    """Records of a user, the latest; null for all."""


def core_units(folders: Folders) -> list[Unit]:
    """Everything at once: filtered records, and the items that sources list."""
    return [("all", [*folders.files("filter", "record"), *folders.files(READ, "item")])]


def core_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Say which records are left, as columns source and id.

    Args:
        files: All files of filtered records, then all files of items.
        settings: The fields of a `CoreConfig` by platform, and `seed`.
        tally: Counts records, users and items.
    """
    listed = [path for path in files if path.parent.name == "item"]
    files = [path for path in files if path not in listed]
    if not files:
        return
    records = pl.scan_parquet(files)
    kinds = records.select("source", "platform").unique().sort("source", "platform").collect(engine="streaming")
    is_kept = pl.repeat(value=False, n=records.select(pl.len()).collect().item(), dtype=pl.Boolean, eager=True)
    for source, platform in kinds.iter_rows():
        config = validated(CoreConfig, settings.get(platform, {}), f"rules.{platform}.core")
        titled = titles_of(listed, source) if config.titled_items else None
        left = core_of(hashed(files, source, platform), config, source, settings["seed"], tally, titled)
        is_kept = is_kept.scatter(left["row"], values=True)
    for start in range(0, len(is_kept), PIECE):
        ids = records.select("source", "id", "item").slice(start, PIECE).collect()
        yield "kept", ids.filter(is_kept.slice(start, PIECE))


def hashed(files: Sequence[Path], source: str, platform: str) -> pl.DataFrame:
    """The records of one source: ids as 64-bit hashes (null for ""), marks, time, and the number of the row."""
    ids = [pl.when(pl.col(name) != "").then(pl.col(name).hash(0)).alias(name) for name in IDS]
    marks = [(pl.col("kind") == kind).alias(f"is_{kind}") for kind in ("post", "comment")]
    is_mine = (pl.col("source") == source) & (pl.col("platform") == platform)
    rows = pl.scan_parquet(list(files), row_index_name="row").filter(is_mine)
    return rows.select("row", *ids, *marks, "time").collect(engine="streaming")


def titles_of(files: Sequence[Path], source: str) -> pl.DataFrame | None:
    """The items of one source that have a title, of equal titles the item with the least hash; None: it lists none.

    Returns:
        `item`, a 64-bit hash.
    """
    if not files:
        return None
    mine = pl.scan_parquet(list(files)).filter(pl.col("source") == source)
    title = pl.col("title").str.strip_chars().str.to_lowercase()
    told = mine.select(pl.col("id").hash(0).alias("item"), pl.when(title != "").then(title.hash(0)).alias("title"))
    items = told.collect(engine="streaming")
    kept = items.drop_nulls().group_by("title").agg(pl.col("item").min()).select("item")
    return kept if items.height else None


def core_of(
    rows: pl.DataFrame,
    config: CoreConfig,
    source: str,
    seed: int,
    tally: Tally,
    titled: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The records of one source that are left, whatever the order of the rows.

    Args:
        rows: As `hashed` makes them.
        config: The rules.
        source: Name of the source.
        seed: Says, with a user's hash, who is left where there are too many.
        tally: Counts what each rule drops, and users and items that vanish with it.
        titled: Items that may be acted upon, as `titles_of` makes them; None: all.
    """
    if not config.per_place:
        rows = rows.with_columns(place=pl.lit(0, pl.UInt8))
    rows = rows.sort("time", "id", "user", "item")
    _count(rows, None, source, "in", tally)
    if titled is not None:
        known = rows.join(titled, on="item", how="semi", maintain_order="left")
        rows = _kept(rows, known, "item without a title of its own", source, tally)
    rows = _applied(rows, _once(config), source, tally)
    rows = _kept(rows, _frequent(rows, config.top_items_share), "item not frequent enough", source, tally)
    rows = _settled(rows, config, source, tally)
    rows = _applied(rows, _caps(config, seed), source, tally)
    rows = _settled(rows, config, source, tally)
    _count(rows, None, source, "out", tally)
    return rows


def _once(config: CoreConfig) -> dict[str, pl.Expr]:
    """Rules about copies."""
    rules = {"id seen before": pl.col("id").is_first_distinct()}
    if config.one_per_item:
        pair = pl.struct("user", "item").is_first_distinct()
        rules["same user and item again"] = pl.col("item").is_null() | pair
    return rules


def _mutual(config: CoreConfig) -> dict[str, pl.Expr]:
    """Rules each of which may drop what another one counts; true for what is kept."""
    item, users = pl.col("item"), pl.struct("user", "item").is_first_distinct().sum().over("place", "item")
    rules = {
        "user has too few posts": (config.min_posts, pl.col("is_post").sum().over("user") >= config.min_posts),
        "what it answers was dropped": (
            config.needs_answered,
            ~pl.col("is_comment") | item.is_null() | item.is_in(pl.col("id").implode()),
        ),
        "user has too few records": (config.min_records, pl.len().over("user") >= config.min_records),
        "user outside of the core": (config.user_core, pl.len().over("user", "place") >= config.user_core),
        "item outside of the core": (config.item_core, item.is_null() | (users >= config.item_core)),
    }
    return {reason: keep for reason, (wanted, keep) in rules.items() if wanted}


def _caps(config: CoreConfig, seed: int) -> dict[str, pl.Expr]:
    """Rules about plenty."""
    rules: dict[str, pl.Expr] = {}
    if config.max_users is not None:
        rules["more users than wanted"] = pl.col("user").hash(seed).rank("dense") <= config.max_users
    if config.max_records is not None:
        place = pl.int_range(pl.len(), 0, -1).over("user")
        rules["user's older records"] = place <= config.max_records
    return rules


def _settled(rows: pl.DataFrame, config: CoreConfig, source: str, tally: Tally) -> pl.DataFrame:
    """What is left when no rule drops anything any more."""
    rules, height = _mutual(config), -1
    while height != rows.height:
        height = rows.height
        rows = _applied(rows, rules, source, tally)
    return rows


def _applied(rows: pl.DataFrame, rules: Mapping[str, pl.Expr], source: str, tally: Tally) -> pl.DataFrame:
    for reason, keep in rules.items():
        rows = _kept(rows, rows.filter(keep), reason, source, tally)
    return rows


def _frequent(rows: pl.DataFrame, share: float) -> pl.DataFrame:
    """Records of the most frequent items; among equally frequent ones the hash decides."""
    if share >= 1:
        return rows
    counts = rows.group_by("place", "item").len().sort("place", "len", "item", descending=[False, True, False])
    most = (pl.len() * share).round().clip(lower_bound=1)
    top = counts.filter((pl.col("item").is_null() | (pl.int_range(pl.len()) < most)).over("place"))
    return rows.join(top, on=["place", "item"], how="semi", nulls_equal=True, maintain_order="left")


def _kept(before: pl.DataFrame, after: pl.DataFrame, reason: str, source: str, tally: Tally) -> pl.DataFrame:
    if after.height < before.height:
        _count(before, after, source, reason, tally)
    return after


def _count(rows: pl.DataFrame, without: pl.DataFrame | None, source: str, reason: str, tally: Tally) -> None:
    """Count what is in `rows` and no more in `without`."""
    for what, number in _numbers(rows).items():
        tally.add(source, what, reason, number - (0 if without is None else _numbers(without)[what]))


def _numbers(rows: pl.DataFrame) -> dict[str, int]:
    items = rows["item"].drop_nulls().n_unique()
    return {"records": rows.height, "users": rows["user"].n_unique(), "items": items}
