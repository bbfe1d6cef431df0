"""Real threads are read as they grew; parameters of made-up threads are recovered; the table is current."""

import csv
import gzip
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.people import measure_feed
from experiments.people.effects import write_effects
from experiments.people.fit_threads import Attractiveness, collect_attachments, fit_attractiveness, fit_spread
from experiments.people.forum_replies import FILE as REPLIES
from experiments.people.forum_replies import read_replies
from experiments.people.reddit_threads import FILE, read_threads, thread_split


def test_a_thread_is_what_was_written_within_two_days(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.parent.mkdir()
    day = 24 * 3600
    nodes = [  # thread, node, parent, author, delay
        (7, 0, -1, 1, 0), (7, 1, 0, 2, 60), (7, 2, 1, 1, day), (7, 3, 0, 3, 3 * day), (9, 0, -1, -1, 0),
    ]  # fmt: skip
    table = pd.DataFrame(nodes, columns=["thread", "node", "parent", "author", "delay_s"]).assign(subreddit="College")
    table.to_parquet(path)
    long, short = read_threads(tmp_path)
    assert (long.id, long.community, long.parents, long.authors) == (7, "College", (0, 1), (1, 2, 1))
    assert (long.shape.size, long.shape.depth, long.shape.num_top_level) == (3, 2, 1)
    assert (short.parents, short.authors, short.shape.size) == ((), (-1,), 1)


def test_threads_are_split_by_their_number() -> None:
    shares = Counter(thread_split(number) for number in range(20_000))
    assert shares["train"] / 20_000 == pytest.approx(0.70, abs=0.01)
    assert shares["test"] / 20_000 == pytest.approx(0.15, abs=0.01)


def test_replies_are_comments_with_words(tmp_path: Path) -> None:
    path = tmp_path / REPLIES
    path.parent.mkdir()
    items = [
        {"user": "a", "split": "train", "kind": "comment", "text": "two words"},
        {"user": "a", "split": "train", "kind": "post", "text": "an opening"},
        {"user": "b", "split": "test", "kind": "comment", "text": " "},
    ]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(item) + "\n" for item in items)
    assert read_replies(tmp_path) == [("a", "train", "two words")]


def grow_thread(parameters: Attractiveness, size: int, rng: np.random.Generator) -> list[int]:
    """Return the parents of a thread that grows by the model."""
    parents: list[int] = []
    degrees = np.ones(1)
    for number in range(1, size):
        weights = parameters.popularity * degrees + parameters.novelty ** (number - np.arange(number))
        weights[0] += parameters.opening
        parent = int(rng.choice(number, p=weights / weights.sum()))
        parents.append(parent)
        degrees = np.append(degrees, 1.0)
        degrees[parent] += 1
    return parents


def test_the_attractiveness_of_made_up_threads_is_recovered() -> None:
    rng = np.random.default_rng(1)
    truth = Attractiveness(0.1, 2.0, 0.8)
    fitted = fit_attractiveness(collect_attachments([grow_thread(truth, 40, rng) for _ in range(300)]))
    assert fitted.popularity == pytest.approx(truth.popularity, rel=0.25)
    assert fitted.opening == pytest.approx(truth.opening, rel=0.15)
    assert fitted.novelty == pytest.approx(truth.novelty, abs=0.03)


@pytest.mark.parametrize("is_truncated", [False, True])
def test_the_spread_of_made_up_people_is_recovered(is_truncated: bool) -> None:
    rng = np.random.default_rng(2)
    counts = rng.poisson(np.exp(rng.normal(0, 1.5, 20_000)))
    counts = counts[counts > 0] if is_truncated else counts
    assert fit_spread(counts.tolist()) == pytest.approx(1.5, abs=0.1)


def test_published_intervals_are_around_published_effects() -> None:
    rows = {(row.treatment, row.outcome): row for row in measure_feed.published_votes()}
    herding = rows["up", "first_up_share@last"]
    assert herding.value / rows["none", "first_up_share@last"].value == pytest.approx(0.32)
    assert herding.low / rows["none", "first_up_share@last"].value == pytest.approx(0.17, abs=0.01)
    assert math.isnan(rows["up", "log_final_score@last"].low)
    for row in rows.values():
        assert math.isnan(row.low) or row.low < row.value < row.high


DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.skipif(not (DATA / FILE).exists(), reason="the threads of Reddit are not on this machine")
def test_the_table_holds_what_is_measured_on_real_threads(tmp_path: Path) -> None:
    write_effects(tmp_path / "feed.csv", measure_feed.measure_all(DATA))
    assert (tmp_path / "feed.csv").read_text() == measure_feed.TABLE.read_text()


def test_the_table_names_treatments_and_outcomes_of_the_declared_experiment() -> None:
    from sandbox.runtime.config import load_run_config

    config = load_run_config(["experiment=feed"])
    with measure_feed.TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        assert {row["treatment"], row["control"]} - {""} <= set(config.treatments)
        assert row["outcome"] in config.outcomes
