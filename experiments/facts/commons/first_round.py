"""How much people give before they know the others."""

from experiments.facts.commons.behaviours import CITATION, give_any, give_share
from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.reference import Reference
from experiments.facts.values import value_at_end

REFERENCE = Reference(0.687, 0.603, 0.766, num_people=153)
"""The interval is over 14 games: those in which people could give any amount, as in the world."""

FACT = Fact(
    name="first_round",
    statement="People give seven tenths of what they have before they know the others.",
    citation=CITATION,
    measure="mean contribution in the first round (share of the endowment)",
    statistic=value_at_end("first_contribution"),
    band=REFERENCE.around(0.05),
    needs=Needs(
        {"metrics": ("first_contribution",)},
        world={"punishment": (False,), "talk": (False,), "all_or_nothing": (False,)},
    ),
    reference=REFERENCE,
    level="distribution",
    controls=Controls(
        shows={"seven tenths": {"contribute": give_share(0.7)}},
        lacks={"any amount": {"contribute": give_any}, "everything": {"contribute": give_share(1.0)}},
    ),
)
