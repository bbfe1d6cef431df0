"""Amazon Reviews 2023 (Hou et al. 2024, arXiv:2403.03952): reviews and metadata, JSON lines joined by `parent_asin`.

Files of the editions of 2014 and 2018 are read too, and joined by `asin` (`amazon_lines.py`).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from training.sources.amazon_lines import AmazonProduct, AmazonReview, read_products, read_reviews
from training.sources.record import ITEM, LINE, RECORD, frame
from training.sources.source import Rejects, Source, resolve_paths

DESCRIPTION_CHARACTERS = 2000
"""Characters that are kept of a product's description, as in the paper."""
_PRICE = re.compile(r"(?P<sign>-\s?)?[$€£]?(?P<number>\d[\d,]*(?:\.\d+)?)")


class Amazon(Source):
    """Settings: the files."""

    platform: str = "reviews"
    """Name of the platform that its records are from."""
    earliest: date | None = date(1995, 7, 16)
    """First day that a review can be of: Amazon's first day, unless another is named. Earlier reviews are rejected."""
    reviews: list[str]
    """Paths or globs of review files, such as Books.jsonl.gz; the category is read from the name."""
    meta: list[str]
    """Paths or globs of metadata files, such as meta_Books.jsonl.gz."""

    def files(self) -> Sequence[Path]:
        """Return metadata, then reviews."""
        return [*self._meta_files(), *resolve_paths(self.reviews, Path(), f"source.{self.name}.reviews")]

    def read_file(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield reviews as records, products as items."""
        if path in self._meta_files():
            for lines, products in read_products(path, rejects):
                yield "item", self._build_items(products, lines)
        else:
            label = self.label_file(path)
            category = path.name.split(".", 1)[0].replace("_", " ")
            for number, (lines, reviews) in enumerate(read_reviews(path, rejects)):
                yield "record", self._build_records(reviews, lines, category, f"{label}/{number}")

    @property
    def needs_time(self) -> bool:
        """Every review has a time."""
        return True

    def advise(self, reason: str) -> str:
        """Say what editions there are, and how to read products that are no JSON."""
        if reason.startswith("JSON is malformed"):
            return (
                "products of 2014 are written as Python, not JSON: write each line again with "
                "json.dumps(ast.literal_eval(line)). Ratings without texts (CSV) are read with sources=[table]."
            )
        return "is this the right kind of file, JSON lines of the edition of 2014, 2018 or 2023?"

    def _meta_files(self) -> list[Path]:
        return resolve_paths(self.meta, Path(), f"source.{self.name}.meta")

    def _build_records(
        self, reviews: list[AmazonReview], lines: list[int], category: str, id_prefix: str
    ) -> pl.DataFrame:
        extras = [msgspec.json.encode({"verified": review.verified_purchase or False}).decode() for review in reviews]
        columns = {
            "source": self.name,
            "platform": self.platform,
            "kind": "review",
            "category": category,
            "user": [review.user_id for review in reviews],
            "id": [f"{id_prefix}/{number}" for number in range(len(reviews))],
            "item": [review.parent_asin for review in reviews],
            "time": [review.timestamp // 1000 for review in reviews],
            "title": [review.title or "" for review in reviews],
            "text": [review.text or "" for review in reviews],
            "stars": [review.rating for review in reviews],
            "votes": [review.helpful_vote for review in reviews],
            "extra": extras,
            LINE: lines,
        }
        return frame(RECORD, columns)

    def _build_items(self, products: list[AmazonProduct], lines: list[int]) -> pl.DataFrame:
        columns = {
            "source": self.name,
            "id": [product.parent_asin for product in products],
            "category": [product.main_category or "" for product in products],
            "title": [product.title or "" for product in products],
            "text": [_join_description(product.description) for product in products],
            "price": [parse_price(product.price) for product in products],
            LINE: lines,
        }
        return frame(ITEM, columns)


def parse_price(price: Any) -> float | None:
    """Return a price as a number, from `19.99`, `"$1,299.00"` or `"from 7.99"`; None if it holds no number."""
    if isinstance(price, int | float):
        return float(price)
    match = _PRICE.search(price or "")
    return float((match["sign"] or "").strip() + match["number"].replace(",", "")) if match else None


def _join_description(description: list[str] | str | None) -> str:
    text = description if isinstance(description, str) else " ".join(description or [])
    return text[:DESCRIPTION_CHARACTERS]
