"""Some people always give more than others."""

from experiments.facts.commons.behaviours import CITATION, give_any, often_the_same, personal_share
from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.reference import Reference
from experiments.facts.values import value_at_end

REFERENCE = Reference(0.421, 0.337, 0.493, num_people=204)
"""The interval is over 21 games."""

FACT = Fact(
    name="people_differ",
    statement="Much of the difference between contributions is between people, and lasts over rounds.",
    citation=CITATION,
    measure="share of the variance of contributions that is between people of a group (intraclass correlation)",
    statistic=value_at_end("person_variance"),
    band=REFERENCE.around(0.05),
    needs=Needs({"metrics": ("person_variance",)}, world={"punishment": (False,), "talk": (False,)}, steps=10),
    reference=REFERENCE,
    level="variance",
    controls=Controls(
        shows={"often the same": {"contribute": often_the_same}},
        lacks={"all alike": {"contribute": give_any}, "always the same": {"contribute": personal_share}},
    ),
)
