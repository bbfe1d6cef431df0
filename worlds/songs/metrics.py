"""What is measured in the song market, and how it is drawn.

Worlds are compared after equal numbers of downloads (`num_compared`). A metric without a case, such as the
unpredictability of a single world, is missing, which is NaN. All metrics but `downloads_per_visit` run from the start.
"""

import math
from collections.abc import Sequence

from sandbox.figures import Figure, Lorenz, NetworkMap, TimeSeries
from worlds.songs.history import History, mean_gini, unpredictability
from worlds.songs.reactions import DOWNLOAD_BY_COUNT

METRIC_LABELS = {
    "gini": "Gini coefficient of downloads of songs, mean over social worlds",
    "gini_independent": "Gini coefficient of downloads of songs, mean over independent worlds",
    "unpredictability": "difference between a song's shares in two social worlds, mean over songs",
    "unpredictability_independent": "difference between a song's shares in two independent worlds, mean over songs",
    "quality_success": "correlation of songs' shares in social and in independent worlds",
    "count_effect": "log odds of a download per unit of log(1 + count), in a conditional logit",
    "compared_downloads": "downloads of each world that are compared",
    "downloads_per_visit": "downloads per visit in the step",
}

FIGURES: Sequence[Figure] = (
    TimeSeries("inequality", "Inequality of success", ("gini", "gini_independent"), "Gini coefficient"),
    TimeSeries(
        "unpredictability",
        "Unpredictability of success",
        ("unpredictability", "unpredictability_independent"),
        "difference of shares",
    ),
    TimeSeries("quality", "Success and quality", ("quality_success",), "correlation"),
    TimeSeries("counts", "What counts do", ("count_effect",), "log odds per log unit"),
    TimeSeries("downloads", "Downloads", ("downloads_per_visit",), "per visit"),
    Lorenz("lorenz", "Downloads of songs in all worlds", "charts", "downloads", "song"),
    DOWNLOAD_BY_COUNT.figure(),
    NetworkMap("network", "Who downloads", "people", "node", "downloads", "downloads"),
)


def songs_metrics(history: History, num_compared: int | None, num_visitors: int) -> dict[str, float]:
    """Return all metrics of `METRIC_LABELS`.

    Args:
        history: What was downloaded so far.
        num_compared: Downloads at which worlds are compared; None: as many as each has.
        num_visitors: People who came in the latest step.
    """
    number = num_compared or history.num_common
    social, independent = history.shares(number, social=True), history.shares(number, social=False)
    downloads = float(history.cohorts[-1].taken.sum()) if history.cohorts else 0.0
    return {
        "gini": mean_gini(social),
        "gini_independent": mean_gini(independent),
        "unpredictability": unpredictability(social),
        "unpredictability_independent": unpredictability(independent),
        "quality_success": history.quality_success(number),
        "count_effect": history.count_effect(),
        "compared_downloads": float(min(number, history.num_common)),
        "downloads_per_visit": downloads / num_visitors if num_visitors else math.nan,
    }
