"""What a corpus gives to the rest: a population, tasks in the chat format, a data card, the funnel."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path

import msgspec
import polars as pl
import pyarrow.parquet as pq

from agents.population import write_population
from sandbox.people import Profile
from training.card import write_card
from training.corpus import CorpusConfig, TaskConfig
from training.funnel import Count
from training.grouping import pieces
from training.report import write_funnel
from training.stages import Folders

PEOPLE = "people.parquet"
TASKS = "tasks"
SCRATCH = "scratch"
"""Folder of what is being written."""
PIECE = 10_000
"""Tasks that are held at once."""
CHAT = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))


def write_out(config: CorpusConfig, counts: Sequence[Count]) -> list[Path]:
    """Write everything that others read into the corpus's folder; returns the paths."""
    folders = Folders(config.corpus_dir)
    people = list(chosen_people(folders, config.people, config.seed))
    draft = config.corpus_dir / f"draft-{PEOPLE}"
    write_population(draft, people)
    draft.replace(config.corpus_dir / PEOPLE)
    tasks = write_tasks(folders, config.tasks, config.seed)
    write_card(config, people, counts, tasks)
    write_funnel(config.corpus_dir, counts)
    names = (PEOPLE, *(f"{TASKS}/{split}.jsonl" for split in tasks), "card.md", "funnel.html", "funnel.csv")
    return [config.corpus_dir / name for name in names]


def write_tasks(folders: Folders, config: TaskConfig, seed: int) -> dict[str, dict[str, int]]:
    """Write `tasks/<split>.jsonl`, shuffled, at most so many of each form; returns how many of each there are.

    Every line is a chat (`messages`) as TRL, LLaMA-Factory and Axolotl read it, with what it is about beside it.
    """
    kept = _kept(folders.scan("tasks", "task").with_row_index("row"), config, seed)
    counts: dict[str, dict[str, int]] = {}
    for split, form, number in kept.group_by("split", "form").len().sort("split", "form").iter_rows():
        counts.setdefault(split, {})[form] = number
    scratch = folders.root / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    _part(folders.files("tasks", "task"), kept.select("row", "order", "part"), scratch)
    for split in counts:
        draft = scratch / f"{split}.jsonl"
        with draft.open("wb") as file:
            for path in sorted(scratch.glob(f"{split}-*")):
                rows = pl.read_parquet(path).sort("order", "row").drop("row", "order")
                rows.with_columns(pl.col("messages").str.json_decode(CHAT)).write_ndjson(file)
        draft.replace(folders.root / TASKS / draft.name)
    shutil.rmtree(scratch)
    return counts


def _kept(rows: pl.LazyFrame, config: TaskConfig, seed: int) -> pl.DataFrame:
    """The tasks that are written, with their place in a shuffled order and the part of it they are in; no texts."""
    order = pl.concat_str("form", "user", "record", "question", separator="/").hash(seed).alias("order")
    slim = rows.select("row", "split", "form", "platform", order).collect(engine="streaming")
    cap = pl.when(pl.col("split") == "train").then(pl.col("form").replace_strict(config.caps, default=None))
    most = cap.otherwise(pl.lit(config.held_out_cap)).fill_null(pl.len())
    place = pl.struct("order", "row").rank("ordinal")
    kept = slim.filter(place.over("split", "form", "platform") <= most)
    number = (place.over("split") // PIECE).cast(pl.String).str.zfill(6)
    return kept.with_columns(part=pl.concat_str("split", number, separator="-"))


def _part(files: Sequence[Path], kept: pl.DataFrame, folder: Path) -> None:
    """Bring the tasks of each part of the order into one file."""
    start = 0
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        for piece in (piece for path in files for piece in pieces(path, size=PIECE // 4)):
            rows = piece.with_row_index("row", start).join(kept, on="row")
            start += piece.height
            for (part,), mine in rows.partition_by("part", as_dict=True, include_key=False).items():
                arrow = mine.to_arrow(compat_level=pl.CompatLevel.oldest())
                if part not in writers:
                    writers[str(part)] = stack.enter_context(pq.ParquetWriter(folder / str(part), arrow.schema))
                writers[str(part)].write_table(arrow)


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
