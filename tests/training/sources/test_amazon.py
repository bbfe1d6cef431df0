import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sandbox.errors import DataError
from training.sources.amazon import Amazon, price_of

from .reading import Reading, json_lines, reading, run_until, written

REVIEW = {
    "rating": 4.0,
    "title": "Warm",
    "text": "Keeps the tea warm for <br /> hours.",
    "images": [],
    "asin": "B0001",
    "parent_asin": "B0000",
    "user_id": "AANN",
    "timestamp": 1588687728923,
    "helpful_vote": 2,
    "verified_purchase": True,
}
PRODUCT = {
    "main_category": "Home & Kitchen",
    "title": "A kettle",
    "average_rating": 4.1,
    "description": ["Steel.", "Two litres."],
    "price": 24.5,
    "parent_asin": "B0000",
}


def read(tmp_path: Path, reviews: list[Any], meta: list[Any], ending: str = "jsonl.gz", **settings: Any) -> Reading:
    """Write both files and read them."""
    one = written(tmp_path / f"Home_and_Kitchen.{ending}", json_lines(reviews))
    other = written(tmp_path / f"meta_Home_and_Kitchen.{ending}", json_lines(meta))
    return reading(Amazon(name="amazon", reviews=[str(one)], meta=[str(other)], **settings))


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "jsonl.zst"])
def test_reviews_become_records_field_by_field(tmp_path: Path, ending: str) -> None:
    assert read(tmp_path, [REVIEW], [], ending).records == [
        {
            "source": "amazon",
            "platform": "reviews",
            "user": "AANN",
            "time": 1588687728,
            "kind": "review",
            "place": "Home and Kitchen",
            "id": f"Home_and_Kitchen.{ending}/0/0",
            "item": "B0000",
            "thread": "",
            "title": "Warm",
            "context": "",
            "text": "Keeps the tea warm for <br /> hours.",
            "stars": 4.0,
            "votes": 2,
            "price": None,
            "split": None,
            "extra": '{"verified":true}',
        }
    ]


def test_products_become_items_field_by_field(tmp_path: Path) -> None:
    assert read(tmp_path, [], [PRODUCT]).items == [
        {
            "source": "amazon",
            "id": "B0000",
            "thread": "",
            "place": "Home & Kitchen",
            "title": "A kettle",
            "text": "Steel. Two litres.",
            "price": 24.5,
            "user": "",
            "time": None,
        }
    ]


def test_what_is_missing_is_empty(tmp_path: Path) -> None:
    bare = {"user_id": "AANN", "parent_asin": "B0000", "rating": 1, "timestamp": 0}
    found = read(tmp_path, [bare], [{"parent_asin": "B0000", "price": None}])
    [review], [product] = found.records, found.items
    assert (review["title"], review["text"], review["votes"], review["stars"], review["time"]) == ("", "", None, 1.0, 0)
    assert (product["title"], product["text"], product["price"], product["place"]) == ("", "", None, "")


@pytest.mark.parametrize(
    ("price", "number"),
    [(5, 5.0), ("$1,299.00", 1299.0), ("from 7.99", 7.99), ("—", None), ("", None), (None, None), ("None", None)],
)
def test_prices_are_read_as_they_are_written(price: Any, number: float | None) -> None:
    assert price_of(price) == number


def test_bad_lines_are_counted_with_their_reasons(tmp_path: Path) -> None:
    lacking = {name: found for name, found in REVIEW.items() if name != "user_id"}
    bad = [lacking, {**REVIEW, "timestamp": "soon"}, {**REVIEW, "timestamp": 10**17}, {**REVIEW, "rating": None}]
    found = read(tmp_path, [REVIEW, *bad, b'{"rating": 5.0, "ti\n', b"\xe9\n", REVIEW], [], max_reject_share=1)
    assert len(found.records) == 2
    assert found.num_rejected == 6
    assert [line for line, _ in found.reasons] == [2, 3, 4, 5, 6, 7]
    assert "user_id" in found.reasons[0][1]
    assert "timestamp" in found.reasons[1][1]
    assert "timestamp" in found.reasons[2][1]
    assert "rating" in found.reasons[3][1]


def test_reviews_named_as_metadata_stop_with_an_explanation(tmp_path: Path) -> None:
    path = str(written(tmp_path / "Books.jsonl", json_lines([{"asin": "B0000", "stars": 5}])))
    with pytest.raises(DataError, match=r"1 of 1 lines .*as Amazon.*parent_asin.*is this the right kind of file"):
        reading(Amazon(name="amazon", reviews=[], meta=[path]))


def test_half_a_file_is_an_error(tmp_path: Path) -> None:
    raw = gzip.compress(json_lines({**REVIEW, "user_id": f"A{number}"} for number in range(2000)))
    (tmp_path / "Books.jsonl.gz").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DataError, match=r"Books\.jsonl\.gz cannot be read to its end"):
        reading(Amazon(name="amazon", reviews=[str(tmp_path / "Books.jsonl.gz")], meta=[]))


def test_empty_files_have_no_records(tmp_path: Path) -> None:
    assert read(tmp_path, [], []) == Reading([], [], [], 0)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(DataError, match=r"source\.amazon\.meta: nothing at 'no_meta\.jsonl\.gz'"):
        Amazon(name="amazon", reviews=[], meta=["no_meta.jsonl.gz"]).files()


def test_reviews_meet_their_products_by_parent_asin(tmp_path: Path) -> None:
    other = {**REVIEW, "parent_asin": "B9999", "asin": "B0000"}
    reviews = written(tmp_path / "Home_and_Kitchen.jsonl", json_lines([REVIEW, other]))
    meta = written(tmp_path / "meta_Home_and_Kitchen.jsonl", json_lines([PRODUCT]))
    core = "rules.reviews.core"
    overrides = [f"{core}.top_items_share=1.0", f"{core}.user_core=0", f"{core}.item_core=0", f"{core}.min_records=0"]
    overrides.append(f"{core}.titled_items=false")
    files = [f"source.amazon.reviews=[{reviews}]", f"source.amazon.meta=[{meta}]"]
    rows = run_until("group", ["sources=[amazon]", *files, *overrides], tmp_path / "corpus")
    found = rows.sort("item").select("item", "context", "price", pl.col("place"))
    assert found.rows() == [("B0000", "A kettle", 24.5, "Home and Kitchen"), ("B9999", "", None, "Home and Kitchen")]
