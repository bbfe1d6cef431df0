"""A simulated person in a world."""

from typing import Any, ClassVar, Generic, Self, cast

from mesa.discrete_space import CellAgent
from typing_extensions import TypeVar

from sandbox.core.assignment import Assignment
from sandbox.core.base_world import BaseWorld
from sandbox.core.form import Choose, Fill, Write
from sandbox.core.memory import Event, Memory
from sandbox.core.profile import Profile
from sandbox.core.question import Question

WorldT = TypeVar("WorldT", bound=BaseWorld, default=BaseWorld)
T = TypeVar("T")


class Agent(CellAgent, Generic[WorldT]):
    """A simulated person: profile, memory, a place on the social graph, and a way to be asked.

    Name the world for typed access to it: `class Buyer(Agent["Marketplace"])`.
    """

    role: ClassVar[str] = "person"

    def __init__(self, world: WorldT, profile: Profile, node: int | None = None) -> None:
        """Place an agent with `profile` on a node of the social graph, or off the graph if `node` is None."""
        super().__init__(world)
        self.cell = None if node is None else world.cell(node)
        self.profile = profile
        self.memory = Memory(world.memory_budget)
        self.assign_mind(world.assignment)

    @property
    def world(self) -> WorldT:
        """The world this agent lives in."""
        return cast("WorldT", self.model)

    def key(self) -> str:
        """Return the id of this agent as the key of an option."""
        return str(self.unique_id)

    def assign_mind(self, assignment: Assignment) -> None:
        """Use the mind that `assignment` gives this agent from now on."""
        self.mind = assignment.mind_of(self.role, self.world.seeds.decision(self.unique_id, -1, 0))

    def ask(self, template: str, facts: dict[str, Any], form: "Choose[T] | Write | Fill[Any]") -> Question[T]:
        """Create a question to this agent about the world's current step and round.

        Args:
            template: Key of one of the world's prompts.
            facts: Variables of the template (JSON types).
            form: The legal answers.
        """
        world = self.world
        prompt = world.template(template)
        return Question(
            replicate=world.replicate,
            step=world.now,
            round=world.round,
            agent=self.unique_id,
            role=self.role,
            template=prompt,
            facts=facts,
            form=form,
            profile=self.profile,
            memory=self.memory.view(),
            seed=world.seeds.question(self.unique_id, world.now, prompt.name, world.rounds_by_template[prompt.name]),
            mind=self.mind,
            presentation=world.presentation,
        )

    def remember(self, kind: str, text: str, importance: float = 1.0) -> None:
        """Add an event to this agent's memory."""
        self.memory.add(Event(self.world.now, kind, text, importance))

    def friends(self) -> list[Self]:
        """Return the neighbours of this agent's kind on the social graph, by id."""
        cells = self.cell.connections.values() if self.cell else ()
        agents = [agent for cell in cells for agent in cell.agents if isinstance(agent, type(self))]
        return sorted(agents, key=lambda agent: agent.unique_id)

    def sample_friends(self, size: int) -> list[Self]:
        """Return up to `size` friends in random order, drawn anew from the seed in every step."""
        friends, world = self.friends(), self.world
        ids = [friend.unique_id for friend in friends]
        return world.seeds.order(world.now, f"friends of {self.unique_id}", friends, ids)[:size]
