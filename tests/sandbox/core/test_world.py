"""What every world can do: interventions, parameters, assignments, friends, inheritance."""

import pytest

from sandbox.core.assignment import Assignment
from sandbox.core.interventions import Intervention, Message, SetParams
from sandbox.core.mind import RandomMind
from sandbox.core.question import Turn
from sandbox.errors import ConfigError, ContractError
from sandbox.runtime.assembly import check_interventions
from tests.conftest import again_question, make_rumor
from worlds.rumor import Rumor, RumorParams


def receivers(world: Rumor) -> set[int]:
    """Return the ids of the agents who remember a message."""
    memories = {villager.unique_id: villager.memory.view().recent for villager in world.villagers}
    return {agent for agent, events in memories.items() if any(event.kind == "message" for event in events)}


@pytest.mark.parametrize(
    ("to", "expected"), [("all", set(range(1, 13))), ("person", set(range(1, 13))), ([2, 5], {2, 5})]
)
def test_a_message_reaches_its_receivers(to: str | list[int], expected: set[int]) -> None:
    world = make_rumor()
    world.scheduled = [Message(step=1, text="The mill stays open.", to=to)]
    world.step()
    assert receivers(world) == set()
    world.step()
    assert receivers(world) == expected


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("persn", "message.to: unknown role 'persn'; there is all, person. Did you mean 'person'"),
        ([2, 99], "message.to: there is no agent 99 at step 0; ids go from 1 to 12"),
    ],
)
def test_a_message_to_nobody_is_noticed_before_the_run(to: str | list[int], says: str) -> None:
    world = make_rumor()
    for receiver in ("all", "person", [1, 12]):
        world.scheduled = [Message(step=1, text="x", to=receiver)]
        check_interventions([world])
    world.scheduled = [Message(step=1, text="x", to=to)]
    with pytest.raises(ConfigError, match=says):
        check_interventions([world])


def test_a_message_is_in_the_questions_of_that_step() -> None:
    world = make_rumor()
    world.scheduled = [Message(step=0, text="The mill stays open.")]
    memories = [question.memory.recent for question in next(world.play())]
    assert all("The mill stays open." in [event.text for event in events] for events in memories)


def test_parameters_change_on_schedule_and_are_checked() -> None:
    world = make_rumor()
    world.scheduled = [SetParams(step=1, params={"text": "it snows"})]
    world.step()
    assert world.params.text == "it rains"
    world.step()
    assert world.params.text == "it snows"
    world.scheduled = [SetParams(step=2, params={"first": 0})]
    with pytest.raises(ConfigError, match="greater than or equal to 1"):
        world.step()


def test_a_fixed_parameter_cannot_change_in_a_running_world() -> None:
    world = make_rumor()
    world.params = type("Fixed", (type(world.params),), {"fixed": frozenset({"first"})})(text="x", first=2)
    with pytest.raises(ConfigError, match=r"world\.first shapes the world when it is created"):
        world.change(first=3)


def test_an_assignment_gives_minds_and_the_digest_does_not_see_them() -> None:
    plain, mixed = make_rumor(), make_rumor()
    mixed.assign_minds(Assignment({"person": {"a": 0.5, "b": 0.5}}, ["a", "b"]))
    assert {villager.mind for villager in mixed.villagers} == {"a", "b"}
    plain_digests, mixed_digests = ([question.digest() for question in next(w.play())] for w in (plain, mixed))
    assert plain_digests == mixed_digests


def test_friends_are_neighbours_on_the_graph() -> None:
    world = make_rumor()
    for node, villager in enumerate(world.villagers):
        assert [friend.unique_id - 1 for friend in villager.friends()] == sorted(world.network.G.neighbors(node))


def test_a_sample_of_friends_is_drawn_anew_in_every_step_and_reaches_them_all() -> None:
    villager = make_rumor(size=40).villagers[7]
    ids = {friend.unique_id for friend in villager.friends()}
    samples: list[list[int]] = []
    for villager.world.now in range(30):
        samples.append([friend.unique_id for friend in villager.sample_friends(2)])
        assert samples[-1] == [friend.unique_id for friend in villager.sample_friends(2)]
    assert all(len(set(sample)) == 2 for sample in samples)
    assert {number for sample in samples for number in sample} == ids
    assert len({tuple(sample) for sample in samples}) > 3
    assert {friend.unique_id for friend in villager.sample_friends(99)} == ids


def test_a_world_that_asks_with_an_unknown_template_says_which_there_are() -> None:
    world = make_rumor()
    with pytest.raises(ContractError, match=r"asks 'whoo' but its prompts are \['again', 'preamble', 'whom'\]"):
        world.villagers[0].ask("whoo", {}, RandomMind)  # type: ignore[arg-type]


def test_rounds_count_from_zero_in_every_step() -> None:
    class ThreeRounds(Rumor):
        def turn(self) -> Turn[None]:
            for _ in range(3):
                question = again_question(self.villagers[0], "x")
                rounds.append((question.step, question.round))
                yield [question]

    rounds: list[tuple[int, int]] = []
    world = make_rumor()
    world.__class__ = ThreeRounds
    for _ in range(2):
        world.step()
    assert rounds == [(step, round_) for step in range(2) for round_ in range(3)]


class LocalRumor(Rumor):
    """Inherits everything from `Rumor`."""


class StopRumor(Intervention[Rumor]):
    """Let nobody spread the rumour any more."""

    def apply(self, world: Rumor) -> None:
        """Silence all villagers."""
        for villager in world.villagers:
            villager.state = "stifler"


LocalRumor.intervention("stop")(StopRumor)


def test_a_subclass_has_a_name_of_its_own_and_knows_its_lineage() -> None:
    assert Rumor.name == "rumor"
    assert LocalRumor.name == "localrumor"
    assert LocalRumor.lineage() == ("localrumor", "rumor")
    assert LocalRumor.Params is RumorParams


def test_a_subclass_inherits_rules_and_interventions() -> None:
    assert LocalRumor.rules is Rumor.rules
    assert set(LocalRumor.interventions()) == {"set", "message", "stop"}
    assert set(Rumor.interventions()) == {"set", "message"}
