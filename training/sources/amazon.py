"""Amazon Reviews 2023 (Hou et al. 2024, arXiv:2403.03952): reviews and metadata, JSON lines joined by `parent_asin`."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec
import polars as pl

from training.record import ITEM, RECORD, frame
from training.sources.lines import JsonLines, Whole
from training.sources.source import LAST_SECOND, Rejects, Source, paths_of

DESCRIPTION_CHARACTERS = 2000
"""Of a product's description so much is kept, as in the paper."""
_PRICE = re.compile(r"\d[\d,]*(?:\.\d+)?")


class Review(msgspec.Struct, gc=False):
    """A review, as far as we look at it."""

    user_id: str
    parent_asin: str
    rating: float
    timestamp: Annotated[int, msgspec.Meta(ge=0, le=LAST_SECOND * 1000)]
    """Unix milliseconds."""
    title: str | None = None
    text: str | None = None
    helpful_vote: Whole | None = None
    verified_purchase: bool | None = None


class Product(msgspec.Struct):
    """A product's metadata, as far as we look at it."""

    parent_asin: str
    title: str | None = None
    main_category: str | None = None
    price: float | str | None = None
    description: list[str] | str | None = None


class Amazon(Source):
    """Settings: the files."""

    platform: ClassVar[str] = "reviews"

    reviews: list[str]
    """Paths or globs of review files, such as Books.jsonl.gz; the category is read from the name."""
    meta: list[str]
    """Paths or globs of metadata files, such as meta_Books.jsonl.gz."""

    def files(self) -> Sequence[Path]:
        """Metadata, then reviews."""
        return [*self._meta(), *paths_of(self.reviews, Path(), f"source.{self.name}.reviews")]

    def read(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Reviews as records, products as items."""
        if path in self._meta():
            for some in JsonLines(Product).read(path, rejects):
                yield "item", self._products(some)
        else:
            label = self.label(path)
            category = path.name.split(".", 1)[0].replace("_", " ")
            for number, some in enumerate(JsonLines(Review).read(path, rejects)):
                yield "record", self._reviews(some, category, f"{label}/{number}")

    def _meta(self) -> list[Path]:
        return paths_of(self.meta, Path(), f"source.{self.name}.meta")

    def _reviews(self, some: list[Review], category: str, block: str) -> pl.DataFrame:
        verified = [msgspec.json.encode({"verified": one.verified_purchase or False}).decode() for one in some]
        known = {
            "source": self.name,
            "platform": self.platform,
            "kind": "review",
            "place": category,
            "user": [one.user_id for one in some],
            "id": [f"{block}/{number}" for number in range(len(some))],
            "item": [one.parent_asin for one in some],
            "time": [one.timestamp // 1000 for one in some],
            "title": [one.title or "" for one in some],
            "text": [one.text or "" for one in some],
            "stars": [one.rating for one in some],
            "votes": [one.helpful_vote for one in some],
            "extra": verified,
        }
        return frame(RECORD, known)

    def _products(self, some: list[Product]) -> pl.DataFrame:
        known = {
            "source": self.name,
            "id": [one.parent_asin for one in some],
            "place": [one.main_category or "" for one in some],
            "title": [one.title or "" for one in some],
            "text": [_joined(one.description) for one in some],
            "price": [price_of(one.price) for one in some],
        }
        return frame(ITEM, known)


def price_of(found: Any) -> float | None:
    """A price as a number: `19.99`, `"$1,299.00"`, `"from 7.99"`; None for what holds no number."""
    if isinstance(found, int | float):
        return float(found)
    match = _PRICE.search(found or "")
    return float(match[0].replace(",", "")) if match else None


def _joined(description: list[str] | str | None) -> str:
    text = description if isinstance(description, str) else " ".join(description or [])
    return text[:DESCRIPTION_CHARACTERS]
