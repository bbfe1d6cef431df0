"""Most readers do not vote."""

from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.feed.behaviours import MUCHNIK, act_always
from experiments.facts.reference import Band, Reference
from experiments.facts.values import value_at_end

REFERENCE = Reference(0.031)
"""308,515 votes on comments that were viewed more than 10 million times."""

FACT = Fact(
    name="few_votes",
    statement="Readers scroll on: few views of a post end in a vote.",
    citation=MUCHNIK,
    measure="share of views that end in an up- or down-vote",
    statistic=value_at_end("vote_share"),
    band=Band(0.005, 0.1, "3.1 % of all readers and 5.95 % of first readers voted; up to 10 % counts as few"),
    needs=Needs({"metrics": ("vote_share",)}),
    reference=REFERENCE,
    level="distribution",
    note="The numbers of views and votes are from a secondary source.",
    controls=Controls(
        shows={"as people do": {"react": act_always(up=0.027, down=0.004)}},
        lacks={
            "eager": {"react": act_always(up=0.4, down=0.1)},
            "mute": {"react": act_always(reply=0.1)},
        },
    ),
)
