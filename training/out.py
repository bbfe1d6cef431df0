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
PIECE = 20_000
"""Tasks that are held at once."""
CHAT = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))


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
    rows = folders.scan("tasks", "task").with_row_index("row")
    counts: dict[str, dict[str, int]] = {}
    for (split,), kept in _kept(rows, config, seed).partition_by("split", as_dict=True).items():
        forms = kept.group_by("form").len().sort("form").iter_rows()
        counts[str(split)] = {str(form): int(number) for form, number in forms}
        with (folders.root / TASKS / f"{split}.jsonl").open("wb") as file:
            for piece in kept.select("row", "order").sort("order", "row").iter_slices(PIECE):
                mine = rows.join(piece.lazy(), on="row").collect(engine="streaming").sort("order", "row")
                mine.drop("row", "order").with_columns(pl.col("messages").str.json_decode(CHAT)).write_ndjson(file)
    return dict(sorted(counts.items()))


def _kept(rows: pl.LazyFrame, config: TaskConfig, seed: int) -> pl.DataFrame:
    """The tasks that are written, each with its place in a shuffled order; no texts."""
    order = pl.concat_str("form", "user", "record", "question", separator="/").hash(seed).alias("order")
    slim = rows.select("row", "split", "form", "platform", order).collect(engine="streaming")
    cap = pl.when(pl.col("split") == "train").then(pl.col("form").replace_strict(config.caps, default=None))
    most = cap.otherwise(pl.lit(config.held_out_cap)).fill_null(pl.len())
    place = pl.struct("order", "row").rank("ordinal").over("split", "form", "platform")
    return slim.with_columns(place=place).filter(pl.col("place") <= most)


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
