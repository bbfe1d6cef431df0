"""Parameters of the marketplace."""

from typing import ClassVar, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, field_validator, model_validator

from sandbox.core import WorldParams


class Category(WorldParams):
    """One category of goods."""

    prices: tuple[float, float, float, float, float]
    """5, 25, 50, 75 and 95 % quantiles of real prices, in dollars."""
    products: tuple[str, ...] = Field(min_length=1)
    """What is sold, in our own words."""

    @field_validator("prices")
    @classmethod
    def _check_rising(cls, prices: tuple[float, ...]) -> tuple[float, ...]:
        if prices[0] <= 0 or sorted(prices) != list(prices):
            raise ValueError("price quantiles must be positive and rising")
        return prices


class MarketParams(WorldParams):
    """Parameters of a `Marketplace`; money in dollars."""

    fixed: ClassVar[frozenset[str]] = frozenset(
        {"num_sellers", "listings_per_seller", "categories", "start_cash", "goods"}
    )

    num_sellers: PositiveInt
    """Sellers at the start, and the most there can be."""
    listings_per_seller: PositiveInt
    """Different goods that each seller offers."""
    categories: dict[str, Category] = Field(min_length=1)
    """What is traded."""
    goods: NonNegativeInt | None
    """Seed of the goods; null: the replicate's own. With one number all replicates trade the same goods."""
    num_shown: int = Field(ge=1, le=20)
    """Listings that a search returns."""
    ranking: Literal["relevance", "price", "rating", "sales", "random", "sponsored"]
    """Order of search results; `sponsored` sells every place, as `sponsored_slots` does the first ones."""
    sponsored_slots: NonNegativeInt
    """First places of every search that go to the highest bidders and are marked as sponsored."""
    reviews: Literal["on", "off", "forced"]
    """Whether buyers may, cannot or must review what they bought."""
    word_of_mouth: bool
    """Whether buyers can tell a friend."""
    show_prices: bool
    """Whether a search shows prices."""
    entry: float = Field(ge=0, le=1)
    """Probability per step that a new seller takes a free place."""
    demand: NonNegativeFloat
    """Multiplies every buyer's activity rate."""
    income: NonNegativeFloat
    """What a buyer earns per step, as a multiple of activity times usual price."""
    start_cash: NonNegativeFloat
    """What a buyer starts with, as a multiple of the usual price."""
    seller_cash: NonNegativeFloat
    """What a seller starts with, as a multiple of the cost of its first stock."""
    rent: NonNegativeFloat
    """What a seller pays per step to stay, in dollars."""
    stock: PositiveInt
    """Units of each listing at the start and after restocking."""
    margin: float = Field(gt=0, lt=1)
    """Share of the first price that is not cost."""
    quality_noise: NonNegativeFloat
    """Standard deviation of experienced around latent quality, in stars."""
    tax: float = Field(ge=0, lt=1)
    """Share of each payment that goes to the treasury."""

    @model_validator(mode="after")
    def _check_slots(self) -> "MarketParams":
        if self.sponsored_slots > self.num_shown:
            raise ValueError(f"sponsored_slots={self.sponsored_slots} cannot exceed num_shown={self.num_shown}")
        return self

    @property
    def places_for_sale(self) -> int:
        """First places of a search that go to the highest bidders, who pay their bid for each sale from there."""
        return self.num_shown if self.ranking == "sponsored" else self.sponsored_slots
