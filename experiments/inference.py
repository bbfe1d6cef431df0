"""`python -m sandbox infer`: what simulated answers say about people, where some real people have answered too.

Simulated people alone say nothing about a population: their bias is unknown. With real answers from a random sample of
the same people, the bias is estimated and removed (`experiments.rectified`), and the simulation is worth as many more
answers as it narrows the interval.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, cast

import numpy as np
import pandas as pd

from experiments.answers import HumanAnswer, describe_item, name_items, quantities, to_number
from experiments.frames import column, rows_where, to_records
from experiments.rectified import extra_people, rectify
from experiments.survey import SurveyItem
from sandbox.counting import count_of
from sandbox.errors import ConfigError
from sandbox.intervals import CONFIDENCE, Mean

COLUMNS = (
    "arm", "item", "option", "num_people", "num_simulated", "human", "human_low", "human_high", "simulated",
    "simulated_low", "simulated_high", "bias", "bias_low", "bias_high", "weight", "rectified", "rectified_low",
    "rectified_high", "extra_people",
)  # fmt: skip
"""A row is a mean, or the share of an option. `human`: of the people who answered; `simulated`: of all simulated
people; `bias`: simulated minus human, of the people who answered; `rectified`: the estimate for all."""


def infer(
    simulated: pd.DataFrame,
    humans: Sequence[HumanAnswer],
    scales: Mapping[str, SurveyItem],
    shows_all: bool,
    notify: Callable[[str], None],
) -> pd.DataFrame:
    """Estimate the mean or the shares of every item, for each arm.

    Args:
        simulated: As `read_simulated` returns it.
        humans: Answers of real people, a random sample of those who were simulated.
        scales: The survey's items by id, where they are known.
        shows_all: Whether items that no real person answered are shown as well; open questions never are.
        notify: Is told what could not be used.

    Returns:
        A row per arm, item and option; see `COLUMNS`.

    Raises:
        ConfigError: They share no person, an item is unknown, or nothing is left to show.
        DataError: An answer is none of its item's options.
    """
    asked = list(dict.fromkeys(simulated["item"]))
    items = [name for name in asked if name not in scales or scales[name].scale]
    named = name_items(humans, asked)
    if is_open := sorted({answer.item for answer in named} - set(items)):
        notify(f"{', '.join(is_open)}: open answers have neither a mean nor shares, so they are left out")
    closed = [answer for answer in named if answer.item in items]
    usable = _keep_simulated(closed, set(simulated["person"]), notify)
    rows: list[tuple[Any, ...]] = []
    unanswered: list[str] = []
    for name in items:
        own = [answer for answer in usable if answer.item == name]
        if own or shows_all:
            rows += _item_rows(name, simulated, own, scales)
        else:
            unanswered.append(name)
    if unanswered:
        notify(f"no real person answered {', '.join(unanswered)}; --simulation-only shows what simulated people say")
    if not rows:
        raise ConfigError("open answers have neither a mean nor shares; ask a choice or a scale")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def describe_inference(table: pd.DataFrame) -> Iterator[str]:
    """Yield sentences for a terminal: for each quantity the three estimates, and what the simulation is worth."""
    for row in to_records(table):
        option = f", share of {row['option']!r}" if row["option"] else ", mean"
        yield f"{row['item']}{option} ({row['arm']}):"
        if not row["num_people"]:
            yield f"  simulation only      {_format(row, 'simulated')}  says nothing about people: no real answer"
            continue
        yield f"  people who answered  {_format(row, 'human')}  n = {row['num_people']}"
        yield (
            f"  simulation only      {_format(row, 'simulated')}  no estimate of people: it is off by "
            f"{_format(row, 'bias').strip()} for those who answered"
        )
        yield f"  rectified            {_format(row, 'rectified')}  {_describe_worth(row)}"


def _keep_simulated(
    answers: Sequence[HumanAnswer], known: Set[str], notify: Callable[[str], None]
) -> list[HumanAnswer]:
    """Return the answers of people who were simulated.

    Raises:
        ConfigError: There is none.
    """
    people = {answer.person for answer in answers}
    strangers = people - known
    if people and strangers == people:
        raise ConfigError(
            f"humans: nobody of the file was simulated; its people are {_list_some(strangers)}, the simulated ones "
            f"{_list_some(known)}"
        )
    if strangers:
        named = _list_some(strangers)
        notify(f"{len(strangers)} of the people of the file were not simulated, so they are left out: {named}")
    return [answer for answer in answers if answer.person in known]


def _describe_worth(row: Mapping[str, Any]) -> str:
    if not row["weight"]:
        return "the simulation is worth no further answers: the people who answered stand alone"
    return f"weight {row['weight']:.2f}; worth about {count_of(max(0, round(row['extra_people'])), 'more answer')}"


def _format(row: Mapping[str, Any], name: str) -> str:
    numbers = f"{row[name]:.3f} ({row[f'{name}_low']:.3f} to {row[f'{name}_high']:.3f})"
    return f"{numbers:<25}"


def _item_rows(
    name: str, simulated: pd.DataFrame, answers: Sequence[HumanAnswer], scales: Mapping[str, SurveyItem]
) -> Iterator[tuple[Any, ...]]:
    for arm, part in _by_arm(simulated, name):
        item = describe_item(name, part, answers, scales)
        numbers = [(answer, to_number(item, answer)) for answer in answers]
        for option, predicted in quantities(item, part):
            values = pd.Series(
                [number if item.is_number else float(number == option) for _, number in numbers],
                index=[answer.person for answer, _ in numbers],
                dtype=float,
            )
            means = cast("pd.Series", values.groupby(level=0).mean())
            human = means.loc[means.index.intersection(predicted.index)]
            yield (arm, name, option, *_estimate(human, predicted, is_share=bool(option)))


def _estimate(human: pd.Series, predicted: pd.Series, is_share: bool) -> tuple[Any, ...]:
    """Return the numbers of `COLUMNS` for one quantity.

    Args:
        human: By person who answered.
        predicted: By simulated person.
        is_share: Whether it is the share of an option.
    """
    answers = human.to_numpy(float)
    predictions = predicted.loc[human.index].to_numpy(float)
    others = predicted.drop(human.index).to_numpy(float)
    alone, rectified = Mean.of(answers), rectify(answers, predictions, others)
    everybody, bias = Mean.of(predicted.to_numpy(float)), Mean.of(predictions - answers)
    ends = [(mean.value, mean.low, mean.high) for mean in (alone, everybody, bias, rectified.mean)]
    if len(answers) and not np.ptp(answers):  # of equal answers, Student's t would be certain
        ends[0] = ends[3] = (alone.value, *_ends_of_equal(alone.value, len(answers), is_share))
    worth = extra_people(alone, rectified.mean)
    return (len(answers), len(predicted), *ends[0], *ends[1], *ends[2], rectified.weight, *ends[3], worth)


def _ends_of_equal(value: float, number: int, is_share: bool) -> tuple[float, float]:
    """Return the interval of a share if all or none chose an option (Clopper and Pearson 1934); unknown for a mean."""
    if not is_share or value not in (0.0, 1.0):
        return math.nan, math.nan
    smallest = ((1 - CONFIDENCE) / 2) ** (1 / number)
    return (smallest, 1.0) if value else (0.0, 1 - smallest)


def _by_arm(simulated: pd.DataFrame, item: str) -> Iterator[tuple[str, pd.DataFrame]]:
    rows = rows_where(simulated, column(simulated, "item") == item)
    for arm in dict.fromkeys(rows["arm"]):
        yield str(arm), rows_where(rows, column(rows, "arm") == arm)


def _list_some(names: Set[str]) -> str:
    shown = sorted(names)[:3]
    return ", ".join(shown) + (" ..." if len(names) > len(shown) else "")
