"""Interventions in the marketplace: taxes, planted reviews, bans."""

from pydantic import Field, NonNegativeInt, PositiveInt

from sandbox.core import Intervention
from sandbox.errors import ConfigError, unknown
from worlds.marketplace.market import Marketplace


@Marketplace.intervention("tax")
class Tax(Intervention[Marketplace]):
    """Tax every payment from now on: `{step: 10, do: tax, rate: 0.2}`."""

    rate: float = Field(ge=0, lt=1)
    """Share of each payment."""

    def apply(self, world: Marketplace) -> None:
        """Set the rate."""
        world.change(tax=self.rate)


@Marketplace.intervention("fake_review")
class FakeReview(Intervention[Marketplace]):
    """Plant reviews that nobody wrote: `{step: 5, do: fake_review, listing: 3, stars: 5, count: 10}`."""

    listing: NonNegativeInt
    """Id of the listing."""
    stars: int = Field(ge=1, le=5)
    count: PositiveInt = 1

    def check(self, world: Marketplace) -> None:
        """Check that there can be such a listing by then."""
        most = world.counts.num_listings + _num_entrants(self.step, world) * world.params.listings_per_seller
        if self.listing >= most:
            raise ConfigError(
                f"fake_review: there can be no listing {self.listing} at step {self.step}; at step {world.now} there "
                f"are 0 to {world.counts.num_listings - 1}"
            )

    def apply(self, world: Marketplace) -> None:
        """Add the stars, unless the listing has left; the number of real reviews does not change."""
        if self.listing in range(world.counts.num_listings) and self.listing not in world.listings:
            return
        if self.listing not in world.listings:
            raise ConfigError(f"fake_review: {unknown('listing', str(self.listing), map(str, world.listings))}")
        world.listings[self.listing].add_stars(self.stars, self.count)


@Marketplace.intervention("ban")
class Ban(Intervention[Marketplace]):
    """Ban a seller for good: `{step: 8, do: ban, seller: 101}`; sellers' ids follow the buyers'."""

    seller: PositiveInt
    """Agent id of the seller."""

    def check(self, world: Marketplace) -> None:
        """Check that there can be such a seller by then."""
        first, now = len(world.buyers) + 1, len(world.buyers) + len(world.counts.closed_shops) + len(world.sellers)
        if not first <= self.seller <= now + _num_entrants(self.step, world):
            raise ConfigError(
                f"ban: there can be no seller {self.seller} at step {self.step}; at step {world.now} there are {first} "
                f"to {now}"
            )

    def apply(self, world: Marketplace) -> None:
        """Take the seller and its goods off the market, unless they have already left."""
        if self.seller not in world.sellers and all(
            closed.seller.unique_id != self.seller for closed in world.counts.closed_shops
        ):
            raise ConfigError(f"ban: {unknown('seller', str(self.seller), map(str, world.sellers))}")
        world.banned.add(self.seller)
        if self.seller in world.sellers:
            world.dismiss(world.sellers[self.seller])


def _num_entrants(step: int, world: Marketplace) -> int:
    """Return the most sellers that can enter before `step`: at each step, no more than there are places."""
    return (step - world.now) * world.params.max_sellers
