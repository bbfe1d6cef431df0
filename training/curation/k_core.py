"""Filter users and items: keep users who did enough, and items that enough users acted upon.

Only columns of ids are held in memory, as 64-bit hashes. Rules that depend on one another, among them user-core k and
item-core m (the k-core of the graph of users and items; Seidman 1983, doi:10.1016/0378-8733(83)90028-X), are applied
in turn until none of them drops anything.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import Field, NonNegativeInt, PositiveInt

from sandbox.settings import Settings, validate
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables

IDS = ("user", "item", "id", "category")
REASON_SETTINGS = {
    "item without a title of its own": "titled_items",
    "same user and item again": "one_per_item",
    "item not frequent enough": "top_items_share",
    "user has too few posts": "min_posts",
    "what it answers was dropped": "needs_answered",
    "user has too few records": "min_records",
    "user outside the k-core": "user_core",
    "item outside the k-core": "item_core",
    "more users than wanted": "max_users",
    "user's older records": "max_records",
}
"""The setting that decides each reason for which a record is dropped; an id that was seen before is always dropped."""
PIECE_ROWS = 250_000
"""Rows whose ids are written at once."""


class KCoreConfig(Settings):
    """Rules of one platform."""

    titled_items: bool
    """Whether an item counts only if its source lists it with a title; of items with the same title only one counts."""
    one_per_item: bool
    """Whether only the earliest of a user's records of one item counts."""
    top_items_share: float = Field(gt=0, le=1)
    """Share of the items, the most frequent ones, that are kept."""
    min_posts: NonNegativeInt
    """Posts that a user needs."""
    needs_answered: bool
    """Whether a comment counts only if what it answers is kept too; one that does not say what it answers passes."""
    min_records: NonNegativeInt
    """Records that a user needs."""
    user_core: NonNegativeInt
    """Records that every remaining user has in the end."""
    item_core: NonNegativeInt
    """Users that every remaining item has in the end."""
    per_category: bool
    """Whether the most frequent items and the k-core are taken in each category or community separately, as if every
    category had users of its own."""
    max_users: PositiveInt | None
    """Users of each source, chosen by hash; null for all."""
    max_records: PositiveInt | None
    """Records of a user, the latest ones; null for all."""


def k_core_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Yield the ids of the records that are kept: columns source, id and item.

    Args:
        unit: Its inputs `record`, the filtered records, and `item`, the items that sources list.
        settings: The fields of a `KCoreConfig` by platform, and `seed`.
        tally: Counts records, users and items.
    """
    files, item_files = unit.inputs["record"], unit.inputs["item"]
    if not files:
        return
    records = pl.scan_parquet(files)
    pairs = records.select("source", "platform").unique().sort("source", "platform").collect(engine="streaming")
    is_kept = pl.repeat(value=False, n=records.select(pl.len()).collect().item(), dtype=pl.Boolean, eager=True)
    for source, platform in pairs.iter_rows():
        config = validate(KCoreConfig, settings.get(platform, {}), f"filters.{platform}.k_core")
        titled = load_titled_items(item_files, source) if config.titled_items else None
        rows = load_hashed_ids(files, source, platform)
        remaining = filter_source(rows, config, source, settings["seed"], tally, titled)
        is_kept = is_kept.scatter(remaining["row"], values=True)
    for start in range(0, len(is_kept), PIECE_ROWS):
        ids = records.select("source", "id", "item").slice(start, PIECE_ROWS).collect()
        yield "kept", ids.filter(is_kept.slice(start, PIECE_ROWS))


def load_hashed_ids(files: Sequence[Path], source: str, platform: str) -> pl.DataFrame:
    """Return the records of one source: ids as 64-bit hashes (null for ""), kinds, time, and the number of the row."""
    ids = [pl.when(pl.col(name) != "").then(pl.col(name).hash(0)).alias(name) for name in IDS]
    kinds = [(pl.col("kind") == kind).alias(f"is_{kind}") for kind in ("post", "comment")]
    is_of_source = (pl.col("source") == source) & (pl.col("platform") == platform)
    rows = pl.scan_parquet(list(files), row_index_name="row").filter(is_of_source)
    return rows.select("row", *ids, *kinds, "time").collect(engine="streaming")


def load_titled_items(files: Sequence[Path], source: str) -> pl.DataFrame | None:
    """Return the items of one source that have a title; of items with the same title, the one with the least hash.

    Returns:
        `item`, a 64-bit hash; None if the source lists no items.
    """
    if not files:
        return None
    of_source = pl.scan_parquet(list(files)).filter(pl.col("source") == source)
    title = pl.col("title").str.strip_chars().str.to_lowercase()
    columns = (pl.col("id").hash(0).alias("item"), pl.when(title != "").then(title.hash(0)).alias("title"))
    items = of_source.select(columns).collect(engine="streaming")
    titled = items.drop_nulls().group_by("title").agg(pl.col("item").min()).select("item")
    return titled if items.height else None


def filter_source(
    rows: pl.DataFrame,
    config: KCoreConfig,
    source: str,
    seed: int,
    tally: Tally,
    titled: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the records of one source that are kept, whatever the order of the rows.

    Args:
        rows: The result of `load_hashed_ids`.
        config: The rules.
        source: Name of the source.
        seed: Decides, with a user's hash, who is kept if there are too many users.
        tally: Counts what each rule drops, and the users and items that disappear with it.
        titled: Items that may be acted upon, the result of `load_titled_items`; None: all.
    """
    if not config.per_category:
        rows = rows.with_columns(category=pl.lit(0, pl.UInt8))  # one category for all
    rows = rows.sort("time", "id", "user", "item")
    _count(rows, None, source, "in", tally)
    if titled is not None:
        of_titled_items = rows.join(titled, on="item", how="semi", maintain_order="left")
        rows = _replace(rows, of_titled_items, "item without a title of its own", source, tally)
    rows = _apply_in_turn(rows, _duplicate_rules(config), source, tally)
    frequent = _select_frequent(rows, config.top_items_share)
    rows = _replace(rows, frequent, "item not frequent enough", source, tally)
    rows = _apply_until_stable(rows, config, source, tally)
    rows = _apply_in_turn(rows, _cap_rules(config, seed), source, tally)
    rows = _apply_until_stable(rows, config, source, tally)
    _count(rows, None, source, "out", tally)
    return rows


