"""What the parts of an evaluation exchange: metrics of single answers, and metrics of sets of answers."""

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]


class MetricKey(NamedTuple):
    """What a metric is about."""

    model: str
    """Name of a model under evaluation, of a baseline, or of people."""
    control: str
    """A `Control`: with whose profile and memory it answered."""
    form: str
    metric: str


class Sample(NamedTuple):
    """A metric of every answer; its mean is what counts."""

    values: Array
    users: tuple[str, ...]
    """Who gave each answer; the bootstrap resamples these."""


class Aggregate(NamedTuple):
    """A metric of a set of answers that is not a mean over them, such as the entropy of their distribution."""

    value: float
    draws: Array
    """The same metric in every bootstrap draw of users."""
    users: tuple[str, ...]


Metrics: TypeAlias = dict[MetricKey, Sample | Aggregate]
