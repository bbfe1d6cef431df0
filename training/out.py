"""What a corpus gives to the rest: a population, tasks in the chat format, a data card, the funnel."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec
import polars as pl

from agents.population import write_population
from sandbox.people import Profile
from training.card import write_card
from training.corpus import CorpusConfig, TaskConfig
from training.funnel import Count
from training.report import write_funnel
from training.stages import Folders

PEOPLE = "people.parquet"
TASKS = "tasks"


def write_out(config: CorpusConfig, counts: Sequence[Count]) -> list[Path]:
    """Write everything that others read into the corpus's folder; returns the paths."""
    folders = Folders(config.corpus_dir)
    people = list(chosen_people(folders, config.people, config.seed))
    write_population(config.corpus_dir / PEOPLE, people)
    tasks = write_tasks(folders, config.tasks, config.seed)
    write_card(config, people, counts, tasks)
    write_funnel(config.corpus_dir, counts)
    names = (PEOPLE, *(f"{TASKS}/{split}.jsonl" for split in tasks), "card.md", "funnel.html", "funnel.csv")
    return [config.corpus_dir / name for name in names]


def write_tasks(folders: Folders, config: TaskConfig, seed: int) -> dict[str, dict[str, int]]:
    """Write `tasks/<split>.jsonl`, shuffled, at most so many of each form; returns how many of each there are.

    Every line is a chat (`messages`) as TRL, LLaMA-Factory and Axolotl read it, with what it is about beside it.
    """
    folder = folders.root / TASKS
    order = pl.concat_str("form", "user", "record", "question", separator="/").hash(seed)
    cap = pl.when(pl.col("split") == "train").then(pl.col("form").replace_strict(config.caps, default=None))
    most = cap.otherwise(pl.lit(config.held_out_cap)).fill_null(pl.len())
    slim = folders.scan("tasks", "task").select("split", "form", "platform", order.alias("order")).with_row_index("row")
    ranked = slim.with_columns(rank=pl.col("order").rank("ordinal").over("split", "form", "platform")).collect()
    kept = ranked.filter(pl.col("rank") <= most)
    counts: dict[str, dict[str, int]] = {}
    for split, form, number in kept.group_by("split", "form").len().sort("split", "form").iter_rows():
        counts.setdefault(split, {})[form] = number
    chat = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
    for split in counts:
        mine = kept.lazy().filter(pl.col("split") == split).select("row", "order")
        rows = folders.scan("tasks", "task").with_row_index("row").join(mine, on="row").sort("order", "row")
        told = rows.drop("row", "order").with_columns(pl.col("messages").str.json_decode(chat))
        told.sink_ndjson(folder / f"{split}.jsonl")
    return counts


def chosen_people(folders: Folders, most: dict[str, int | None], seed: int) -> Iterator[Profile]:
    """People who passed, at most so many of each platform, in the order of a keyed hash of their ids."""
    latest = folders.scan("quality", "person").filter(pl.col("self") == "latest")
    rows = latest.select("platform", "user", "profile").collect()
    key = seed.to_bytes(8, "little")
    order = [blake2b(user.encode(), key=key, digest_size=8).digest() for user in rows["user"]]
    ordered = rows.with_columns(pl.Series("order", order)).sort("platform", "order")
    for (platform,), mine in ordered.group_by("platform", maintain_order=True):
        for text in mine["profile"].head(most.get(str(platform)) or mine.height):
            yield msgspec.json.decode(text, type=Profile)
