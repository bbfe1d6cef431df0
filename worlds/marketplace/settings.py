"""Parameters of the marketplace."""

from typing import ClassVar, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from sandbox.core import Profile, WorldParams


class Category(WorldParams):
    """One category of goods."""

    usual_price: PositiveFloat
    """What one of these goods usually costs, in dollars."""
    products: tuple[str, ...] = Field(min_length=1)
    """What is sold, in our own words."""


class MarketParams(WorldParams):
    """Parameters of a `Marketplace`; money in dollars."""

    fixed: ClassVar[frozenset[str]] = frozenset(
        {
            "num_sellers", "spare_places", "listings_per_seller", "categories", "num_categories", "start_cash", "goods",
            "price_quality", "cost_spread", "margin", "seller_cash",
        }
    )  # fmt: skip

    num_sellers: PositiveInt
    """Sellers at the start."""
    spare_places: NonNegativeInt
    """How many more sellers than at the start there can be at once."""
    listings_per_seller: PositiveInt
    """Different goods that each seller offers."""
    categories: dict[str, Category] = Field(min_length=1)
    """What can be traded."""
    num_categories: PositiveInt
    """Categories that are traded: those that the world's buyers like most."""
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
    """Whether buyers can tell a friend, whose next search then shows what they were told about."""
    show_friends: bool
    """Whether a search shows how many friends have bought each offer."""
    show_prices: bool
    """Whether a search shows prices."""
    entry: float = Field(ge=0, le=1)
    """Probability per step that a new seller takes a free place, while sellers make a profit on average."""
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
    cost_spread: NonNegativeFloat
    """Standard deviation of the logarithm of the goods' unit costs within a category."""
    price_quality: float = Field(ge=-1, le=1)
    """Correlation of quality with the logarithm of cost, and so of the first price."""
    taste: NonNegativeFloat
    """Stars of experience between a good that fits a buyer's taste perfectly and one that fits it worst."""
    quality_noise: NonNegativeFloat
    """Standard deviation of what buyers experience around quality and fit, in stars."""
    tax: float = Field(ge=0, lt=1)
    """Share of each payment that goes to the treasury."""

    @model_validator(mode="after")
    def _check_sizes(self) -> "MarketParams":
        if self.sponsored_slots > self.num_shown:
            raise ValueError(f"sponsored_slots={self.sponsored_slots} cannot exceed num_shown={self.num_shown}")
        if self.num_categories > len(self.categories):
            raise ValueError(f"num_categories={self.num_categories}, but there are {len(self.categories)} categories")
        return self

    def usual_payment(self, profile: Profile) -> float:
        """Return what a person usually pays for one item, in dollars.

        If their profile does not say so (`budget` is 0), it is what such goods usually cost, weighted by their tastes.
        """
        if profile.budget:
            return profile.budget
        weights = {name: profile.tastes.get(name, 0.0) for name in self.categories}
        if not any(weights.values()):
            weights = dict.fromkeys(self.categories, 1.0)
        total = sum(weight * self.categories[name].usual_price for name, weight in weights.items())
        return total / sum(weights.values())

    @property
    def max_sellers(self) -> int:
        """The most sellers there can be at once."""
        return self.num_sellers + self.spare_places

    @property
    def places_for_sale(self) -> int:
        """First places of a search that go to the highest bidders, who pay their bid for each sale from there."""
        return self.num_shown if self.ranking == "sponsored" else self.sponsored_slots
