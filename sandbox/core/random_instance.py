"""Random valid instances of pydantic models, reproducible from a seed.

Polyfactory builds them. It draws dates and times relative to now, so a run would differ from one day to the next; here
they come from fixed ranges.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import AwareDatetime, BaseModel, NaiveDatetime, ValidationError

from sandbox.errors import ContractError

if TYPE_CHECKING:
    from polyfactory.factories.pydantic_factory import ModelFactory

M = TypeVar("M", bound=BaseModel)
Bounds: TypeAlias = Mapping[str, Any]
"""Constraints `ge`, `gt`, `le`, `lt` of a field."""
TemporalProvider: TypeAlias = Callable[[Random, Bounds], date | time | timedelta]

FIRST_DATE, LAST_DATE = date(2000, 1, 1), date(2029, 12, 31)
"""Range of dates without bounds of their own; with one bound outside it, the range begins or ends at that bound."""
ATTEMPTS = 20
"""Instances to build before giving up; a model's own validators may reject some."""

_MICROSECOND = timedelta(microseconds=1)
_SECOND = 10**6
_DAY = 24 * 60 * 60 * _SECOND


def random_instance(model: type[M], seed: int, template: str) -> M:
    """Return a random valid instance of `model`; equal for equal seeds.

    Args:
        model: Any pydantic model, including constraints, nested models and validators.
        seed: Source of all randomness.
        template: The template that asks for it, for the error.

    Raises:
        ContractError: None of `ATTEMPTS` instances was valid; the message names the template and the last problem.
    """
    from polyfactory.exceptions import FactoryException

    factory = _factory_of(model)
    problem: Exception | None = None
    for attempt in range(ATTEMPTS):
        factory.seed_random(seed + attempt)
        try:
            return factory.build()
        except (FactoryException, ValidationError, ValueError) as error:
            problem = error
    raise ContractError(
        f"{template}: no random instance of {model.__name__} is valid ({_first_line(problem)}); "
        "give the Fill a `fallback` with valid values"
    )


@lru_cache(maxsize=256)
def _factory_of(model: type[M]) -> "type[ModelFactory[M]]":
    return _base_factory().create_factory(model, __is_base_factory__=False)  # pyright: ignore[reportReturnType]


@lru_cache(maxsize=1)
def _base_factory() -> "type[ModelFactory[Any]]":
    """Return the factory that all others inherit from; polyfactory also uses it for nested models."""
    from faker import Faker
    from polyfactory.factories.pydantic_factory import ModelFactory

    class Factory(ModelFactory[Any]):
        """Builds one model and the models nested in it, all from one seed."""

        __is_base_factory__ = True
        __faker__ = Faker()
        __randomize_collection_length__ = False

        @classmethod
        def get_provider_map(cls) -> dict[Any, Callable[[], Any]]:
            providers = {kind: _bind_provider(provider, cls) for kind, provider in _TEMPORAL_PROVIDERS.items()}
            return {**super().get_provider_map(), **providers}

        @classmethod
        def get_constrained_field_value(cls, annotation: Any, field_meta: Any, *args: Any, **kwargs: Any) -> Any:
            if provider := _TEMPORAL_PROVIDERS.get(annotation):
                return provider(cls.__random__, field_meta.constraints or {})
            return super().get_constrained_field_value(annotation, field_meta, *args, **kwargs)

    return Factory


def _bind_provider(provider: TemporalProvider, factory: "type[ModelFactory[Any]]") -> Callable[[], Any]:
    return lambda: provider(factory.__random__, {})


def _random_date(random: Random, bounds: Bounds) -> date:
    default = FIRST_DATE.toordinal(), LAST_DATE.toordinal()
    limits = date.min.toordinal(), date.max.toordinal()
    return date.fromordinal(random.randint(*_inclusive_range(bounds, date.toordinal, default, limits)))


def _random_datetime(random: Random, bounds: Bounds, zone: tzinfo | None = UTC) -> datetime:
    """Return a time with the time zone of the bounds, or with `zone` if there are no bounds."""
    zone = next((bound.tzinfo for bound in bounds.values() if isinstance(bound, datetime)), zone)
    origin = datetime.min.replace(tzinfo=zone)

    def to_microseconds(value: datetime) -> int:
        return (value - origin) // _MICROSECOND

    first, last = (datetime.combine(day, time(), zone) for day in (FIRST_DATE, LAST_DATE))
    limits = 0, to_microseconds(datetime.max.replace(tzinfo=zone))
    default = to_microseconds(first), to_microseconds(last)
    return origin + _random_microseconds(random, *_inclusive_range(bounds, to_microseconds, default, limits))


def _random_naive_datetime(random: Random, bounds: Bounds) -> datetime:
    return _random_datetime(random, bounds, None)


def _random_time(random: Random, bounds: Bounds) -> time:
    zone = next((bound.tzinfo for bound in bounds.values() if isinstance(bound, time)), None)
    midnight = datetime.combine(FIRST_DATE, time())

    def to_microseconds(value: time) -> int:
        return (datetime.combine(FIRST_DATE, value.replace(tzinfo=None)) - midnight) // _MICROSECOND

    full_day = 0, _DAY - 1
    duration = _random_microseconds(random, *_inclusive_range(bounds, to_microseconds, full_day, full_day))
    return (midnight + duration).time().replace(tzinfo=zone)


def _random_duration(random: Random, bounds: Bounds) -> timedelta:
    def to_microseconds(value: timedelta) -> int:
        return value // _MICROSECOND

    limits = to_microseconds(timedelta.min), to_microseconds(timedelta.max)
    return _random_microseconds(random, *_inclusive_range(bounds, to_microseconds, (0, _DAY), limits))


_TEMPORAL_PROVIDERS: dict[Any, TemporalProvider] = {
    date: _random_date,
    datetime: _random_datetime,
    AwareDatetime: _random_datetime,
    NaiveDatetime: _random_naive_datetime,
    time: _random_time,
    timedelta: _random_duration,
}


def _inclusive_range(
    bounds: Bounds, to_int: Callable[[Any], int], default: tuple[int, int], limits: tuple[int, int]
) -> tuple[int, int]:
    """Return the smallest and the largest legal value as integers.

    Args:
        bounds: Constraints of the field.
        to_int: Converts a bound to an integer; 1 is the resolution of the type.
        default: Range without bounds. With one bound outside it, the range is as long as this one.
        limits: Range of the type.
    """
    lows = [to_int(bounds[name]) + step for name, step in (("ge", 0), ("gt", 1)) if bounds.get(name) is not None]
    highs = [to_int(bounds[name]) - step for name, step in (("le", 0), ("lt", 1)) if bounds.get(name) is not None]
    length = default[1] - default[0]
    low = max(lows, default=default[0] if not highs or min(highs) > default[0] else min(highs) - length)
    high = min(highs, default=default[1] if low < default[1] else low + length)
    return max(low, limits[0]), min(high, limits[1])


def _random_microseconds(random: Random, low: int, high: int) -> timedelta:
    """Return a duration between two numbers of microseconds, in whole seconds if possible."""
    value = random.randint(low, high)
    seconds = value - value % _SECOND
    return timedelta(microseconds=seconds if seconds >= low else value)


def _first_line(error: Exception | None) -> str:
    return " ".join(str(error).splitlines()[:3])[:200]
