"""What an agent needs of its world: the clock, the graph, the random numbers and the prompts.

`World` builds on it and adds what a world's author writes. Agents and interventions know only this part, so that none
of the three has to import the others.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import mesa
import networkx as nx
from mesa.discrete_space import Network

from sandbox.core.assignment import Assignment
from sandbox.core.memory import MemoryBudget
from sandbox.core.presentation import Presentation
from sandbox.core.question import Template
from sandbox.core.replicate import Replicate
from sandbox.core.seeds import SeedTree
from sandbox.core.templates import template_from


class BaseWorld(mesa.Model):
    """A Mesa model on a social graph, with seeded random numbers and prompt templates."""

    name: ClassVar[str] = ""
    """What the world is called in templates, folders and reports; default: the class name in lower case."""
    prompts: ClassVar[Mapping[str, str]] = {}
    """Text of every template by key; `preamble` is the part that all of them begin with."""
    paraphrases: ClassVar[Sequence[Mapping[str, str]]] = ()
    """Other wordings of all `prompts`, for an audit."""

    def __init__(
        self,
        graph: "nx.Graph[Any]",
        rng: int,
        assignment: Assignment,
        memory: MemoryBudget,
        presentation: Presentation,
        replicate: Replicate,
    ) -> None:
        """See `World`."""
        super().__init__(rng=rng)
        self.network = Network(graph, random=self.random)
        self.seeds = SeedTree(rng)
        self.assignment = assignment
        self.memory_budget = memory
        self.presentation = presentation
        self.replicate = replicate
        self.now = 0
        """0-based step."""
        self.round = 0
        """0-based batch inside the step."""
        self.rounds_by_template: Counter[str] = Counter()
        """Rounds of this step that asked with a template, by its name."""
        self._templates: dict[str, Template] = {}

    @classmethod
    def wordings(cls) -> Sequence[Mapping[str, str]]:
        """Return the prompts in every wording: the world's own, then its paraphrases."""
        return (cls.prompts, *cls.paraphrases)

    def cell(self, node: int) -> Any:
        """Return the cell of a node of the social graph."""
        network: Any = self.network  # Mesa types coordinates as tuples only
        return network[node]

    def template(self, key: str) -> Template:
        """Return the prompt template of that key, in the wording of this world's presentation."""
        if key not in self._templates:
            self._templates[key] = template_from(self.name, key, self.wordings()[self.presentation.wording])
        return self._templates[key]