def _duplicate_rules(config: KCoreConfig) -> dict[str, pl.Expr]:
    """Return the rules against repeated records, by reason; true for what is kept."""
    rules = {"id seen before": pl.col("id").is_first_distinct()}
    if config.one_per_item:
        is_first = pl.struct("user", "item").is_first_distinct()
        rules["same user and item again"] = pl.col("item").is_null() | is_first
    return rules


def _interdependent_rules(config: KCoreConfig) -> dict[str, pl.Expr]:
    """Return the rules each of which may drop what another one counts, by reason; true for what is kept."""
    item = pl.col("item")
    users_of_item = pl.struct("user", "item").is_first_distinct().sum().over("category", "item")
    rules = {
        "user has too few posts": (config.min_posts, pl.col("is_post").sum().over("user") >= config.min_posts),
        "what it answers was dropped": (
            config.needs_answered,
            ~pl.col("is_comment") | item.is_null() | item.is_in(pl.col("id").implode()),
        ),
        "user has too few records": (config.min_records, pl.len().over("user") >= config.min_records),
        "user outside the k-core": (config.user_core, pl.len().over("user", "category") >= config.user_core),
        "item outside the k-core": (config.item_core, item.is_null() | (users_of_item >= config.item_core)),
    }
    return {reason: keep for reason, (is_active, keep) in rules.items() if is_active}


def _cap_rules(config: KCoreConfig, seed: int) -> dict[str, pl.Expr]:
    """Return the rules that limit the numbers of users and records, by reason; true for what is kept."""
    rules: dict[str, pl.Expr] = {}
    if config.max_users is not None:
        rules["more users than wanted"] = pl.col("user").hash(seed).rank("dense") <= config.max_users
    if config.max_records is not None:
        rank_from_latest = pl.int_range(pl.len(), 0, -1).over("user")  # rows are in order of time
        rules["user's older records"] = rank_from_latest <= config.max_records
    return rules


def _apply_until_stable(rows: pl.DataFrame, config: KCoreConfig, source: str, tally: Tally) -> pl.DataFrame:
    """Apply the interdependent rules in turn until none of them drops anything."""
    rules, height = _interdependent_rules(config), -1
    while height != rows.height:
        height = rows.height
        rows = _apply_in_turn(rows, rules, source, tally)
    return rows


def _apply_in_turn(rows: pl.DataFrame, rules: Mapping[str, pl.Expr], source: str, tally: Tally) -> pl.DataFrame:
    for reason, keep in rules.items():
        rows = _replace(rows, rows.filter(keep), reason, source, tally)
    return rows


def _select_frequent(rows: pl.DataFrame, share: float) -> pl.DataFrame:
    """Return the records of the most frequent items; the hash decides among equally frequent ones."""
    if share >= 1:
        return rows
    counts = rows.group_by("category", "item").len().sort("category", "len", "item", descending=[False, True, False])
    num_top = (pl.len() * share).round().clip(lower_bound=1)
    top = counts.filter((pl.col("item").is_null() | (pl.int_range(pl.len()) < num_top)).over("category"))
    return rows.join(top, on=["category", "item"], how="semi", nulls_equal=True, maintain_order="left")


def _replace(before: pl.DataFrame, after: pl.DataFrame, reason: str, source: str, tally: Tally) -> pl.DataFrame:
    """Return `after`, and count what it lacks of `before`."""
    if after.height < before.height:
        _count(before, after, source, reason, tally)
    return after


def _count(before: pl.DataFrame, after: pl.DataFrame | None, source: str, reason: str, tally: Tally) -> None:
    """Count what is in `before` and no longer in `after` (None: nothing is)."""
    for entity, number in _count_distinct(before).items():
        tally.add(source, entity, reason, number - (0 if after is None else _count_distinct(after)[entity]))


def _count_distinct(rows: pl.DataFrame) -> dict[str, int]:
    items = rows["item"].drop_nulls().n_unique()
    return {"records": rows.height, "users": rows["user"].n_unique(), "items": items}
