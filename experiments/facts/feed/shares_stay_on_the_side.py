"""People share what their own side says."""

from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.feed.behaviours import act_always, act_with
from experiments.facts.reference import Band, Reference
from experiments.facts.values import value_at_end

REFERENCE = Reference(-0.857)
"""13 shares within to one across: (1 - 13) / 14."""

FACT = Fact(
    name="shares_stay_on_the_side",
    statement="People share what their own side says, and hardly what the other says.",
    citation="Wojcieszak, Casas, Yu, Nagler and Tucker (2022), doi:10.1126/sciadv.abn9418",
    measure="E-I index of shares by side (-1 within, 1 across)",
    statistic=value_at_end("ei_shares"),
    band=Band(-0.95, -0.7, "shares 6 to 39 times as often within as across; people 13 times"),
    needs=Needs({"metrics": ("ei_shares",)}, world={"second_side": (0.5,)}),
    reference=REFERENCE,
    level="structure",
    note="The people shared accounts of politicians, pundits and news media on Twitter, not of each other.",
    controls=Controls(
        shows={
            "partisan": {
                "react": act_with(lambda facts: {"share": 0.26 if facts["side"] == facts["author_side"] else 0.02})
            }
        },
        lacks={
            "blind": {"react": act_always(share=0.14)},
            "contrary": {"react": act_with(lambda facts: {"share": 0.2 * (facts["side"] != facts["author_side"])})},
        },
    ),
)
