"""Who sees a down-vote is likelier to vote up."""

from experiments.facts.feed.builders import seeded_fact
from experiments.facts.reference import Band

FACT = seeded_fact(
    "down_votes_are_corrected",
    "seed_down",
    "A first down-vote that nobody gave makes the next reader likelier to vote up.",
    Band(0.005, 0.2, "the abstract gives the direction; 12 worlds can tell half a percentage point"),
    None,
    "How strong the effect is was not seen at the source; a replication on Reddit found that down-votes lower the "
    "final score instead (Glenski and Weninger 2016, arXiv:1606.06140).",
)
