"""People give more if they can punish."""

from experiments.facts.commons.behaviours import CITATION, give_less_if, ignore
from experiments.facts.commons.values import difference_at_the_end
from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.partners import arm_with
from experiments.facts.reference import Reference

REFERENCE = Reference(0.186, 0.03, 0.348, num_people=512)
"""The interval is over 49 games."""

FACT = Fact(
    name="punishment_raises_giving",
    statement="People give more if they can punish.",
    citation=CITATION,
    measure="mean contribution in the last third of the rounds (share of the endowment), minus that of people who "
    "cannot punish",
    statistic=difference_at_the_end("contribution"),
    band=REFERENCE.around(0.02),
    needs=Needs(
        {"metrics": ("contribution",)},
        world={"punishment": (True,), "talk": (False,)},
        partner=arm_with("punishment", False),
    ),
    reference=REFERENCE,
    level="dynamics",
    controls=Controls(
        shows={"rule people": {}},
        lacks={
            "unmoved": {"contribute": ignore({"punishment": False})},
            "offended": {"contribute": give_less_if("punishment")},
        },
        settings=("treatments={treated: {punishment: true}, control: {}}",),
        treatment="treated",
    ),
)
