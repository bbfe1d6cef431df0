"""Parameters of the opinion world, and what a topic is."""

import math
from functools import cached_property
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from sandbox.core import WorldParams

MAX_DECIMALS = 6
"""Largest number of decimal places of an opinion."""
NORMAL_QUARTILES = 1.349
"""Distance between the quartiles of a normal distribution, in standard deviations."""


class Topic(BaseModel):
    """What a group judges: a number with or without a truth."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    kind: str
    """Which topics belong together, such as `quantities`; `world.about` names the kind that is judged."""
    text: str
    """The question, as people read it."""
    first: tuple[float, ...] = Field(min_length=2)
    """First opinions: values at equally spaced quantiles, lowest first; people are drawn from between them."""
    low: float = 0.0
    """Lowest legal opinion."""
    high: float | None = None
    """Highest legal opinion; null: none."""
    truth: float | None = None
    """The true value; null: there is none, as for attitudes."""
    decimals: int = Field(default=0, ge=0, le=MAX_DECIMALS)
    """Decimal places of an opinion."""
    lean: dict[str, float] = {}
    """By party: how much first opinions are above those of all people."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if list(self.first) != sorted(self.first) or self.first[0] == self.first[-1]:
            raise ValueError(f"`first` must rise from the lowest to the highest opinion, found {list(self.first)}")
        if not self.low <= self.first[0] <= self.first[-1] <= self.highest:
            raise ValueError(
                f"first opinions must be between low ({self.low:g}) and high ({self.high}), found {list(self.first)}"
            )
        if any(round(end, self.decimals) != end for end in (self.low, self.high) if end is not None):
            raise ValueError(
                f"low and high must be opinions too, with at most {self.decimals} decimal places, found {self.low:g} "
                f"and {self.high}; raise decimals"
            )
        return self

    @property
    def highest(self) -> float:
        """Highest legal opinion; infinity if there is none."""
        return math.inf if self.high is None else self.high

    @cached_property
    def middle(self) -> float:
        """Median of first opinions."""
        return self.first_opinion(0.5)

    @cached_property
    def scale(self) -> float:
        """Standard deviation of first opinions by their quartiles: the unit in which topics are compared.

        That of the whole range if the quartiles are equal.
        """
        spread = self.first_opinion(0.75) - self.first_opinion(0.25)
        return (spread or self.first[-1] - self.first[0]) / NORMAL_QUARTILES

    def first_opinion(self, quantile: float) -> float:
        """Return the first opinion at a quantile, between 0 and 1."""
        place = quantile * (len(self.first) - 1)
        below = min(int(place), len(self.first) - 2)
        return self.first[below] + (place - below) * (self.first[below + 1] - self.first[below])

    def legalise(self, value: float) -> float:
        """Return the legal opinion nearest to a number."""
        return round(min(max(value, self.low), self.highest), self.decimals)


class OpinionParams(WorldParams):
    """Parameters of an `Opinion`."""

    fixed: ClassVar[frozenset[str]] = frozenset({"topics", "about", "network", "group_size", "degree", "parties"})

    topics: dict[str, Topic] = Field(min_length=1)
    """What can be judged, by name. Every group judges one topic, drawn from those of the kind `about`."""
    about: str
    """Kind of the topics that are judged."""
    network: Literal["alone", "decentralised", "centralised", "graph"]
    """Whom people see: nobody; equally many others of their group; in every group, all see one person who sees all; or
    their friends on the social graph, which is then one group."""
    group_size: int = Field(ge=2)
    """People of a group; the remainder forms a smaller one, or joins the last one if alone."""
    degree: PositiveInt
    """Others whom everybody sees in a decentralised network; fewer in groups that are too small for it."""
    shown: Literal["mean", "answers", "arguments"]
    """What people see of others: the mean of their answers, each answer, or each answer with an argument in the other's
    own words."""
    num_seen: PositiveInt | None
    """Others of a person's network who are seen in a step, drawn anew in each; null: all. At most 6 are seen if answers
    are shown one by one."""
    rewiring: float = Field(ge=0, le=1)
    """Probability per person and step of turning away from the person seen whose opinion is furthest, towards somebody
    more like-minded."""
    parties: dict[str, float]
    """Share of people of each party, if topics of the kind `news` are judged; people know their own. Empty: none."""

    @model_validator(mode="after")
    def _check_topics(self) -> Self:
        kinds = sorted({topic.kind for topic in self.topics.values()})
        if self.about not in kinds:
            raise ValueError(f"there is no topic of the kind {self.about!r}; kinds are {', '.join(kinds)}")
        if self.parties and (min(self.parties.values()) < 0 or sum(self.parties.values()) <= 0):
            raise ValueError(f"shares of parties must be 0 or more, and some above 0, found {self.parties}")
        return self

    def list_topics(self) -> list[Topic]:
        """Return the topics that can be judged."""
        return [topic for topic in self.topics.values() if topic.kind == self.about]
