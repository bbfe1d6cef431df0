"""What is measured in the feed, and how it is drawn.

All metrics run from the start. A metric without any case (no thread is old enough, nobody was shown anything) is
missing, which is NaN. Threads are measured once, `MATURE` steps after their opening: two days, as real threads are.
"""

import math
from collections.abc import Sequence

from sandbox.descriptive import gini, mean_of
from sandbox.figures import Bars, Figure, Lorenz, NetworkMap, TimeSeries
from worlds.feed.person import Person
from worlds.feed.posts import mean_depth, mean_size, no_reply_share, size_gini, stack_shapes, top_level_share
from worlds.feed.reactions import UP_BY_SCORE
from worlds.feed.records import FeedRecords, share_of

METRIC_LABELS = {
    "thread_size": "mean posts of a thread within two days, the opening included",
    "thread_depth": "mean depth of a thread within two days (replies)",
    "no_reply_share": "share of threads without a reply within two days",
    "top_level_share": "share of replies within two days that answer the opening",
    "gini_threads": "Gini of the threads' posts within two days",
    "react_share": "share of views that end in more than scrolling on",
    "vote_share": "share of views that end in a vote",
    "reply_share": "share of views that end in a reply",
    "share_share": "share of views that end in sharing",
    "first_up_share": "share of views of posts without readers' votes that end in an up-vote",
    "first_down_share": "share of views of posts without readers' votes that end in a down-vote",
    "final_score": "mean votes of readers on a post when it leaves the feed (up minus down)",
    "log_final_score": "natural logarithm of the final score, missing unless it is positive",
    "lurker_share": "share of visitors who never did more than scroll on",
    "gini_writing": "Gini of texts among people who wrote any",
    "gini_attention": "Gini of views of their posts among all people",
    "gini_followers": "Gini of followers among all people",
    "ei_follows": "E-I index of follows by side (-1 within, 1 across)",
    "ei_votes": "E-I index of up-votes by side (-1 within, 1 across)",
    "ei_shares": "E-I index of shares by side (-1 within, 1 across)",
    "ei_replies": "E-I index of replies by side (-1 within, 1 across)",
    "reply_words": "mean words of a reply",
}

FIGURES: Sequence[Figure] = (
    TimeSeries(
        "reactions", "What readers do", ("react_share", "vote_share", "reply_share", "share_share"), "share of views"
    ),
    TimeSeries("herding", "First votes", ("first_up_share", "first_down_share"), "share of first views"),
    TimeSeries("scores", "Final scores", ("final_score",), "votes per post"),
    TimeSeries(
        "threads",
        "Threads",
        ("thread_size", "thread_depth", "no_reply_share", "top_level_share"),
        ("posts", "replies", "share of threads", "share of replies"),
    ),
    TimeSeries(
        "inequality", "Inequality", ("gini_threads", "gini_writing", "gini_attention", "gini_followers"), "Gini, 0 to 1"
    ),
    TimeSeries("sides", "Within and across sides", ("ei_follows", "ei_votes", "ei_shares", "ei_replies"), "E-I index"),
    TimeSeries("lurkers", "Who only reads", ("lurker_share",), "share of visitors"),
    Bars("acts", "What readers do with a post", "acts", "act", "count", "act"),
    Lorenz("lorenz", "Inequality of attention", "posts", "views", "post"),
    UP_BY_SCORE.figure(),
    NetworkMap("network", "Who writes", "people", "node", "texts", "texts"),
)


def feed_metrics(records: FeedRecords, people: Sequence[Person]) -> dict[str, float]:
    """Return all metrics of `METRIC_LABELS`."""
    shapes = stack_shapes([shape for _, shape in records.mature])
    visitors = [person for person in people if person.num_visits]
    final_score = mean_of(records.final_scores)
    return {
        "thread_size": mean_size(shapes),
        "thread_depth": mean_depth(shapes),
        "no_reply_share": no_reply_share(shapes),
        "top_level_share": top_level_share(shapes),
        "gini_threads": size_gini(shapes),
        "react_share": 1 - share_of(records.acts, "scroll"),
        "vote_share": share_of(records.acts, "up", "down"),
        "reply_share": share_of(records.acts, "reply"),
        "share_share": share_of(records.acts, "share"),
        "first_up_share": share_of(records.first_acts, "up"),
        "first_down_share": share_of(records.first_acts, "down"),
        "final_score": final_score,
        "log_final_score": math.log(final_score) if final_score > 0 else math.nan,
        "lurker_share": mean_of([not (person.num_acts or person.num_texts) for person in visitors]),
        "gini_writing": gini([person.num_texts for person in people if person.num_texts]),
        "gini_attention": gini([person.num_views for person in people]),
        "gini_followers": gini([person.num_followers for person in people]),
        "ei_follows": records.follows.ei_index(),
        "ei_votes": records.votes.ei_index(),
        "ei_shares": records.shares.ei_index(),
        "ei_replies": records.replies.ei_index(),
        "reply_words": mean_of(records.reply_words),
    }
