"""A two-sided market with search, prices, reviews and word of mouth."""

from worlds.marketplace import interventions  # registers them
from worlds.marketplace.market import Marketplace

__all__ = ["Marketplace", "interventions"]
