"""People give more if they can talk."""

from experiments.facts.commons.behaviours import CITATION, give_less_if, ignore
from experiments.facts.commons.values import difference_at_the_end
from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.partners import arm_with
from experiments.facts.reference import Reference

REFERENCE = Reference(0.325, 0.199, 0.448, num_people=498)
"""The interval is over 46 games."""

FACT = Fact(
    name="talk_raises_giving",
    statement="People give more if they can talk.",
    citation=CITATION,
    measure="mean contribution in the last third of the rounds (share of the endowment), minus that of people who "
    "cannot talk",
    statistic=difference_at_the_end("contribution"),
    band=REFERENCE.around(0.02),
    needs=Needs(
        {"metrics": ("contribution",)}, world={"talk": (True,), "punishment": (False,)}, partner=arm_with("talk", False)
    ),
    reference=REFERENCE,
    level="dynamics",
    controls=Controls(
        shows={"rule people": {}},
        lacks={"unmoved": {"contribute": ignore({"talk": False})}, "offended": {"contribute": give_less_if("talk")}},
        settings=("treatments={treated: {talk: true}, control: {}}",),
        treatment="treated",
    ),
)
