"""The J of the stars comes from who reviews: where everybody must, it goes."""

import numpy as np
import pandas as pd

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, Fact, Needs, per_seed
from experiments.facts.marketplace.arms import VOLUNTARY
from experiments.facts.marketplace.j_shaped_stars import hooks
from experiments.facts.measures import Frame, star_shares, valley


def flip(forced: Tables, voluntary: Tables) -> Frame:
    """The smaller of the hook where reviews are voluntary and of minus the valley where they are forced."""
    valleys = per_seed(forced["reviews"], lambda reviews: valley(star_shares(reviews["stars"])))
    both = pd.DataFrame({"forced": valleys, "voluntary": hooks(voluntary)}).dropna()
    return pd.Series(np.minimum(both["voluntary"], -both["forced"]), dtype=float)


FACT = Fact(
    name="forced_reviews",
    statement="Stars are J-shaped where people review of their own will, and have one peak where all must review.",
    citation="Hu, Pavlou and Zhang (2009), Communications of the ACM 52(10), doi:10.1145/1562764.1562800",
    measure="the smaller of the hook of voluntary stars and of minus the valley of forced ones (share of reviews)",
    statistic=flip,
    band=Band(0, 1, "positive only where the voluntary stars have a J and the forced ones a single peak"),
    needs=Needs({"reviews": ("stars",)}, world={"reviews": ("forced",)}, partner=VOLUNTARY),
    note="Their second cause, that only who likes a thing buys it, works in both arms of a market.",
)
