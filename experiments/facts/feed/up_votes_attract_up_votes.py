"""Who sees an up-vote is likelier to vote up."""

from experiments.facts.feed.builders import seeded_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(0.0164, 0.0089, 0.0249, num_people=99_339)
"""32 % of 5.13 %; the interval is ours, from the numbers of comments (see `experiments.people.measure_feed`)."""

FACT = seeded_fact(
    "up_votes_attract_up_votes",
    "seed_up",
    "A first up-vote that nobody gave makes the next reader likelier to vote up.",
    REFERENCE.around(0.005),
    REFERENCE,
    "The probability without a vote (5.13 %) is from a secondary source.",
)
