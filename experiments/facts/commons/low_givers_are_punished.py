"""Who gives little is punished."""

from experiments.facts.commons.behaviours import CITATION, mostly_low, punish_anybody, punish_the_generous
from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.reference import Reference
from experiments.facts.values import value_at_end

REFERENCE = Reference(0.721, 0.615, 0.814, num_people=308)
"""The interval is over 28 games."""

FACT = Fact(
    name="low_givers_are_punished",
    statement="Seven in ten of those who are punished gave less than the mean of their group.",
    citation=CITATION,
    measure="share of the punished who gave less than the mean",
    statistic=value_at_end("punished_below"),
    band=REFERENCE.around(0.05),
    needs=Needs({"metrics": ("punished_below",)}, world={"punishment": (True,), "talk": (False,)}),
    reference=REFERENCE,
    level="structure",
    controls=Controls(
        shows={"as people do": {"punish": mostly_low}},
        lacks={"anybody": {"punish": punish_anybody}, "the generous": {"punish": punish_the_generous}},
        settings=("world.punishment=true",),
    ),
)
