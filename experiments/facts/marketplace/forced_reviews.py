"""The J shape of ratings comes from who reviews: it disappears if everybody must review."""

import numpy as np
import pandas as pd

from experiments.facts.evidence import Tables, per_seed
from experiments.facts.fact import Fact, Needs
from experiments.facts.marketplace.arms import VOLUNTARY
from experiments.facts.marketplace.j_shaped_stars import hooks_by_seed
from experiments.facts.measures import star_shares, valley
from experiments.facts.reference import Band
from experiments.frames import column


def shape_change(forced: Tables, voluntary: Tables) -> pd.Series:
    """Return the smaller of the hook of voluntary reviews and of minus the valley of forced ones, by seed."""
    valleys = per_seed(forced["reviews"], lambda reviews: valley(star_shares(column(reviews, "stars"))))
    shapes = pd.DataFrame({"valley": valleys, "hook": hooks_by_seed(voluntary)}).dropna()
    return pd.Series(np.minimum(shapes["hook"], -shapes["valley"]), dtype=float)


FACT = Fact(
    name="forced_reviews",
    statement="Ratings are J-shaped if people review voluntarily, and have a single peak if everybody must review.",
    citation="Hu, Pavlou and Zhang (2009), Communications of the ACM 52(10), doi:10.1145/1562764.1562800",
    measure="the smaller of the hook of voluntary ratings and of minus the valley of forced ones (share of reviews)",
    statistic=shape_change,
    band=Band(0, 1, "positive only if voluntary ratings have a J shape and forced ones a single peak"),
    needs=Needs({"reviews": ("stars",)}, world={"reviews": ("forced",)}, partner=VOLUNTARY),
    note="Their second cause, that only people who like a product buy it, operates in both arms of a market.",
)
