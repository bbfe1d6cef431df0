"""How often people give nothing."""

from experiments.facts.commons.behaviours import CITATION, give_any, give_nothing_or_all, give_share
from experiments.facts.commons.values import mean_over_rounds
from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.reference import Reference

REFERENCE = Reference(0.25, 0.178, 0.339, num_people=204)
"""The interval is over 21 games."""

FACT = Fact(
    name="no_contributions",
    statement="A quarter of all contributions are nothing.",
    citation=CITATION,
    measure="share of contributions that are nothing, mean over rounds",
    statistic=mean_over_rounds("zero_share"),
    band=REFERENCE.around(0.05),
    needs=Needs({"metrics": ("zero_share",)}, world={"punishment": (False,), "talk": (False,)}),
    reference=REFERENCE,
    level="distribution",
    controls=Controls(
        shows={"as people do": {"contribute": give_nothing_or_all}},
        lacks={"any amount": {"contribute": give_any}, "always half": {"contribute": give_share(0.5)}},
    ),
)
