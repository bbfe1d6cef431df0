"""People give more after others gave more."""

from experiments.facts.commons.behaviours import CITATION, follow_others, give_any, oppose_others
from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.reference import Reference
from experiments.facts.values import value_at_end

REFERENCE = Reference(0.581, 0.383, 0.694, num_people=204)
"""The interval is over 21 games."""

FACT = Fact(
    name="conditional_cooperation",
    statement="People give more after rounds in which the others gave more.",
    citation=CITATION,
    measure="slope of contributions on what the others gave in the round before, within people",
    statistic=value_at_end("conditional_cooperation"),
    band=REFERENCE.around(0.1),
    needs=Needs({"metrics": ("conditional_cooperation",)}, world={"punishment": (False,), "talk": (False,)}, steps=10),
    reference=REFERENCE,
    level="structure",
    controls=Controls(
        shows={"following": {"contribute": follow_others}},
        lacks={"unmoved": {"contribute": give_any}, "opposing": {"contribute": oppose_others}},
    ),
)
