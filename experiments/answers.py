"""Answers of real and of simulated people to the same questions: read, and brought to one scale."""

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
import pandas as pd

from experiments.frames import column, rows_where
from experiments.survey import SurveyItem, read_survey
from sandbox.core.form import Choose
from sandbox.errors import ConfigError, DataError, quote_value, unknown
from sandbox.tables import read_table
from sandbox.text_tables import TableRow, finite_number, read_text_table


class HumanAnswer(NamedTuple):
    """One answer of a real person."""

    person: str
    """Their id in the population that was simulated."""
    item: str
    answer: str
    line: int


class Item(NamedTuple):
    """A question that real and simulated people answered."""

    name: str
    scale: Sequence[str]
    """Its options in order; empty if they are unknown."""
    is_number: bool
    """Whether answers are numbers, of which there is a mean; otherwise options have shares."""


def read_humans(path: Path) -> list[HumanAnswer]:
    """Read real people's answers: a CSV file with the columns `person`, `answer` and, for several questions, `item`.

    Rows without an answer are left out: what is missing is not known.

    Raises:
        DataError: The file cannot be read, lacks a column, or a row has no person; the message names the line.
    """
    table = read_text_table(path)
    names = {name.lower(): name for name in table.columns}
    for name in ("person", "answer"):
        if name not in names:
            raise DataError(f"{path}: line 1 names no column {name!r}, found {', '.join(table.columns)}; add it")
    answers = [_read_answer(path, row, names) for row in table.rows]
    present = [answer for answer in answers if answer.answer]
    if not present:
        raise DataError(f"{path} has no answer; its column `answer` is empty in every row")
    return present


def read_simulated(path: Path) -> pd.DataFrame:
    """Read simulated answers: the table that `ask` wrote, or the decisions that `export` wrote.

    Returns:
        arm, person, item, answer, and number and expected where they are known; without fallbacks.

    Raises:
        DataError: There is no such table, or it is another one.
    """
    table = read_table(path.with_suffix(""))
    if table is None:
        raise DataError(f"{path.with_suffix('.parquet')} is not there; `python -m sandbox ask` writes it")
    table = table.rename(columns={"profile": "person", **({} if "item" in table else {"template": "item"})})
    if missing := [name for name in ("arm", "person", "item", "answer", "source") if name not in table]:
        raise DataError(f"{path} has no column {missing[0]!r}, so it holds no answers; name a table that `ask` wrote")
    known = set(table["person"])
    table["person"] = [_original(str(person), known) for person in table["person"]]
    return rows_where(table, column(table, "source") != "fallback")


def _original(person: str, known: Set[str]) -> str:
    """Return whose copy an agent is: a world that needs more people than there are has copies, such as `ann#2`."""
    name, mark, number = person.rpartition("#")
    return name if mark and number.isdecimal() and name in known else person


def read_scales(path: Path) -> dict[str, SurveyItem]:
    """Return the items of the survey beside a table of answers, by id; none if there is no survey."""
    survey = path.with_suffix(".yaml")
    return {item.id: item for item in read_survey(survey).items} if survey.is_file() else {}


def name_items(humans: Sequence[HumanAnswer], items: Sequence[str]) -> list[HumanAnswer]:
    """Return the answers with the full names of their items; without a name, it is the only one."""
    short = {name.rpartition("/")[2]: name for name in items}
    named: list[HumanAnswer] = []
    for answer in humans:
        if not answer.item and len(items) > 1:
            raise ConfigError(
                f"humans: line {answer.line} names no item, and the simulated people answered {len(items)}: "
                f"{', '.join(items)}; add a column `item`"
            )
        name = answer.item or items[0]
        if name not in items and name not in short:
            raise ConfigError(f"humans: line {answer.line}: {unknown('item', name, items)}")
        named.append(answer._replace(item=name if name in items else short[name]))
    return named


def describe_item(
    name: str, simulated: pd.DataFrame, answers: Sequence[HumanAnswer], scales: Mapping[str, SurveyItem]
) -> Item:
    """Return what kind of answers an item has; open questions have none."""
    if name in scales:
        return Item(name, scales[name].scale, scales[name].kind == "likert")
    given = {*map(str, simulated["answer"]), *(answer.answer for answer in answers)}
    form = _logged_form(simulated)
    if (form is None or form.ordered) and all(map(_is_number, given)):
        return Item(name, (), True)
    options = sorted(given) if form is None else [option.key for option in form.options]
    return Item(name, options, False)


def _logged_form(simulated: pd.DataFrame) -> Choose[Any] | None:
    """Return what decisions chose from, as the log has it; None for a survey's answers, or where questions differ."""
    if "content" not in simulated:
        return None
    forms = [msgspec.json.decode(content)[2] for content in dict.fromkeys(simulated["content"])]
    if any(form.get("type") != "choose" for form in forms):
        return None
    keys = {tuple(option["key"] for option in form["options"]) for form in forms}
    return msgspec.convert(forms[0], Choose[Any]) if len(keys) == 1 else None


def quantities(item: Item, simulated: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Yield the name of the option, or nothing for a mean, and each simulated person's prediction."""
    people = column(simulated, "person")
    if item.is_number:
        yield "", _average(_predict_numbers(item, simulated), people)
        return
    for option in item.scale:
        yield option, _average(column(simulated, "answer") == option, people)


def _average(values: pd.Series, people: pd.Series) -> pd.Series:
    """Return the mean of each person's values, by person."""
    return cast("pd.Series", values.astype(float).groupby(people).mean())


def _predict_numbers(item: Item, simulated: pd.DataFrame) -> pd.Series:
    """Return the mean of the scale under the answer's probabilities where they are known, or else the answer."""
    if not item.scale:
        return column(simulated, "answer").astype(float)
    return column(simulated, "expected").fillna(column(simulated, "number")).astype(float)


def to_number(item: Item, answer: HumanAnswer) -> float | str:
    """Return the number of an answer, or the option.

    Raises:
        DataError: It is neither.
    """
    if not item.is_number:
        if answer.answer in item.scale:
            return answer.answer
        raise DataError(f"humans: line {answer.line}: {unknown(f'answer to {item.name}', answer.answer, item.scale)}")
    if answer.answer in item.scale:
        return float(item.scale.index(answer.answer) + 1)
    if _is_number(answer.answer):
        number = float(answer.answer)
        if not item.scale:
            return number
        if all(map(_is_number, item.scale)):  # labels are numbers, so this is one of them, such as 7.0
            places = [place for place, label in enumerate(item.scale, 1) if float(label) == number]
        else:
            places = [number] if 1 <= number <= len(item.scale) else []
        if places:
            return float(places[0])
    scale = f"1 to {len(item.scale)}, or one of {', '.join(item.scale)}" if item.scale else "a number"
    found = quote_value(answer.answer)
    raise DataError(f"humans: line {answer.line}: {found} is no answer to {item.name}; give {scale}")


def _is_number(text: str) -> bool:
    return not math.isnan(finite_number(text))


def _read_answer(path: Path, row: TableRow, names: Mapping[str, str]) -> HumanAnswer:
    cells = {name: row.cells[names[name]].strip() if name in names else "" for name in ("person", "item", "answer")}
    if not cells["person"]:
        raise DataError(f"{path}: line {row.line} has no person; give the id that they have in the population")
    return HumanAnswer(**cells, line=row.line)
