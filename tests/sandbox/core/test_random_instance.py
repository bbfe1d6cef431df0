"""Random instances of pydantic models: always valid, equal for equal seeds, independent of the process and the date."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Self

import pytest
from annotated_types import Len
from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    NaiveDatetime,
    NonNegativeFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from sandbox.core.answer import Answer
from sandbox.core.answering import dump_form, fallback_fields, random_reply
from sandbox.core.form import Fill
from sandbox.core.question import check_answer
from sandbox.core.random_instance import ATTEMPTS, FIRST_DATE, LAST_DATE, random_instance
from sandbox.errors import ContractError
from tests.conftest import make_question

SEEDS = [seed * 0x9E3779B97F4A7C15 % 2**64 for seed in range(50)]
NEW_YEAR = datetime(2020, 1, 1, tzinfo=UTC)
TOKYO = timezone(timedelta(hours=9))
MAX_DURATION = timedelta(days=1)


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Lengths(BaseModel):
    name: str = Field(min_length=5, max_length=8)
    text: str = Field(min_length=200)
    code: Annotated[str, Len(3, 3)]
    initial: str = Field(max_length=1)
    numbers: list[int] = Field(min_length=2, max_length=3)
    scores: dict[str, int] = Field(min_length=2)


class Patterns(BaseModel):
    code: str = Field(pattern=r"^[A-Z]{2}-\d{3}$")
    digits: str = Field(pattern=r"^\d{4}$", max_length=4)
    word: str = Field(pattern=r"^[a-z]*$", min_length=5)
    email: Annotated[str, Field(pattern=r"^[a-z]+@[a-z]+\.org$")]
    nickname: str | None = Field(default=None, pattern=r"^x+$")


class UnboundedDates(BaseModel):
    day: date
    moment: datetime
    aware: AwareDatetime
    naive: NaiveDatetime
    clock: time
    duration: timedelta
    days: list[date]


class BoundedDates(BaseModel):
    closed: date = Field(ge=date(2020, 1, 1), le=date(2020, 1, 3))
    single: date = Field(gt=date(2020, 1, 1), lt=date(2020, 1, 3))
    early: date = Field(le=date(1990, 1, 1))
    late: date = Field(gt=date(2050, 1, 1))
    last: date = Field(ge=date(9999, 12, 30))
    optional: date | None = Field(default=None, ge=date(2020, 1, 1))
    listed: list[Annotated[date, Field(ge=date(2040, 1, 1))]]


class BoundedDatetimes(BaseModel):
    narrow: datetime = Field(ge=datetime(2020, 1, 1), lt=datetime(2020, 1, 1, 0, 0, 2))  # noqa: DTZ001  # naive on purpose
    narrowest: datetime = Field(gt=NEW_YEAR, lt=NEW_YEAR + timedelta(microseconds=2))
    exact: datetime = Field(ge=NEW_YEAR, le=NEW_YEAR)
    early: datetime = Field(lt=NEW_YEAR - timedelta(days=40 * 365))
    late: AwareDatetime = Field(gt=NEW_YEAR + timedelta(days=40 * 365))
    zoned: datetime = Field(ge=NEW_YEAR.astimezone(TOKYO))
    mixed: datetime = Field(ge=NEW_YEAR.astimezone(TOKYO), le=NEW_YEAR + timedelta(hours=1))
    optional: datetime | None = Field(default=None, ge=NEW_YEAR)


class BoundedTimes(BaseModel):
    office_hours: time = Field(ge=time(9), lt=time(17))
    evening: time = Field(gt=time(23, 59, 59))
    short: timedelta = Field(gt=timedelta(0), le=timedelta(minutes=5))
    long: timedelta = Field(ge=timedelta(days=3))
    negative: timedelta = Field(lt=timedelta(0))


class Numbers(BaseModel):
    closed: int = Field(ge=3, le=9)
    open: int = Field(gt=3, lt=5)
    positive: PositiveInt
    fives: int = Field(gt=0, multiple_of=5, lt=100)
    share: float = Field(ge=0, le=1)
    inner: float = Field(gt=0, lt=1)
    halves: float = Field(multiple_of=0.5, ge=0, le=5)
    amount: NonNegativeFloat
    price: Decimal = Field(ge=0, max_digits=5, decimal_places=2)


class Tuples(BaseModel):
    pair: tuple[int, str]
    numbers: tuple[int, ...]
    constrained: tuple[Annotated[int, Field(ge=1, le=3)], Mood]
    words: Annotated[tuple[str, ...], Field(min_length=2, max_length=3)]


class Sets(BaseModel):
    numbers: set[int] = Field(min_length=3)
    words: frozenset[str]
    names: set[str] = Field(min_length=4)
    letters: set[Literal["a", "b", "c"]] = Field(min_length=2)
    moods: set[Mood] = Field(min_length=2)


class Choices(BaseModel):
    mood: Mood
    literal: Literal["x", 1]
    union: Mood | int
    letters: list[Literal["q", "r"]] = Field(max_length=2)


class Optionals(BaseModel):
    required: int | None
    text: str | None = None
    default: int = 3
    bounded: int | None = Field(default=None, ge=1, le=5)


class Address(BaseModel):
    street: str = Field(min_length=2, max_length=4)
    since: date
    checked: datetime = Field(ge=NEW_YEAR, lt=NEW_YEAR + timedelta(days=31))


class Household(BaseModel):
    address: Address
    earlier: list[Address] = Field(min_length=2, max_length=2)
    by_name: dict[str, Address]
    second: Address | None = None
    neighbours: tuple[Address, Address]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = Field(ge=1, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]
    born: date


class PetOwner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


class PriceRange(BaseModel):
    low: int = Field(ge=0, le=100)
    high: int = Field(ge=0, le=100)
    name: str

    @field_validator("name")
    @classmethod
    def capitalise(cls, name: str) -> str:
        return name.capitalize()

    @model_validator(mode="after")
    def check_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class AliasedForm(BaseModel):
    hours: int = Field(alias="numHours", ge=1)
    days: list[str] = Field(alias="weekDays")


MODELS: list[type[BaseModel]] = [
    Lengths,
    Patterns,
    UnboundedDates,
    BoundedDates,
    BoundedDatetimes,
    BoundedTimes,
    Numbers,
    Tuples,
    Sets,
    Choices,
    Optionals,
    Household,
    PetOwner,
    PriceRange,
    AliasedForm,
]


def instance_json(model: type[BaseModel], seed: int) -> str:
    return random_instance(model, seed, "test/form").model_dump_json()


@pytest.mark.parametrize("model", MODELS)
def test_instances_are_valid_answers_and_differ_by_seed(model: type[BaseModel]) -> None:
    form = Fill(model)
    instances: set[str] = set()
    for seed in SEEDS:
        question = make_question(form, seed=seed)
        reply = random_reply(question)
        assert isinstance(reply, dict)
        answer = Answer(reply, "random")
        check_answer(question, answer)
        assert question.result(answer) == random_instance(model, seed, "test/form")
        instances.add(question.result(answer).model_dump_json())
    assert len(instances) > 25


@pytest.mark.parametrize("model", MODELS)
def test_equal_seeds_give_equal_instances_in_any_order(model: type[BaseModel]) -> None:
    instances = [random_instance(model, seed, "test/form") for seed in SEEDS]
    for other_model in MODELS:  # draws in between leave no trace
        random_instance(other_model, 1, "test/form")
    assert [random_instance(model, seed, "test/form") for seed in reversed(SEEDS)] == instances[::-1]


def test_equal_seeds_give_equal_json_in_another_process() -> None:
    """Python orders strings in sets by a hash that differs by process."""
    outputs = {_dump_in_another_process(hash_seed) for hash_seed in ("1", "2", "3")}
    assert outputs == {"".join(f"{line}\n" for line in dump_all())}


def dump_all() -> list[str]:
    """Return instances of all models as their answers would be logged."""
    return [repr(dump_form(random_instance(model, seed, "test/form"))) for model in MODELS for seed in SEEDS[:5]]


def _dump_in_another_process(hash_seed: str) -> str:
    code = "from tests.sandbox.core.test_random_instance import dump_all\nprint(*dump_all(), sep='\\n')"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_unbounded_dates_come_from_a_fixed_range() -> None:
    forms = [random_instance(UnboundedDates, seed, "test/form") for seed in SEEDS]
    dates = {day for form in forms for day in (form.day, form.moment.date(), form.naive.date(), *form.days)}
    assert FIRST_DATE <= min(dates) < date(2005, 1, 1) < date(2025, 1, 1) < max(dates) <= LAST_DATE
    assert all(form.moment.tzinfo and form.aware.tzinfo and not form.naive.tzinfo for form in forms)
    assert all(timedelta(0) <= form.duration <= MAX_DURATION for form in forms)


def test_dates_with_one_bound_outside_the_range_vary_too() -> None:
    forms = [random_instance(BoundedDates, seed, "test/form") for seed in SEEDS]
    assert len({form.early for form in forms}) > 40
    assert len({form.late for form in forms}) > 40
    assert min(form.early for form in forms) >= date(1960, 1, 1)
    assert max(form.late for form in forms) <= date(2080, 1, 2)


def test_times_are_whole_seconds_where_the_bounds_allow_it() -> None:
    form = random_instance(UnboundedDates, 0, "test/form")
    assert (form.moment.microsecond, form.clock.microsecond, form.duration.microseconds) == (0, 0, 0)
    assert random_instance(BoundedDatetimes, 0, "test/form").narrowest.microsecond == 1


def test_nested_models_vary_within_one_instance() -> None:
    household = random_instance(Household, 0, "test/form")
    addresses = [household.address, *household.earlier, *household.neighbours]
    assert len({address.since for address in addresses}) == len(addresses)


def _never_valid(name: str) -> str:
    raise ValueError("no name is good enough")


class Unsatisfiable(BaseModel):
    name: str

    check_name = field_validator("name")(_never_valid)


class EmptyRange(BaseModel):
    day: date = Field(gt=date(2020, 1, 1), lt=date(2020, 1, 2))


class UnsupportedType(BaseModel):
    callback: Callable[[int], int]


@pytest.mark.parametrize(
    ("model", "reason"),
    [(Unsatisfiable, "no name is good enough"), (EmptyRange, "empty range"), (UnsupportedType, "Unsupported type")],
)
def test_a_model_that_nothing_satisfies_is_one_sentence(model: type[BaseModel], reason: str) -> None:
    with pytest.raises(ContractError) as raised:
        random_instance(model, 0, "shop/plan")
    message = str(raised.value)
    assert message.startswith(f"shop/plan: no random instance of {model.__name__} is valid (")
    assert message.endswith("; give the Fill a `fallback` with valid values")
    assert reason in message
    assert "\n" not in message


def test_rare_valid_instances_are_found_within_some_attempts() -> None:
    attempts: list[int] = []

    class RarelyValid(BaseModel):
        number: int

        @field_validator("number")
        @classmethod
        def count_attempts(cls, number: int) -> int:
            attempts.append(number)
            if len(attempts) < ATTEMPTS:
                raise ValueError("not yet")
            return number

    assert random_instance(RarelyValid, 0, "test/form").number == attempts[-1]
    assert len(set(attempts)) > ATTEMPTS / 2


def test_sets_are_dumped_in_sorted_order_at_any_depth() -> None:
    class Nest(BaseModel):
        names: frozenset[str]
        sets: list[Sets] = Field(min_length=1)
        by_key: dict[str, set[Mood]] = Field(alias="byKey")

    fields = dump_form(Nest(names=frozenset("bca"), sets=[random_instance(Sets, 0, "test/form")], byKey={"k": {*Mood}}))
    assert fields["names"] == ["a", "b", "c"]
    assert fields["byKey"] == {"k": ["bad", "good"]}
    assert fields["sets"][0]["names"] == sorted(fields["sets"][0]["names"])


def test_a_fallback_of_its_own_stands_in_for_a_random_instance() -> None:
    fallback = PriceRange(low=1, high=2, name="tea")
    form = Fill(PriceRange, fallback=fallback)
    question = make_question(form)
    assert fallback_fields(question, form) == {"low": 1, "high": 2, "name": "Tea"}
    assert question.result(Answer(fallback_fields(question, form), "fallback")) == fallback
    unsatisfied = Fill(Unsatisfiable, fallback=Unsatisfiable.model_construct(name="any"))
    assert fallback_fields(make_question(unsatisfied), unsatisfied) == {"name": "any"}


def test_without_a_fallback_of_its_own_a_form_falls_back_to_a_random_instance() -> None:
    form = Fill(PriceRange)
    question = make_question(form)
    expected: dict[str, Any] = dump_form(random_instance(PriceRange, question.seed, "test/drink"))
    assert fallback_fields(question, form) == expected
