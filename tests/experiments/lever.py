"""A world without decisions, whose metric is a known function of its parameters."""

from random import Random
from typing import Any, ClassVar

from sandbox.core import Turn, World, WorldParams


class LeverParams(WorldParams):
    """Parameters of a `Lever`."""

    strong: float = 0.0
    weak: float = 0.0
    idle: float = 0.0
    twin: float = 0.0
    """Matters only together with `strong`."""
    static: float = 0.0
    """Any value of it draws other noise, of the same size."""
    noise: float = 0.0
    """Standard deviation between seeds."""


class Lever(World[LeverParams]):
    """Goes up as its parameters say."""

    prompts: ClassVar = {"preamble": "Nobody is asked.", "none": "Nothing."}
    rules: ClassVar = {"none": lambda question: [1.0]}
    metric_labels: ClassVar = {"height": "height of the lever", "nothing": "what never changes"}

    def __init__(self, params: LeverParams, **parts: Any) -> None:
        super().__init__(params, **parts)
        self.shock = float(self.random.gauss(0, 1))

    def turn(self) -> Turn[None]:
        """Ask nobody."""
        yield from ()

    def metrics(self) -> dict[str, float]:
        """Return how high the lever is."""
        params = self.params
        height = 4 * params.strong + params.weak + 3 * params.strong * params.twin + params.noise * self.shock
        if params.static:
            height += Random(f"{params.static}/{params.idle}/{self.shock}").gauss(0, 1)
        return {"height": height, "nothing": 1.0}
