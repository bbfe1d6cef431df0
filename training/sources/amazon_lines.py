"""Lines of Amazon's reviews and products in three editions, all returned as the edition of 2023 has them.

Those of 2014 (McAuley et al. 2015, doi:10.1145/2766462.2767755) and 2018 (Ni et al. 2019, doi:10.18653/v1/D19-1018)
have other names and units for the same fields, and products without a parent. A file's first line tells which it is.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec

from sandbox.errors import DataError
from training.sources.lines import ColumnInteger, JsonLines, read_blocks
from training.sources.record import LAST_SECOND
from training.sources.source import Rejects

REVIEWERS = frozenset({"user_id", "reviewerID"})
"""What a review says and a product does not."""
PRODUCT_FIELDS = frozenset({"title", "main_cat", "category", "categories", "price", "description", "imUrl", "imageURL"})
"""Some of these are in every product of 2014 and 2018."""


class AmazonReview(msgspec.Struct, gc=False):
    """The fields of a review that are read."""

    user_id: str
    parent_asin: str
    rating: float
    timestamp: Annotated[int, msgspec.Meta(ge=0, le=LAST_SECOND * 1000)]
    """Unix milliseconds."""
    title: str | None = None
    text: str | None = None
    helpful_vote: ColumnInteger | None = None
    verified_purchase: bool | None = None


class AmazonProduct(msgspec.Struct):
    """The fields of a product's metadata that are read."""

    parent_asin: str
    title: str | None = None
    main_category: str | None = None
    price: float | str | None = None
    description: list[str] | str | None = None


class EarlierReview(msgspec.Struct, gc=False):
    """The fields of a review of 2014 or 2018 that are read."""

    user_id: str = msgspec.field(name="reviewerID")
    asin: str
    rating: float = msgspec.field(name="overall")
    timestamp: Annotated[int, msgspec.Meta(ge=0, le=LAST_SECOND)] = msgspec.field(name="unixReviewTime")
    """Unix seconds."""
    title: str | None = msgspec.field(name="summary", default=None)
    text: str | None = msgspec.field(name="reviewText", default=None)
    vote: str | ColumnInteger | None = None
    """Helpful votes in 2018, such as `"1,024"`; missing for none."""
    helpful: list[ColumnInteger] | None = None
    """Helpful votes and all votes in 2014."""
    verified: bool | None = None

    def modernize(self) -> AmazonReview:
        """Return the review as the edition of 2023 has it."""
        votes = self.helpful[0] if self.helpful else _parse_votes(self.vote)
        return AmazonReview(
            self.user_id, self.asin, self.rating, self.timestamp * 1000, self.title, self.text, votes, self.verified
        )


class EarlierProduct(msgspec.Struct):
    """The fields of a product's metadata of 2014 or 2018 that are read."""

    asin: str
    title: str | None = None
    main_cat: str | None = None
    """The category in 2018."""
    categories: list[list[str]] | None = None
    """Paths of categories in 2014."""
    price: float | str | None = None
    description: list[str] | str | None = None

    def modernize(self) -> AmazonProduct:
        """Return the product as the edition of 2023 has it."""
        category = self.main_cat or next((path[0] for path in self.categories or () if path), None)
        is_style_sheet = isinstance(self.price, str) and "{" in self.price  # in some lines of 2018
        price = None if is_style_sheet else self.price
        return AmazonProduct(self.asin, self.title, category, price, self.description)


def read_reviews(path: Path, rejects: Rejects) -> Iterator[tuple[list[int], list[AmazonReview]]]:
    """Yield the reviews of a file with the numbers of their lines, many at a time; bad lines go to `rejects`."""
    if "reviewerID" not in _read_first(path):
        yield from JsonLines(AmazonReview).decode_blocks(read_blocks(path), rejects)
        return
    for lines, reviews in JsonLines(EarlierReview).decode_blocks(read_blocks(path), rejects):
        yield lines, [review.modernize() for review in reviews]


def read_products(path: Path, rejects: Rejects) -> Iterator[tuple[list[int], list[AmazonProduct]]]:
    """Yield the products of a file with the numbers of their lines, many at a time; bad lines go to `rejects`.

    Raises:
        DataError: The file holds reviews, whose titles and products would pass for products.
    """
    names = _read_first(path)
    if names & REVIEWERS:
        raise DataError(
            f"{path} holds reviews, not products: its first line has {' and '.join(sorted(names & REVIEWERS))}; name "
            f"it in source.{rejects.source}.reviews"
        )
    if "parent_asin" in names or "asin" not in names or not names & PRODUCT_FIELDS:
        yield from JsonLines(AmazonProduct).decode_blocks(read_blocks(path), rejects)
        return
    for lines, products in JsonLines(EarlierProduct).decode_blocks(read_blocks(path), rejects):
        yield lines, [product.modernize() for product in products]


def _read_first(path: Path) -> frozenset[str]:
    """Return the names of the fields of a file's first line; none if it is no JSON object."""
    line = next(read_blocks(path), b"").lstrip().partition(b"\n")[0]
    try:
        return frozenset(msgspec.json.decode(line, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return frozenset()


def _parse_votes(vote: str | int | None) -> int | None:
    """Return a number of votes from `"1,024"`; None if it is no number."""
    text = str(vote).replace(",", "")
    return int(text) if text.isdecimal() else None
