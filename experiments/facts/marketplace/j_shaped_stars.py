"""Stars that people give of their own will are J-shaped."""

from experiments.facts.evidence import Tables
from experiments.facts.fact import Band, Fact, Needs, per_seed
from experiments.facts.measures import Frame, hook, star_shares
from experiments.facts.people import figure

MIN_REVIEWS = 20
"""Reviews that a world needs to have a shape."""


def hooks(tables: Tables) -> Frame:
    """The hook of each seed's stars; NaN where there are too few."""

    def shape(rows: Frame) -> float:
        return hook(star_shares(rows["stars"])) if len(rows) >= MIN_REVIEWS else float("nan")

    return per_seed(tables["reviews"], shape)


FACT = Fact(
    name="j_shaped_stars",
    statement="Most reviews give five stars, some give one, and few lie between.",
    citation="Hu, Pavlou and Zhang (2009), Communications of the ACM 52(10), doi:10.1145/1562764.1562800",
    measure="the smallest of the drops from five to four, one to two and five to one stars (share of reviews)",
    statistic=hooks,
    band=Band(0, 1, "a J has both of its ends above their neighbours", figure("star_hook").value),
    needs=Needs({"reviews": ("stars",)}, world={"reviews": ("on",)}),
    note="A U with more fives than ones passes too; `five_star_share` tells them apart.",
)
