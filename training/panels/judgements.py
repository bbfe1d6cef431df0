"""The people of two experiments on social influence, in the form of the opinion world.

1,360 people in 34 groups estimated quantities alone, and twice more after seeing the mean of their neighbours in a
decentralised or centralised network, or again alone (Becker, Brackbill & Centola 2017, doi:10.1073/pnas.1615978114).
839 people in 46 networks judged how probably news is true, three times (Guilbeault, Woolley & Becker 2021,
doi:10.1371/journal.pone.0247487); of these, the 30 networks that answered in percent. Their data do not say who saw
whom: the mean of all others in the network stands for it. The group or network is the unit of every interval.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from sandbox.errors import DataError
from training.panels.csv_files import read_columns
from training.panels.panel import world_params
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
RESPONSES = ("response_1", "response_2", "response_3")
ESTIMATED = ("truth", *RESPONSES, "mean.neighbor.time1", "mean.neighbor.time2")
JUDGED = ("trialID", "correctanswer", *RESPONSES)
"""Columns that hold numbers."""
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
    is_central: Sequence[bool] = ()
    """Whether one is the person whom all others of a centralised network see; empty in other networks."""


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
    return world_params("opinion", OpinionParams, {}).topics


def read_groups(data: Path) -> list[Group]:
    """Return the groups of a folder of data sets that estimated quantities."""
    return read_estimates(data / ESTIMATES)


def read_estimates(path: Path) -> list[Group]:
    """Return the groups of a file that estimated quantities.

    Raises:
        DataError: The file is missing or of another format, or a group is in two splits.
    """
    rows = read_columns(
        path, ("group_number", "network", "task", "subject_id", "split", *ESTIMATED), is_compressed=True
    )
    _check_numbers(path, rows, ESTIMATED)
    _check_groups(path, rows, NETWORKS)
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
    """Return the networks of a folder of data sets that judged news in percent."""
    return read_judged_news(data / NEWS)


def read_judged_news(path: Path) -> list[Group]:
    """Return the networks of a file that judged news in percent.

    Raises:
        DataError: The file is missing or of another format.
    """
    rows = read_columns(path, ("question", "condition", "user", "poli.party", *JUDGED), is_compressed=True)
    rows = cast("pd.DataFrame", rows[rows["condition"] == "Probabilistic"])
    _check_numbers(path, rows, JUDGED)
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


def _check_numbers(path: Path, rows: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise `DataError` for the first cell of these columns that is no number, nor empty."""
    for name in columns:
        numbers: Any = pd.to_numeric(rows[name], errors="coerce")
        is_wrong = np.array(numbers.isna() & rows[name].notna())
        if is_wrong.any():
            place = int(is_wrong.argmax())
            line = int(rows.index[place]) + 2
            raise DataError(f"{path}, line {line}: {name} is {rows[name].iloc[place]!r}; it must be a number")


def _check_groups(path: Path, rows: pd.DataFrame, networks: Mapping[str, str]) -> None:
    for place, network in enumerate(rows["network"]):
        if network not in networks:
            raise DataError(f"{path}, line {place + 2}: network is {network!r}; networks are {', '.join(networks)}")
    for number, splits in rows.groupby("group_number")["split"]:
        if len(different := sorted({str(split) for split in splits})) > 1:
            names = " and ".join(different)
            raise DataError(
                f"{path}: the group {number} is in the splits {names}; its people saw one another, so put all of them "
                "into one"
            )


def _read_estimates(task: str, rows: pd.DataFrame) -> NewsJudgement:
    return NewsJudgement(
        topic=f"estimate_{task}",
        truth=float(rows["truth"].iloc[0]),
        people=rows["subject_id"].tolist(),
        parties=[""] * len(rows),
        opinions=_to_numbers(rows, RESPONSES),
        others=_to_numbers(rows, [f"mean.neighbor.time{number}" for number in (1, 2)]),
        is_central=[value is True or value == "True" for value in rows["is_central"]] if "is_central" in rows else (),
    )


def _read_judged_news(question: str, rows: pd.DataFrame) -> NewsJudgement:
    opinions = _to_numbers(rows, RESPONSES)
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
