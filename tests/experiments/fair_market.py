"""A world that inherits from the marketplace, as a stranger may write it."""

from collections.abc import Mapping
from typing import ClassVar

from worlds.marketplace import Marketplace


class FairMarket(Marketplace):
    """A marketplace with a metric of its own."""

    metric_labels: ClassVar[Mapping[str, str]] = {**Marketplace.metric_labels, "fairness": "fairness of the market"}

    def metrics(self) -> dict[str, float]:
        """Return the marketplace's metrics and this world's own."""
        return {**super().metrics(), "fairness": 1.0}
