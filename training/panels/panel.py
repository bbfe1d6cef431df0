"""What a panel is: the data of an experiment, read into decisions, each with the question that a world would ask."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

import networkx as nx
from pydantic import Field

from sandbox.core.memory import MemoryBudget
from sandbox.core.params import WorldParams
from sandbox.core.profile import Profile
from sandbox.core.question import Question
from sandbox.core.world import World
from sandbox.settings import Settings, validate
from training.sources.source import Rejects, resolve_paths
from training.tasks.worlds import find_world

ParamsT = TypeVar("ParamsT", bound=WorldParams)
WorldT = TypeVar("WorldT", bound=World[Any])

UNNAMED = Profile(id="", persona="")
"""Whose place an agent takes while its questions are made; `panel_unit` puts the person there."""


class PanelDecision(NamedTuple):
    """What one person decided in one situation."""

    person: str
    """Id in the data."""
    group: str
    """Id of the game, network or session; people of one group affect each other."""
    split: str
    """train, val or test."""
    record: str
    """Which of the person's decisions it is, such as `3/contribute`; unique within the person."""
    form: str
    """Form of the task: the key of the world's template."""
    question: Question[Any]
    """What the world's agent is asked there; its person and seed do not count."""
    answer: str
    """Key of an option, or a text."""
    note: str = ""
    """What is counted of an answer that had to be fitted to the world's form, such as an amount between two options."""


class Panel(Settings, ABC):
    """Settings of a panel, and how its files are read.

    The people of a panel are known by what they did alone, so they have no persona. A share of the train people gets
    the persona of somebody in the train split of the population that comes with the project: a model that has seen
    these facts beside many personas reads them whoever is asked.
    """

    world: ClassVar[str] = ""
    """Name of the world that asks, as in `conf/world/`."""

    name: str
    """Name of the panel in the corpus."""
    path: str
    """Its file, relative to the working directory."""
    persona_share: float = Field(ge=0, le=1)
    """Share of the train people, drawn by hash, who get the persona of somebody of the shipped population."""
    citation: str = ""
    """Who made the data set, for the data card."""
    licence: str = "not stated"
    """Its terms, for the data card."""

    def files(self) -> Sequence[Path]:
        """Return the files that it is read from.

        Raises:
            DataError: There is none.
        """
        return resolve_paths([self.path], Path.cwd(), f"panel.{self.name}.path")

    @abstractmethod
    def read_decisions(self, path: Path, rejects: Rejects) -> Iterator[PanelDecision]:
        """Yield the decisions of one file; what cannot be asked goes to `rejects`, with the reason.

        Raises:
            DataError: The file is not of this panel's format.
        """


def world_params(world: str, kind: type[ParamsT], changes: Mapping[str, Any]) -> ParamsT:
    """Return a world's parameters from `conf/world/`, with some changed."""
    return validate(kind, {**find_world(world).settings, **changes}, f"world {world}")


def build_world(kind: type[WorldT], params: WorldParams, size: int) -> WorldT:
    """Return a world of `size` unnamed agents without ties, as a run with the default memory would build it."""
    profiles = [UNNAMED] * kind.num_profiles(params, size)
    return kind(params, profiles=profiles, graph=nx.empty_graph(size), memory=default_memory())


@lru_cache(maxsize=1)
def default_memory() -> MemoryBudget:
    """Return the bounds of an agent's memory in a run."""
    from sandbox.composition import compose

    return MemoryBudget(**compose([])["memory"])
