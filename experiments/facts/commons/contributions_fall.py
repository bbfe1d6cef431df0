"""People give less from round to round."""

from experiments.facts.commons.behaviours import CITATION, change_over_rounds, give_share
from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.reference import Reference
from experiments.facts.values import value_at_end

REFERENCE = Reference(-0.127, -0.202, -0.053, num_people=153)
"""The interval is over 14 games: those in which people could give any amount, as in the world."""

FACT = Fact(
    name="contributions_fall",
    statement="People give less in the end than at first if they can neither punish nor talk.",
    citation=CITATION,
    measure="mean contribution in the last round minus that in the first (share of the endowment)",
    statistic=value_at_end("drift"),
    band=REFERENCE.around(0.03),
    needs=Needs(
        {"metrics": ("drift",)}, world={"punishment": (False,), "talk": (False,), "all_or_nothing": (False,)}, steps=10
    ),
    reference=REFERENCE,
    level="dynamics",
    controls=Controls(
        shows={"tiring": {"contribute": change_over_rounds(-0.007)}},
        lacks={"steady": {"contribute": give_share(0.7)}, "warming": {"contribute": change_over_rounds(0.007)}},
    ),
)
