"""What a corpus exports: a population, tasks in the chat format, a data card, the funnel."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path

import msgspec
import polars as pl
import pyarrow.parquet as pq

from agents.population_files import write_population
from sandbox.core.profile import Profile
from sandbox.errors import DataError
from sandbox.files import publish_file, replace_file
from training.corpus.card import write_card
from training.corpus.config import CorpusConfig, TaskConfig
from training.corpus.report import write_funnel
from training.curation.grouping import read_pieces
from training.panels.build import STAGE as PANELS
from training.pipeline.folders import Folders
from training.pipeline.funnel import Count

PEOPLE = "people.parquet"
TASKS = "tasks"
SCRATCH = "scratch"
"""Folder of files that are not complete yet."""
CHUNK_TASKS = 10_000
"""Tasks that are in memory at once."""
CHAT = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))


def export_corpus(config: CorpusConfig, counts: Sequence[Count]) -> list[Path]:
    """Write all files that are meant for others into the corpus's folder; return their paths.

    A corpus of panels alone has no population, since nobody knows more of their people than what they did.

    Raises:
        DataError: The limits on people leave nobody.
    """
    folders = Folders(config.corpus_dir)
    people = list(select_people(folders, config.people, config.seed)) if config.sources else []
    if config.sources and not people:
        write_funnel(config.corpus_dir, counts)
        raise DataError(f"people={config.people} leaves nobody in the population; raise the number of a platform")
    if people:
        with replace_file(config.corpus_dir / PEOPLE) as draft:
            write_population(draft, people)
    stages = [stage for stage, names in (("tasks", config.sources), (PANELS, config.panels)) if names]
    tasks = write_tasks(folders, stages, config.tasks, config.seed)
    write_card(config, people, counts, tasks)
    write_funnel(config.corpus_dir, counts)
    population = [PEOPLE] if people else []
    names = (*population, *(f"{TASKS}/{split}.jsonl" for split in tasks), "card.md", "funnel.html", "funnel.csv")
    return [config.corpus_dir / name for name in names]


def write_tasks(folders: Folders, stages: Sequence[str], config: TaskConfig, seed: int) -> dict[str, dict[str, int]]:
    """Write `tasks/<split>.jsonl`, shuffled and capped by form; return the number of tasks by split and form.

    Every line is a chat (`messages`) as TRL, LLaMA-Factory and Axolotl read it, with what it is about beside it.

    Args:
        folders: The corpus.
        stages: Those that have left a table of tasks.
        config: Caps by form.
        seed: Seed of the order.
    """
    files = [path for stage in stages for path in folders.files(stage, "task")]
    selected = _select_tasks(pl.scan_parquet(files).with_row_index("row"), config, seed)
    counts: dict[str, dict[str, int]] = {}
    for split, form, number in selected.group_by("split", "form").len().sort("split", "form").iter_rows():
        counts.setdefault(split, {})[form] = number
    scratch = folders.root / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    (folders.root / TASKS).mkdir(exist_ok=True)
    _write_chunks(files, selected.select("row", "order", "chunk"), scratch)
    for split in counts:
        draft = scratch / f"{split}.jsonl"
        with draft.open("wb") as file:
            for path in sorted(scratch.glob(f"{split}-*")):
                rows = pl.read_parquet(path).sort("order", "row").drop("row", "order")
                rows.with_columns(pl.col("messages").str.json_decode(CHAT)).write_ndjson(file)
        publish_file(draft, folders.root / TASKS / draft.name)
    shutil.rmtree(scratch)
    return counts


def select_people(folders: Folders, limits: dict[str, int | None], seed: int) -> Iterator[Profile]:
    """Yield people who passed, up to the limit of each platform, in the order of a keyed hash of their ids."""
    latest = folders.scan("quality", "person").filter(pl.col("self") == "latest")
    rows = latest.select("platform", "user", "profile").collect()
    key = seed.to_bytes(8, "little")
    order = [blake2b(user.encode(), key=key, digest_size=8).digest() for user in rows["user"]]
    ordered = rows.with_columns(pl.Series("order", order)).sort("platform", "order")
    for (platform,), platform_rows in ordered.group_by("platform", maintain_order=True):
        limit = limits.get(str(platform))
        for text in platform_rows["profile"].head(platform_rows.height if limit is None else limit):
            yield msgspec.json.decode(text, type=Profile)


def _select_tasks(rows: pl.LazyFrame, config: TaskConfig, seed: int) -> pl.DataFrame:
    """Return the tasks that are written, with their shuffled order and the chunk of it that they are in; no texts."""
    order = pl.concat_str("form", "user", "record", "question", separator="/").hash(seed).alias("order")
    ids = rows.select("row", "split", "form", "platform", order).collect(engine="streaming")
    train_cap = pl.col("form").replace_strict(config.caps, default=None)
    cap = pl.when(pl.col("split") == "train").then(train_cap).otherwise(pl.lit(config.held_out_cap))
    position = pl.struct("order", "row").rank("ordinal")
    selected = ids.filter(position.over("split", "form", "platform") <= cap.fill_null(pl.len()))
    number = (position.over("split") // CHUNK_TASKS).cast(pl.String).str.zfill(6)
    return selected.with_columns(chunk=pl.concat_str("split", number, separator="-"))


def _write_chunks(files: Sequence[Path], selected: pl.DataFrame, folder: Path) -> None:
    """Write the tasks of each chunk of the order into one file, so that no more than a chunk is ever sorted at once."""
    num_read = 0
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}
        for piece in (piece for path in files for piece in read_pieces(path, size=CHUNK_TASKS // 4)):
            rows = piece.with_row_index("row", num_read).join(selected, on="row")
            num_read += piece.height
            for (chunk,), chunk_rows in rows.partition_by("chunk", as_dict=True, include_key=False).items():
                arrow = chunk_rows.to_arrow(compat_level=pl.CompatLevel.oldest())
                if chunk not in writers:
                    writers[str(chunk)] = stack.enter_context(pq.ParquetWriter(folder / str(chunk), arrow.schema))
                writers[str(chunk)].write_table(arrow)
