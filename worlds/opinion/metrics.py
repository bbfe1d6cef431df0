"""What is measured in the opinion world, and how it is drawn.

Opinions are standardised (see `worlds.opinion.history`). A metric without any case is missing, which is NaN. Metrics
"so far" run from the start.
"""

from collections.abc import Callable, Mapping, Sequence

from sandbox.figures import Bars, Figure, NetworkMap, TimeSeries
from worlds.opinion.history import History
from worlds.opinion.reactions import REVISION_BY_OTHERS

METRIC_LABELS = {
    "weight": "share of the way to those seen that people went so far",
    "stay_share": "share of people who kept their opinion in the round",
    "update_size": "mean size of revisions in the round (SD of first opinions)",
    "spread": "SD of opinions within groups, relative to the first",
    "seen_distance": "mean distance from those seen in the round (SD of first opinions)",
    "individual_error": "mean distance of people from the truth (SD of first opinions)",
    "group_error": "mean distance of groups from the truth (SD of first opinions)",
    "individual_gain": "by how much people are nearer to the truth than at first (SD)",
    "group_gain": "by how much groups are nearer to the truth than at first (SD)",
    "right_share": "share of people on the right side",
    "right_gain": "rise of the share of people on the right side since the start",
    "party_update_gap": "size of revisions so far, first party minus second (SD)",
    "party_distance": "distance between the two parties' mean opinions (SD)",
    "clusters": "clusters of opinions per group",
}

HUMAN_STEPS = {
    "-1.5": 0.0068, "-1": 0.0066, "-0.75": 0.008, "-0.5": 0.0165, "-0.25": 0.0205, "-0.1": 0.0184, "0": 0.2404,
    "0.1": 0.0808, "0.25": 0.1814, "0.5": 0.1941, "0.75": 0.1076, "1": 0.0805, "1.5": 0.0385,
}  # fmt: skip
"""Share of each nearest step among 4,730 revisions of 688 people who estimated quantities (Becker et al. 2017; train
split), as `experiments.people.fit_revisers` prints it."""

FIGURES: Sequence[Figure] = (
    TimeSeries("spread", "Spread of opinions", ("spread", "clusters"), ("relative to the start", "clusters per group")),
    TimeSeries("revisions", "Revisions", ("weight", "stay_share", "update_size"), ("share of the way", "share", "SD")),
    TimeSeries("accuracy", "Distance from the truth", ("individual_error", "group_error"), "SD of first opinions"),
    TimeSeries("gains", "Nearer to the truth", ("individual_gain", "group_gain"), "SD of first opinions"),
    TimeSeries("news", "Judgements of news", ("right_share", "right_gain"), "share of people"),
    TimeSeries("parties", "Parties", ("party_distance", "party_update_gap"), "SD of first opinions"),
    TimeSeries("exposure", "Distance from those seen", ("seen_distance",), "SD of first opinions"),
    Bars(
        "steps",
        "How far people went",
        "revisions",
        "share",
        "count",
        "share of the way to the others (nearest step)",
        HUMAN_STEPS,
        "real people (n = 4,730)",
    ),
    REVISION_BY_OTHERS.figure(),
    NetworkMap("network", "Opinions", "people", "node", "standardised_opinion", "standardised opinion"),
)


MEASURES: Mapping[str, Callable[[History], float]] = {
    "weight": History.weight,
    "stay_share": History.stay_share,
    "update_size": History.update_size,
    "spread": History.spread,
    "seen_distance": History.seen_distance,
    "individual_error": History.individual_error,
    "group_error": History.group_error,
    "individual_gain": History.individual_gain,
    "group_gain": History.group_gain,
    "right_share": History.right_share,
    "right_gain": lambda history: history.right_share() - history.right_share(0),
    "party_update_gap": History.party_update_gap,
    "party_distance": History.party_distance,
    "clusters": History.clusters,
}
"""How each of `METRIC_LABELS` is measured after the latest round."""
