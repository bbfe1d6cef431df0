"""Facts of the commons that differ in one word: what a treatment does to giving, and how often an amount is given."""

from experiments.facts.commons.behaviours import (
    CITATION,
    give_any,
    give_less_if,
    give_nothing_or_all,
    give_share,
    ignore,
)
from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.partners import arm_with
from experiments.facts.reference import Reference
from experiments.facts.values import difference_at_the_end, mean_over_rounds


def treatment_fact(param: str, without: str, verb: str, reference: Reference) -> Fact:
    """Return the fact that people give more if something is allowed.

    Args:
        param: Parameter of the world that allows it.
        without: Parameter that must be off in both arms.
        verb: What people can then do.
        reference: How much more people give at the end.
    """
    return Fact(
        name=f"{param}_raises_giving",
        statement=f"People give more if they can {verb}.",
        citation=CITATION,
        measure="mean contribution in the last third of the rounds (share of the endowment), minus that of people who "
        f"cannot {verb}",
        statistic=difference_at_the_end("contribution"),
        band=reference.around(0.02),
        needs=Needs(
            {"metrics": ("contribution",)},
            world={param: (True,), without: (False,)},
            partner=arm_with(param, False),
        ),
        reference=reference,
        level="dynamics",
        controls=Controls(
            shows={"rule agents": {}},
            lacks={
                "unmoved": {"contribute": ignore({param: False})},
                "offended": {"contribute": give_less_if(param)},
            },
            settings=(f"treatments={{treated: {{{param}: true}}, control: {{}}}}",),
            treatment="treated",
        ),
    )


def amount_fact(name: str, metric: str, statement: str, amount: str, reference: Reference) -> Fact:
    """Return the fact of how often people give one amount.

    Args:
        name: Name of the fact.
        metric: The share of members who give it in a round.
        statement: What is true of real people.
        amount: The amount, in words.
        reference: How often people give it.
    """
    return Fact(
        name=name,
        statement=statement,
        citation=CITATION,
        measure=f"share of contributions that are {amount}, mean over rounds",
        statistic=mean_over_rounds(metric),
        band=reference.around(0.05),
        needs=Needs(
            {"metrics": (metric,)}, world={"punishment": (False,), "talk": (False,), "all_or_nothing": (False,)}
        ),
        reference=reference,
        level="distribution",
        controls=Controls(
            shows={"as people do": {"contribute": give_nothing_or_all}},
            lacks={"any amount": {"contribute": give_any}, "always half": {"contribute": give_share(0.5)}},
        ),
    )
