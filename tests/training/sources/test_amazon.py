import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sandbox.errors import DataError
from tests.training.sources.source_files import SourceContents, json_lines, read_source, run_until, write_file
from training.sources.amazon import Amazon, parse_price

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


def read_amazon(
    tmp_path: Path, reviews: list[Any], meta: list[Any], ending: str = "jsonl.gz", **settings: Any
) -> SourceContents:
    """Write both files and return what is read from them."""
    review_file = write_file(tmp_path / f"Home_and_Kitchen.{ending}", json_lines(reviews))
    meta_file = write_file(tmp_path / f"meta_Home_and_Kitchen.{ending}", json_lines(meta))
    return read_source(Amazon(name="amazon", reviews=[str(review_file)], meta=[str(meta_file)], **settings))


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "jsonl.zst"])
def test_reviews_become_records_field_by_field(tmp_path: Path, ending: str) -> None:
    assert read_amazon(tmp_path, [REVIEW], [], ending).records == [
        {
            "source": "amazon",
            "platform": "reviews",
            "user": "AANN",
            "time": 1588687728,
            "kind": "review",
            "category": "Home and Kitchen",
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
    assert read_amazon(tmp_path, [], [PRODUCT]).items == [
        {
            "source": "amazon",
            "id": "B0000",
            "thread": "",
            "category": "Home & Kitchen",
            "title": "A kettle",
            "text": "Steel. Two litres.",
            "price": 24.5,
            "user": "",
            "time": None,
        }
    ]


def test_what_is_missing_is_empty(tmp_path: Path) -> None:
    minimal = {"user_id": "AANN", "parent_asin": "B0000", "rating": 1, "timestamp": 1588687728923}
    result = read_amazon(tmp_path, [minimal], [{"parent_asin": "B0000", "price": None}])
    [review], [product] = result.records, result.items
    assert (review["title"], review["text"], review["votes"], review["stars"], review["time"]) == (
        "",
        "",
        None,
        1.0,
        1588687728,
    )
    assert (product["title"], product["text"], product["price"], product["category"]) == ("", "", None, "")


@pytest.mark.parametrize(
    ("price", "number"),
    [(5, 5.0), ("$1,299.00", 1299.0), ("from 7.99", 7.99), ("—", None), ("", None), (None, None), ("None", None)],
)
def test_prices_are_read_as_they_are_written(price: Any, number: float | None) -> None:
    assert parse_price(price) == number


def test_bad_lines_are_counted_with_their_reasons(tmp_path: Path) -> None:
    without_user = {name: value for name, value in REVIEW.items() if name != "user_id"}
    bad = [without_user, {**REVIEW, "timestamp": "soon"}, {**REVIEW, "timestamp": 10**17}, {**REVIEW, "rating": None}]
    result = read_amazon(tmp_path, [REVIEW, *bad, b'{"rating": 5.0, "ti\n', b"\xe9\n", REVIEW], [], max_reject_share=1)
    assert len(result.records) == 2
    assert result.num_rejected == 6
    assert [line for line, _ in result.reasons] == [2, 3, 4, 5, 6, 7]
    assert "user_id" in result.reasons[0][1]
    assert "timestamp" in result.reasons[1][1]
    assert "timestamp" in result.reasons[2][1]
    assert "rating" in result.reasons[3][1]


def test_reviews_named_as_metadata_stop_with_an_explanation(tmp_path: Path) -> None:
    path = str(write_file(tmp_path / "Books.jsonl", json_lines([{"asin": "B0000", "stars": 5}])))
    with pytest.raises(DataError, match=r"1 of 1 lines .*as Amazon.*parent_asin.*is this the right kind of file"):
        read_source(Amazon(name="amazon", reviews=[], meta=[path]))


def test_half_a_file_is_an_error(tmp_path: Path) -> None:
    raw = gzip.compress(json_lines({**REVIEW, "user_id": f"A{number}"} for number in range(2000)))
    (tmp_path / "Books.jsonl.gz").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DataError, match=r"Books\.jsonl\.gz cannot be read to its end"):
        read_source(Amazon(name="amazon", reviews=[str(tmp_path / "Books.jsonl.gz")], meta=[]))


def test_empty_files_have_no_records(tmp_path: Path) -> None:
    assert read_amazon(tmp_path, [], []) == SourceContents([], [], [], 0)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(DataError, match=r"source\.amazon\.meta: nothing at 'no_meta\.jsonl\.gz'"):
        Amazon(name="amazon", reviews=[], meta=["no_meta.jsonl.gz"]).files()


def test_reviews_meet_their_products_by_parent_asin(tmp_path: Path) -> None:
    unknown_product = {**REVIEW, "parent_asin": "B9999", "asin": "B0000"}
    reviews = write_file(tmp_path / "Home_and_Kitchen.jsonl", json_lines([REVIEW, unknown_product]))
    meta = write_file(tmp_path / "meta_Home_and_Kitchen.jsonl", json_lines([PRODUCT]))
    core = "filters.reviews.k_core"
    overrides = [f"{core}.top_items_share=1.0", f"{core}.user_core=0", f"{core}.item_core=0", f"{core}.min_records=0"]
    overrides.append(f"{core}.titled_items=false")
    files = [f"source.amazon.reviews=[{reviews}]", f"source.amazon.meta=[{meta}]"]
    rows = run_until("group", ["sources=[amazon]", *files, *overrides], tmp_path / "corpus")
    joined = rows.sort("item").select("item", "context", "price", pl.col("category"))
    assert joined.rows() == [("B0000", "A kettle", 24.5, "Home and Kitchen"), ("B9999", "", None, "Home and Kitchen")]


REVIEW_2014 = {
    "reviewerID": "AANN",
    "asin": "0000013714",
    "reviewerName": "Ann",
    "helpful": [2, 3],
    "reviewText": "Keeps the tea warm.",
    "overall": 5.0,
    "summary": "Warm",
    "unixReviewTime": 1252800000,
    "reviewTime": "09 13, 2009",
}
REVIEW_2018 = {
    "overall": 5.0,
    "vote": "1,024",
    "verified": True,
    "reviewTime": "09 13, 2009",
    "reviewerID": "AANN",
    "asin": "0000013714",
    "style": {"Format:": "Hardcover"},
    "reviewText": "Keeps the tea warm.",
    "summary": "Warm",
    "unixReviewTime": 1252800000,
}


@pytest.mark.parametrize(("review", "votes", "verified"), [(REVIEW_2014, 2, "false"), (REVIEW_2018, 1024, "true")])
def test_reviews_of_earlier_editions_are_read(
    tmp_path: Path, review: dict[str, Any], votes: int, verified: str
) -> None:
    product = {"asin": "0000013714", "title": "A kettle", "price": "$24.50", "description": ["Steel."]}
    result = read_amazon(tmp_path, [review], [product], "json.gz")
    [record], [item] = result.records, result.items
    assert (record["user"], record["item"], record["time"], record["stars"]) == ("AANN", "0000013714", 1252800000, 5.0)
    assert (record["title"], record["text"], record["votes"]) == ("Warm", "Keeps the tea warm.", votes)
    assert record["extra"] == f'{{"verified":{verified}}}'
    assert (item["id"], item["title"], item["price"], item["text"]) == ("0000013714", "A kettle", 24.5, "Steel.")
    assert result.num_rejected == 0


def test_products_of_earlier_editions_have_categories_and_no_price_in_a_style_sheet(tmp_path: Path) -> None:
    products = [
        {"asin": "1", "categories": [["Books", "Tea"]], "price": 3.5, "description": "Old."},
        {"asin": "2", "main_cat": "Home", "price": ".a-box-inner{background-color:#fff} 4.00", "description": []},
    ]
    items = read_amazon(tmp_path, [], products).items
    assert [(item["category"], item["price"]) for item in items] == [("Books", 3.5), ("Home", None)]


def test_a_line_of_another_edition_is_rejected(tmp_path: Path) -> None:
    result = read_amazon(tmp_path, [REVIEW_2018, REVIEW], [], max_reject_share=1)
    assert len(result.records) == 1
    assert [line for line, _ in result.reasons] == [2]


def test_products_written_as_python_are_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ast\.literal_eval"):
        read_amazon(tmp_path, [], [b"{'asin': '0000013714', 'price': 24.5}\n"])


@pytest.mark.parametrize("review", [REVIEW, REVIEW_2014])
def test_reviews_of_any_edition_named_as_products_are_refused(tmp_path: Path, review: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"holds reviews, not products.*source\.amazon\.reviews"):
        read_amazon(tmp_path, [], [review])
