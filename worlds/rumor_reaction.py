"""What should move what in the rumour: whether a spreader goes on depends on what the friend knew."""

from sandbox.core import Level, Reaction, expected_number, plain_fact

GOING_ON_BY_NEWS = Reaction(
    name="going_on_by_news",
    cause="what the friend knew",
    effect="whether a spreader goes on",
    template="again",
    fact=plain_fact("was_new"),
    levels=(Level(True, "it was news", 0), Level(False, "knew it already", 1)),
    outcome=expected_number({"yes": 1, "no": 0}),
    outcome_label="probability of going on",
    unit="probability of going on, if the friend knew it already",
    direction=-1,
    source="Maki & Thompson 1973, Mathematical Models and Applications: who tells somebody who knows it stops",
)
