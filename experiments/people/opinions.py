"""The people of two experiments on social influence, in the form of the opinion world.

1,360 people in 34 groups estimated quantities alone, and twice more after seeing the mean of their neighbours in a
decentralised or centralised network, or again alone (Becker, Brackbill & Centola 2017, doi:10.1073/pnas.1615978114).
839 people in 46 networks judged how probably news is true, three times (Guilbeault, Woolley & Becker 2021,
doi:10.1371/journal.pone.0247487); of these, the 30 networks that answered in percent. Their data do not say who saw
whom: the mean of all others in the network stands for it. The group or network is the unit of every interval.
"""

import gzip
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from sandbox.runtime.config import load_run_config
from sandbox.settings import validate
from worlds.opinion.history import Floats, History, standardise
from worlds.opinion.settings import OpinionParams, Topic

ESTIMATES = "opinion_network_estimates/estimates.csv.gz"
NEWS = "opinion_misinfo_network/responses.csv.gz"
NETWORKS = {"Solo": "alone", "Decentralized": "decentralised", "Centralized": "centralised"}
"""What the world calls the networks of the data."""
NEWS_TREATMENT = "news"
PARTIES = ("Democratic", "Republican")
"""The parties that are compared."""
NO_PARTY = "none"
TEST_EVERY = 5
"""The data of news have no splits; networks whose number is a multiple of this are the test split here."""
ROUNDS = 3
"""Answers of everybody: one alone and two revised."""


class NewsJudgement(NamedTuple):
    """What all people of a group said about one topic."""

    topic: str
    """Name of the topic in `conf/world/opinion.yaml`."""
    truth: float
    people: Sequence[str]
    """Ids."""
    parties: Sequence[str]
    """Empty where unknown."""
    opinions: Floats
    """Shape (`ROUNDS`, people); NaN is missing."""
    others: Floats
    """Mean of those whom one saw before each later round, (`ROUNDS` - 1, people); NaN if one saw nobody."""


class Group(NamedTuple):
    """A group of people and all that they judged."""

    id: str
    split: str
    treatment: str
    """As in `conf/experiment/opinion.yaml` and `conf/experiment/opinion_news.yaml`."""
    judgements: Sequence[NewsJudgement]

    @property
    def num_people(self) -> int:
        """Number of different people."""
        return len({person for judgement in self.judgements for person in judgement.people})

    def history(self, topics: Mapping[str, Topic]) -> History:
        """Return the group in the form of the world: every topic is a group of its own."""
        return pool([_judgement_history(judgement, topics[judgement.topic]) for judgement in self.judgements])


def load_topics() -> dict[str, Topic]:
    """Return the topics of the world by name, which fix the middle and the scale of standardised opinions."""
    settings = {name: value for name, value in load_run_config(["world=opinion"]).world.items() if name != "_target_"}
    return validate(OpinionParams, settings, "world").topics


def read_groups(data: Path) -> list[Group]:
    """Return the groups that estimated quantities."""
    rows = _read_table(data / ESTIMATES)
    return [
        Group(
            str(number),
            str(part["split"].iloc[0]),
            NETWORKS[str(part["network"].iloc[0])],
            [_read_estimates(str(task), judged) for task, judged in part.groupby("task")],
        )
        for number, part in rows.groupby("group_number")
    ]


def read_news(data: Path) -> list[Group]:
    """Return the networks that judged news in percent."""
    rows = _read_table(data / NEWS)
    rows = cast("pd.DataFrame", rows[rows["condition"] == "Probabilistic"])
    return [
        Group(
            f"news {number}",
            "test" if int(str(number)) % TEST_EVERY == 0 else "train",
            NEWS_TREATMENT,
            [_read_judged_news(str(question), judged) for question, judged in part.groupby("question")],
        )
        for number, part in rows.groupby("trialID")
    ]


def name_news(question: str) -> str:
    """Return the name of the topic that a question of the data is: `stim9_politics_true.png` is `politics_9`."""
    number, *words = question.removeprefix("stim").partition(".")[0].split("_")
    subject = next(word for word in words if word not in ("true", "false"))
    return f"{'politics' if subject == 'political' else subject}_{number}"


def _read_table(path: Path) -> pd.DataFrame:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return pd.read_csv(file)


def _read_estimates(task: str, rows: pd.DataFrame) -> NewsJudgement:
    return NewsJudgement(
        topic=f"estimate_{task}",
        truth=float(rows["truth"].iloc[0]),
        people=rows["subject_id"].tolist(),
        parties=[""] * len(rows),
        opinions=_to_numbers(rows, [f"response_{number}" for number in (1, 2, 3)]),
        others=_to_numbers(rows, [f"mean.neighbor.time{number}" for number in (1, 2)]),
    )


def _read_judged_news(question: str, rows: pd.DataFrame) -> NewsJudgement:
    opinions = _to_numbers(rows, [f"response_{number}" for number in (1, 2, 3)])
    total, count = np.nansum(opinions[:-1], axis=1, keepdims=True), (~np.isnan(opinions[:-1])).sum(1, keepdims=True)
    return NewsJudgement(
        topic=name_news(question),
        truth=float(rows["correctanswer"].iloc[0]),
        people=rows["user"].tolist(),
        parties=[NO_PARTY if party == "No.ID" else party for party in rows["poli.party"]],
        opinions=opinions,
        others=(total - opinions[:-1]) / (count - 1),
    )


def _to_numbers(rows: pd.DataFrame, columns: Sequence[str]) -> Floats:
    """Return columns as an array of shape (columns, rows)."""
    return np.array([np.array(rows[name], float) for name in columns])


def _judgement_history(judgement: NewsJudgement, topic: Topic) -> History:
    size = len(judgement.people)
    middle, scale = np.full(size, topic.middle), np.full(size, topic.scale)
    history = History(
        np.zeros(size, np.int64),
        standardise(np.full(size, judgement.truth), middle, scale),
        np.array([PARTIES.index(party) if party in PARTIES else -1 for party in judgement.parties]),
    )
    history.opinions = [standardise(opinions, middle, scale) for opinions in judgement.opinions]
    history.others = [standardise(others, middle, scale) for others in judgement.others]
    history.right = [_judge_side(opinions, judgement.truth, topic) for opinions in judgement.opinions]
    return history


def _judge_side(opinions: Floats, truth: float, topic: Topic) -> Floats:
    """Return whether opinions are on the side of the truth, as the world does."""
    if topic.high is None or truth not in (topic.low, topic.high):
        return np.full(len(opinions), math.nan)
    middle = (topic.low + topic.high) / 2
    is_right = opinions > middle if truth == topic.high else opinions < middle
    return np.where(np.isnan(opinions), math.nan, is_right)


def pool(histories: Sequence[History], num_rounds: int = ROUNDS) -> History:
    """Return independent groups as one history, beside each other as in a world of several groups."""
    starts = np.cumsum([0, *(int(history.groups.max()) + 1 for history in histories)])
    pooled = History(
        np.concatenate([history.groups + start for history, start in zip(histories, starts, strict=False)]),
        np.concatenate([history.truth for history in histories]),
        np.concatenate([history.parties for history in histories]),
    )
    for name, number in (("opinions", num_rounds), ("others", num_rounds - 1), ("right", num_rounds)):
        rounds: Any = [np.concatenate([getattr(each, name)[place] for each in histories]) for place in range(number)]
        setattr(pooled, name, rounds)
    return pooled
