"""How often people give everything."""

from experiments.facts.commons.behaviours import CITATION, give_any, give_nothing_or_all, give_share
from experiments.facts.commons.values import mean_over_rounds
from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.reference import Reference

REFERENCE = Reference(0.476, 0.381, 0.569, num_people=204)
"""The interval is over 21 games."""

FACT = Fact(
    name="full_contributions",
    statement="Nearly half of all contributions are everything.",
    citation=CITATION,
    measure="share of contributions that are everything, mean over rounds",
    statistic=mean_over_rounds("full_share"),
    band=REFERENCE.around(0.05),
    needs=Needs({"metrics": ("full_share",)}, world={"punishment": (False,), "talk": (False,)}),
    reference=REFERENCE,
    level="distribution",
    controls=Controls(
        shows={"as people do": {"contribute": give_nothing_or_all}},
        lacks={"any amount": {"contribute": give_any}, "always half": {"contribute": give_share(0.5)}},
    ),
)
