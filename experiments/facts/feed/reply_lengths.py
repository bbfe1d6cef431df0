"""How long replies are."""

from experiments.facts.controls import Controls
from experiments.facts.fact import Fact, Needs
from experiments.facts.feed.behaviours import write_words
from experiments.facts.reference import Reference
from experiments.facts.values import value_at_end

REFERENCE = Reference(30.64, 30.37, 30.89, num_people=1707)

FACT = Fact(
    name="reply_lengths",
    statement="Replies are a few sentences long.",
    citation=(
        "Comments of 1,707 people of college communities of Reddit (github.com/emorynlp/reddit-college), train and val "
        "split; measured by `experiments.people.measure_feed`"
    ),
    measure="mean words of a reply, counting at most 40 of each",
    statistic=value_at_end("reply_words"),
    band=REFERENCE.around(3.0),
    needs=Needs({"metrics": ("reply_words",)}),
    reference=REFERENCE,
    level="distribution",
    controls=Controls(
        shows={"rule agents": {}},
        lacks={"terse": {"reply": write_words(2)}, "verbose": {"reply": write_words(40)}},
    ),
)
