"""What every world can do: interventions, parameters, casts, friends."""

import pytest

from sandbox.assembly import check_events
from sandbox.errors import ConfigError, ContractError
from sandbox.interventions import Message, SetParams
from sandbox.mind import Cast, RandomMind
from sandbox.world import Turn
from tests.conftest import belief, rumor
from worlds.rumor import Rumor


def told(world: Rumor) -> set[int]:
    return {
        one.unique_id for one in world.villagers if any(event.kind == "message" for event in one.memory.view().recent)
    }


@pytest.mark.parametrize(
    ("to", "expected"), [("all", set(range(1, 13))), ("person", set(range(1, 13))), ([2, 5], {2, 5})]
)
def test_a_message_reaches_whom_it_is_sent_to(to: str | list[int], expected: set[int]) -> None:
    world = rumor()
    world.events = [Message(step=1, text="The mill stays open.", to=to)]
    world.step()
    assert told(world) == set()
    world.step()
    assert told(world) == expected


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("persn", "message.to: unknown role 'persn'; there is all, person. Did you mean 'person'"),
        ([2, 99], "message.to: there is no agent 99 at step 0; ids go from 1 to 12"),
    ],
)
def test_a_message_to_nobody_is_noticed_before_the_run(to: str | list[int], says: str) -> None:
    world = rumor()
    for known in ("all", "person", [1, 12]):
        world.events = [Message(step=1, text="x", to=known)]
        check_events([world])
    world.events = [Message(step=1, text="x", to=to)]
    with pytest.raises(ConfigError, match=says):
        check_events([world])


def test_a_message_is_in_the_questions_of_that_step() -> None:
    world = rumor()
    world.events = [Message(step=0, text="The mill stays open.")]
    first = next(world.play())
    assert all("The mill stays open." in [event.text for event in one.memory.recent] for one in first)


def test_parameters_change_on_schedule_and_are_checked() -> None:
    world = rumor()
    world.events = [SetParams(step=1, params={"text": "it snows"})]
    world.step()
    assert world.params.text == "it rains"
    world.step()
    assert world.params.text == "it snows"
    world.events = [SetParams(step=2, params={"first": 0})]
    with pytest.raises(ConfigError, match="greater than or equal to 1"):
        world.step()


def test_a_fixed_parameter_cannot_change_in_a_running_world() -> None:
    world = rumor()
    world.params = type("Fixed", (type(world.params),), {"fixed": frozenset({"first"})})(text="x", first=2)
    with pytest.raises(ConfigError, match=r"world\.first shapes the world when it is made"):
        world.change(first=3)


def test_a_cast_gives_voices_and_the_digest_does_not_see_them() -> None:
    plain, cast = rumor(), rumor()
    cast.recast(Cast({"person": {"a": 0.5, "b": 0.5}}, ["a", "b"]))
    voices = {one.voice for one in cast.villagers}
    assert voices == {"a", "b"}
    assert [one.digest() for one in next(plain.play())] == [one.digest() for one in next(cast.play())]


def test_friends_are_neighbours_on_the_graph() -> None:
    world = rumor()
    for node, one in enumerate(world.villagers):
        assert [friend.unique_id - 1 for friend in one.friends()] == sorted(world.network.G.neighbors(node))


def test_a_world_that_asks_with_an_unknown_template_says_which_there_are() -> None:
    world = rumor()
    with pytest.raises(ContractError, match=r"asks 'whoo' but its prompts are \['belief', 'rules', 'whom'\]"):
        world.villagers[0].ask("whoo", {}, RandomMind)  # type: ignore[arg-type]


def test_rounds_count_from_zero_in_every_step() -> None:
    class Three(Rumor):
        def turn(self) -> Turn:
            for _ in range(3):
                asked = [belief(self.villagers[0], "x")]
                rounds.append((asked[0].step, asked[0].round))
                yield asked

    rounds: list[tuple[int, int]] = []
    world = rumor()
    world.__class__ = Three
    for _ in range(2):
        world.step()
    assert rounds == [(step, round_) for step in range(2) for round_ in range(3)]
