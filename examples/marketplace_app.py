"""The marketplace in Mesa's own browser interface.

    pip install -e ".[viz]"
    solara run examples/marketplace_app.py

A world is an ordinary Mesa model, so Mesa's sliders, plots and step buttons work on it. Here, agents follow the world's
rules; pass `mind=` to let a language model answer.
"""

from typing import Any

from mesa.visualization import SolaraViz, make_plot_component

from sandbox.runtime.assembly import build_worlds
from sandbox.runtime.config import load_run_config
from worlds.marketplace import Marketplace

INITIAL_WORLD = build_worlds(load_run_config(["world=marketplace", "mind=rule"]))[0]
"""Profiles, graph and parameters that every restart of the page begins with."""


class MarketplaceApp(Marketplace):
    """A marketplace whose sliders are keyword arguments, as Mesa's interface expects."""

    def __init__(self, rng: int = 0, tax: float = 0.0, num_shown: int = 4) -> None:
        params = INITIAL_WORLD.params.model_copy(update={"tax": tax, "num_shown": num_shown})
        super().__init__(params, profiles=INITIAL_WORLD.profiles, graph=INITIAL_WORLD.network.G, rng=rng)


SLIDERS: dict[str, Any] = {
    "rng": {"type": "InputText", "value": 0, "label": "seed"},
    "tax": {"type": "SliderFloat", "value": 0.0, "min": 0.0, "max": 0.5, "step": 0.05, "label": "tax"},
    "num_shown": {"type": "SliderInt", "value": 4, "min": 1, "max": 10, "step": 1, "label": "offers in a search"},
}

page = SolaraViz(
    MarketplaceApp(),
    components=[make_plot_component(name) for name in ("sales", "mean_price", "five_star_share")],
    model_params=SLIDERS,
    name="Marketplace",
)
