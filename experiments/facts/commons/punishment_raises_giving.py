"""People give more if they can punish."""

from experiments.facts.commons.behaviours import CITATION, give_less_if, ignore
from experiments.facts.commons.values import difference_from_partner
from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.partners import arm_with
from experiments.facts.reference import Reference

REFERENCE = Reference(0.096, -0.009, 0.201, num_people=512)
"""The interval is over 49 games."""

FACT = Fact(
    name="punishment_raises_giving",
    statement="People give more if they can punish.",
    citation=CITATION,
    measure="mean contribution over rounds, as a share of the endowment, minus that of people who cannot punish",
    statistic=difference_from_partner("contribution"),
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
