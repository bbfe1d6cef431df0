"""Shared parts of the tests of output: a small market."""

from typing import Any

import networkx as nx

from sandbox.core.mind import RandomMind
from sandbox.core.replicate import Replicate
from tests.conftest import profiles
from worlds.marketplace import Marketplace
from worlds.marketplace.settings import MarketParams

SHELF = {"usual_price": 10.0, "products": ["game", "puzzle", "doll"]}
MARKET: dict[str, Any] = {
    "num_sellers": 4, "spare_places": 0, "listings_per_seller": 2, 
    "num_categories": 2, "num_shown": 4, "ranking": "relevance", "sponsored_slots": 0,
    "goods": None, "reviews": "on", "word_of_mouth": True, "show_prices": True, "entry": 0.2, "demand": 1.0,
    "income": 1.5, "start_cash": 5.0, "seller_cash": 0.5, "rent": 5.0, "stock": 4, "margin": 0.35,
    "quality_noise": 0.5, "taste": 1.5, "cost_spread": 0.25, "price_quality": 0.25,
     "show_friends": True, "tax": 0.0, "categories": {"Toys and Games": SHELF, "Electronics": SHELF},
}  # fmt: skip


def make_graph() -> "nx.Graph[Any]":
    """Return the social graph of the market."""
    return nx.watts_strogatz_graph(16, 4, 0.1, seed=1)


def play_market(seed: int = 0, arm: str = "main", is_random: bool = False) -> Marketplace:
    """Return a market after four steps of rule-following or random agents."""
    world = Marketplace(
        MarketParams.model_validate(MARKET),
        profiles=profiles(20),
        graph=make_graph(),
        rng=seed,
        replicate=Replicate(arm, seed),
        mind=RandomMind() if is_random else None,
    )
    for _ in range(4):
        world.step()
    return world
