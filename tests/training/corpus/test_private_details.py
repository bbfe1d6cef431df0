"""Whether private details that people wrote come out of a corpus anywhere."""

import gzip
import json
from pathlib import Path
from typing import TypeAlias

import polars as pl
import pytest

from tests.training.curation.planted import Planted, draw_planted
from tests.training.logs import write_logs
from training.cli import main

MAX_MISSED_SHARE = 0.01
"""Share of the details that may survive; see "What the cleaning cannot do"."""
TEXT_FIELDS = {"RS.json": "selftext", "RC.json": "body", "Tools.jsonl.gz": "text"}
TABLES = {"people": "people.parquet", "cleaned": "clean/record/*.parquet", "rejects": "read/reject/*.parquet"}
BAD_LINES = 30
"""Lines of a file that are cut, so that they can only be rejected."""
Outputs: TypeAlias = tuple[list[Planted], dict[str, str]]


def plant_details(path: Path, field: str, details: list[Planted]) -> None:
    """Divide details among the texts of a file, and add lines that hold some but cannot be read."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = [json.loads(line) for line in raw.splitlines()]
    for index, row in enumerate(rows):
        row[field] = " ".join((row[field], *(detail.sentence for detail in details[index :: len(rows)])))
    lines = [*map(json.dumps, rows), *(json.dumps({field: detail.sentence})[:-1] for detail in details[:BAD_LINES])]
    raw = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    """Build a corpus of logs with 1,200 details; return these, and what is in each kind of output."""
    home = tmp_path_factory.mktemp("private")
    overrides, details = write_logs(home), draw_planted(100, seed=11)
    for place, (name, field) in enumerate(TEXT_FIELDS.items()):
        plant_details(home / name, field, details[place :: len(TEXT_FIELDS)])
    loose = [f"+source.{name}.max_reject_share=1" for name in ("reddit", "amazon")]
    folder = home / "genome"
    assert main(["corpus", *overrides, *loose, f"corpus_dir={folder}"]) == 0
    files = [folder / "card.md", folder / "funnel.csv", folder / "funnel.html", *folder.glob("tasks/*.jsonl")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    for name, pattern in TABLES.items():
        rows = [pl.read_parquet(path).rows() for path in folder.glob(pattern)]
        texts[name] = "\n".join(str(cell) for table in rows for row in table for cell in row)
    return details, texts


def test_the_details_have_gone_through_every_stage(outputs: Outputs) -> None:
    texts = outputs[1]
    for placeholder in ("[EMAIL]", "[PHONE]", "[ADDRESS]", "[NAME]", "[PLATE]", "[DATE]"):
        assert placeholder in texts["cleaned"]
        assert placeholder in texts["train.jsonl"]
    assert texts["rejects"].count("selftext") == BAD_LINES


def test_hardly_any_detail_is_in_an_output(outputs: Outputs) -> None:
    details, texts = outputs
    survivors = [(name, detail.detail) for name, text in texts.items() for detail in details if detail.detail in text]
    assert len({detail for _, detail in survivors}) <= MAX_MISSED_SHARE * len(details), survivors


def test_no_detail_is_in_a_reject_or_the_funnel(outputs: Outputs) -> None:
    details, texts = outputs
    for name in ("rejects", "funnel.csv", "funnel.html", "card.md"):
        assert [detail.detail for detail in details if detail.detail in texts[name]] == []
