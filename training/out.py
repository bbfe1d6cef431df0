"""What a corpus gives to the rest: a population, tasks in the chat format, a data card, the funnel."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec
import polars as pl

from agents.population import write_population
from sandbox.people import Profile
from training.card import write_card
from training.corpus import CorpusConfig
from training.funnel import Count
from training.report import write_funnel
from training.stages import Folders

PEOPLE = "people.parquet"


def write_out(config: CorpusConfig, counts: Sequence[Count]) -> list[Path]:
    """Write everything that others read into the corpus's folder; returns the paths."""
    folders = Folders(config.corpus_dir)
    people = list(chosen_people(folders, config.people, config.seed))
    write_population(config.corpus_dir / PEOPLE, people)
    write_card(config, people, counts, {})
    write_funnel(config.corpus_dir, counts)
    return [config.corpus_dir / name for name in (PEOPLE, "card.md", "funnel.html", "funnel.csv")]


def chosen_people(folders: Folders, most: dict[str, int | None], seed: int) -> Iterator[Profile]:
    """People who passed, at most so many of each platform, in the order of a keyed hash of their ids."""
    rows = folders.scan("quality", "person").select("platform", "user", "profile").collect()
    key = seed.to_bytes(8, "little")
    order = [blake2b(user.encode(), key=key, digest_size=8).digest() for user in rows["user"]]
    ordered = rows.with_columns(pl.Series("order", order)).sort("platform", "order")
    for (platform,), mine in ordered.group_by("platform", maintain_order=True):
        for text in mine["profile"].head(most.get(str(platform)) or mine.height):
            yield msgspec.json.decode(text, type=Profile)
