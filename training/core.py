"""Rules over whole users and items: who did enough, and what enough people did. Only ids are held in memory.

User-core k and item-core m (k-core of the bipartite graph of users and products; Seidman 1983,
doi:10.1016/0378-8733(83)90028-X) are taken away from in turns until nothing changes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import Field, NonNegativeInt, PositiveInt

from sandbox.config import Frozen, validated
from training.funnel import Tally
from training.stages import Tables

COLUMNS = ("source", "platform", "user", "item", "kind", "id", "time")


class CoreConfig(Frozen):
    """Rules of one platform."""

    min_records: PositiveInt
    """Records that a user needs."""
    min_posts: NonNegativeInt
    """Posts among them."""
    one_per_item: bool
    """Of a user's records of one item only the first counts."""
    top_items_share: float = Field(gt=0, le=1)
    """Share of the items, the most frequent, that are kept."""
    user_core: NonNegativeInt
    """Records that every user has left in the end; 0: no core is taken."""
    item_core: NonNegativeInt
    """Users that every item has left in the end."""
    max_users: PositiveInt | None
    """Users of each source, chosen by hash; null for all."""
    max_records: PositiveInt | None
    """Records of a user, the latest; null for all."""


def core_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Say which records are left, as columns source and id."""
    rows = pl.scan_parquet(list(files)).select(COLUMNS).collect()
    for (source, platform), mine in rows.group_by("source", "platform", maintain_order=True):
        config = validated(CoreConfig, settings[str(platform)], f"rules.{platform}.core")
        _count(mine, str(source), "in", tally)
        left = core_of(mine.sort("user", "time", "id"), config, str(source), settings["seed"], tally)
        _count(left, str(source), "out", tally)
        yield "kept", left.select("source", "id").sort("id")


def core_of(rows: pl.DataFrame, config: CoreConfig, source: str, seed: int, tally: Tally) -> pl.DataFrame:
    """The records of one source that are left."""

    def keep(before: pl.DataFrame, after: pl.DataFrame, reason: str) -> pl.DataFrame:
        tally.add(source, "records", reason, before.height - after.height)
        return after

    rows = keep(rows, rows.unique("id", keep="first", maintain_order=True), "id seen before")
    if config.one_per_item:
        once = rows.unique(["user", "item"], keep="first", maintain_order=True)
        rows = keep(rows, once, "same user and item again")
    rows = keep(rows, _frequent(rows, config.top_items_share), "item not frequent enough")
    posts = (pl.col("kind") == "post").sum().over("user")
    rows = keep(rows, rows.filter(posts >= config.min_posts), "user has too few posts")
    rows = keep(rows, rows.filter(pl.len().over("user") >= config.min_records), "user has too few records")
    if config.user_core:
        rows = keep(rows, bipartite_core(rows, config.user_core, config.item_core), "outside of the core")
    if config.max_users is not None:
        rows = keep(rows, _some_users(rows, config.max_users, seed), "more users than wanted")
    if config.max_records is not None:
        place = pl.int_range(pl.len(), 0, -1).over("user")
        rows = keep(rows, rows.filter(place <= config.max_records), "user's older records")
    return rows


def bipartite_core(rows: pl.DataFrame, user_core: int, item_core: int) -> pl.DataFrame:
    """The largest part in which every user has so many records and every item so many users."""
    while True:
        users = pl.len().over("user") >= user_core
        items = pl.col("user").n_unique().over("item") >= item_core
        left = rows.filter(users).filter(items)
        if left.height == rows.height:
            return left
        rows = left


def _frequent(rows: pl.DataFrame, share: float) -> pl.DataFrame:
    """Records of the most frequent items; among equally frequent ones the smaller id goes first."""
    if share >= 1:
        return rows
    counts = rows.group_by("item").len().sort(["len", "item"], descending=[True, False])
    return rows.join(counts.head(max(1, round(counts.height * share))), on="item", how="semi", maintain_order="left")


def _some_users(rows: pl.DataFrame, most: int, seed: int) -> pl.DataFrame:
    users = rows.select("user").unique().with_columns(order=pl.col("user").hash(seed))
    return rows.join(users.sort("order", "user").head(most), on="user", how="semi", maintain_order="left")


def _count(rows: pl.DataFrame, source: str, reason: str, tally: Tally) -> None:
    tally.add(source, "records", reason, rows.height)
    tally.add(source, "users", reason, rows["user"].n_unique())
    tally.add(source, "items", reason, rows.filter(pl.col("item") != "")["item"].n_unique())
