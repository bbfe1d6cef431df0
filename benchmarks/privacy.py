"""What survives the cleaning of private details, and what it replaces that is none.

Made-up details are written into files of four formats, which the project's own readers read. Texts of real people are
cleaned too, and not stored: of a sample of sentences the share that is changed is reported, also of those without a
capital, digit or mark that a detail could have, in which every change is a mistake.

    python -m benchmarks.privacy --number 250
    python -m benchmarks.privacy --clean ../shared/data/reviews_amazon2023/reviews.jsonl.gz --field text
"""

import argparse
import csv
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import polars as pl

from benchmarks.private_details import Detail, draw_details, read_forms
from training.curation.cleaning import remove_markup
from training.curation.privacy import scrub_texts
from training.pipeline.funnel import Tally
from training.sources.amazon import Amazon
from training.sources.reddit import Reddit
from training.sources.source import Source
from training.sources.table import Table
from training.sources.twitter import Twitter

TIME = 1_500_000_000
_NAMED = re.compile(r"(?<!^)(?<![a-z])(?!I\b)[A-Z]|\d|@|://|\.\w")
"""What a sentence without details lacks: capitals, except at the beginning and `I`, digits, and marks of addresses."""


def write_reddit(folder: Path, texts: Sequence[str]) -> Source:
    """Write submissions, with the entities that Reddit writes."""
    escaped = [text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for text in texts]
    shared = {"subreddit": "cooking", "created_utc": TIME, "title": "Question"}
    posts = [
        {**shared, "id": f"{index:05}", "author": f"u{index}", "selftext": text} for index, text in enumerate(escaped)
    ]
    return Reddit(name="reddit", submissions=[_write_lines(folder / "RS.jsonl", posts)], comments=[])


def write_amazon(folder: Path, texts: Sequence[str]) -> Source:
    """Write reviews, with the line breaks that Amazon writes."""
    shared = {"parent_asin": "B1", "rating": 4.0, "timestamp": TIME * 1000}
    reviews = [{**shared, "user_id": f"A{i}", "text": text.replace("\n", "<br />")} for i, text in enumerate(texts)]
    return Amazon(name="amazon", reviews=[_write_lines(folder / "Books.jsonl", reviews)], meta=[])


def write_tweets(folder: Path, texts: Sequence[str]) -> Source:
    """Write tweets of the API."""
    tweets = [
        {"id": str(index + 1), "author_id": str(index), "text": text, "created_at": "2021-03-01T10:00:00.000Z"}
        for index, text in enumerate(texts)
    ]
    return Twitter(name="twitter", paths=[_write_lines(folder / "tweets.jsonl", tweets)])


def write_table(folder: Path, texts: Sequence[str]) -> Source:
    """Write a table as CSV, of which cells span lines."""
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user", "time", "text"])
        writer.writerows((f"u{index}", TIME, text) for index, text in enumerate(texts))
    columns = {"user": "user", "time": "time", "text": "text", "kind": "=post"}
    values: dict[str, Any] = {"columns": columns, "kinds": {}, "extra": []}
    return Table(name="table", platform="blog", paths=[str(path)], **values)


WRITERS: Mapping[str, Callable[[Path, Sequence[str]], Source]] = {
    "reddit": write_reddit,
    "amazon": write_amazon,
    "twitter": write_tweets,
    "table": write_table,
}


def find_survivors(details: Sequence[Detail], source: Source) -> list[Detail]:
    """Return the details of which something is left after the source is read and its texts are cleaned."""
    pieces = [
        piece["text"]
        for path in source.files()
        for table, piece in source.read_tables(path, Tally("read"))
        if table == "record"
    ]
    cleaned, _ = scrub_texts(remove_markup(pl.concat(pieces)))
    return [detail for detail, text in zip(details, cleaned, strict=True) if detail.survives_in(text)]


def measure_survival(forms: str, number: int, seed: int) -> dict[str, Any]:
    """Return the share of details that survive, by kind and format, and some that do."""
    kinds = read_forms(forms)
    details = draw_details(kinds, number, seed)
    left: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, write in WRITERS.items():
            for detail in find_survivors(details, write(Path(folder), [detail.sentence for detail in details])):
                left.update((detail.kind, name, "all"))
                examples.setdefault(detail.kind, []).append(detail.sentence)
    sizes = {kind: number * len(WRITERS) for kind in kinds} | {name: len(details) for name in WRITERS}
    shares = {name: left[name] / size for name, size in {**sizes, "all": len(details) * len(WRITERS)}.items()}
    return {"forms": forms, "planted": len(details) * len(WRITERS), "surviving": shares, "examples": examples}


def measure_changes(path: Path, field: str, number: int, seed: int) -> dict[str, Any]:
    """Return the share of real sentences that the cleaning changes, and what it puts into them."""
    texts = [text for text in pl.read_ndjson(path, infer_schema_length=None)[field].drop_nulls() if text]
    sentences = sorted({part for text in texts for part in re.split(r"(?<=[.!?])\s+|\n+", text) if len(part) > 20})
    sample = Random(seed).sample(sentences, min(number, len(sentences)))
    cleaned, counts = scrub_texts(pl.Series("text", sample))
    changed = [(before, after) for before, after in zip(sample, cleaned, strict=True) if before != after]
    plain = [text for text in sample if not _NAMED.search(text)]
    wrong = [(before, after) for before, after in changed if not _NAMED.search(before)]
    return {
        "sentences": len(sample),
        "changed": len(changed) / len(sample),
        "sentences without details": len(plain),
        "changed without details": len(wrong) / len(plain),
        "replaced": counts,
        "examples": [*wrong, *changed],
    }


def _write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(path)


def main() -> None:
    """Measure, and print what was found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=100, help="details of each kind")
    parser.add_argument("--forms", choices=["tried", "fresh"], default="fresh", help="which forms the details have")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clean", type=Path, help="JSON lines with texts of people, instead of details")
    parser.add_argument("--field", default="text", help="field of these lines that holds the text")
    parser.add_argument("--examples", type=int, default=3, help="examples to show, of each kind")
    args = parser.parse_args()
    if args.clean:
        result = measure_changes(args.clean, args.field, args.number, args.seed)
        result["examples"] = result["examples"][: args.examples]
    else:
        result = measure_survival(args.forms, args.number, args.seed)
        result["examples"] = {
            kind: list(dict.fromkeys(texts))[: args.examples] for kind, texts in result["examples"].items()
        }
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
