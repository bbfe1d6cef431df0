"""What parts of an evaluation hand over: figures of single answers, and figures of whole sets of them."""

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]


class Key(NamedTuple):
    """What a figure is about."""

    contestant: str
    who: str
    form: str
    figure: str


class Sample(NamedTuple):
    """A figure of every answer; its mean is what counts."""

    values: Array
    users: tuple[str, ...]
    """Whose answer each is; who is drawn anew in the bootstrap."""


class Whole(NamedTuple):
    """A figure of a set of answers that is no mean of theirs, such as an entropy of their distribution."""

    value: float
    draws: Array
    """The same in every draw of users."""
    users: tuple[str, ...]


Samples: TypeAlias = dict[Key, Sample | Whole]
