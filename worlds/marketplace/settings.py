"""Parameters of the marketplace and the interventions that it knows."""

from typing import Any, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, field_validator, model_validator

from sandbox.errors import ConfigError, unknown
from sandbox.world import Intervention, WorldParams


class Category(WorldParams):
    """One category of goods."""

    prices: tuple[float, float, float, float, float]
    """5, 25, 50, 75 and 95 % quantiles of real prices, in dollars."""
    products: tuple[str, ...] = Field(min_length=1)
    """What is sold, in our own words."""

    @field_validator("prices")
    @classmethod
    def _rising(cls, prices: tuple[float, ...]) -> tuple[float, ...]:
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
    def _slots_fit(self) -> "MarketParams":
        if self.sponsored_slots > self.num_shown:
            raise ValueError(f"sponsored_slots={self.sponsored_slots} cannot exceed num_shown={self.num_shown}")
        return self

    @property
    def places_for_sale(self) -> int:
        """First places of a search that go to the highest bidders, who pay their bid for each sale from there."""
        return self.num_shown if self.ranking == "sponsored" else self.sponsored_slots


class Tax(Intervention):
    """Tax every payment from now on: `{step: 10, do: tax, rate: 0.2}`."""

    rate: float = Field(ge=0, lt=1)
    """Share of each payment."""

    def apply(self, world: Any) -> None:
        """Set the rate."""
        world.change(tax=self.rate)


class FakeReview(Intervention):
    """Plant reviews that nobody wrote: `{step: 5, do: fake_review, listing: 3, stars: 5, count: 10}`."""

    listing: NonNegativeInt
    """Id of the listing."""
    stars: int = Field(ge=1, le=5)
    count: PositiveInt = 1

    def check(self, world: Any) -> None:
        """Look whether there can be such a listing by then."""
        most = world.tally.num_listings + _num_entrants(self.step, world) * world.params.listings_per_seller
        if self.listing >= most:
            raise ConfigError(
                f"fake_review: there can be no listing {self.listing} at step {self.step}; at step {world.now} there "
                f"are 0 to {world.tally.num_listings - 1}"
            )

    def apply(self, world: Any) -> None:
        """Add the stars, unless the listing has left; the count of real reviews stays what it is."""
        if self.listing in range(world.tally.num_listings) and self.listing not in world.listings:
            return
        if self.listing not in world.listings:
            raise ConfigError(f"fake_review: {unknown('listing', str(self.listing), map(str, world.listings))}")
        world.listings[self.listing].add_stars(self.stars, self.count)


class Ban(Intervention):
    """Ban a seller for good: `{step: 8, do: ban, seller: 101}`; sellers' ids follow the buyers'."""

    seller: PositiveInt
    """Agent id of the seller."""

    def check(self, world: Any) -> None:
        """Look whether there can be such a seller by then."""
        first, now = len(world.buyers) + 1, len(world.buyers) + len(world.tally.gone) + len(world.sellers)
        if not first <= self.seller <= now + _num_entrants(self.step, world):
            raise ConfigError(
                f"ban: there can be no seller {self.seller} at step {self.step}; at step {world.now} there are {first} "
                f"to {now}"
            )

    def apply(self, world: Any) -> None:
        """Take the seller and its goods off the market, where they have not left by themselves."""
        if self.seller not in world.sellers and all(row["id"] != self.seller for row in world.tally.gone):
            raise ConfigError(f"ban: {unknown('seller', str(self.seller), map(str, world.sellers))}")
        world.banned.add(self.seller)
        if self.seller in world.sellers:
            world.dismiss(world.sellers[self.seller])


def _num_entrants(step: int, world: Any) -> int:
    """Most sellers that can enter before `step`: at each step no more than there are places."""
    return (step - world.now) * world.params.num_sellers
