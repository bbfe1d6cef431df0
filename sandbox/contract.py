"""The contract of a world, as a test that anybody can call: `python -m sandbox check WORLD`.

`check_world` plays a world with random and with rule-following people and raises `ContractError` at the first
promise that is broken. One parametrised test runs it for every file in `conf/world/`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sandbox.assembly import make_worlds, world_class
from sandbox.config import RunConfig
from sandbox.errors import ContractError
from sandbox.log import DecisionLog
from sandbox.mind import Mind, RandomMind, RuleMind
from sandbox.question import Answer, Question
from sandbox.run import read_config
from sandbox.runner import Runner
from sandbox.world import World, advance

STEPS = 6
"""Steps that each promise is tried for."""


def check_world(overrides: Sequence[str]) -> Iterator[str]:
    """Yield every promise that the configured world keeps, as it is found kept.

    Raises:
        ContractError: A promise is broken; the message says which, where, and what was found.
    """
    config = read_config([*overrides, "mind=rule", f"steps={STEPS}", "seeds=[0]", "cast={}", "voices={}", "events=[]"])
    for promise in (_answerable, _measured, _repeatable, _seeded, _asking_changes_nothing, _replayable):
        promise(config)
        yield (promise.__doc__ or "").split("\n", 1)[0]


def _answerable(config: RunConfig) -> None:
    """Every question can be answered at random and by the world's rule, and the invariants hold throughout."""
    kind, _ = world_class(config)
    for mind in (RandomMind(), RuleMind(kind.rule)):
        world = _world(config)
        asked = _play(world, mind, STEPS)
        if not asked:
            raise ContractError(
                f"world {kind.__name__} asked nobody anything in {STEPS} steps; its turn must yield questions"
            )


def _measured(config: RunConfig) -> None:
    """Metrics are finite and exactly those that the world declares."""
    world = _world(config)
    for _ in range(STEPS):
        _play(world, RandomMind(), 1)
        if set(world.latest) != set(world.measures):
            stray = sorted(set(world.latest) ^ set(world.measures))
            raise ContractError(f"metrics() and measures differ in {stray}; each metric needs a label and a value")
        if bad := {name: value for name, value in world.latest.items() if not isfinite(value)}:
            raise ContractError(f"step {world.now - 1}: metrics must be finite, found {bad}")


def _repeatable(config: RunConfig) -> None:
    """The same seed gives the same history, question by question."""
    first, second = (_play(_world(config), RandomMind(), STEPS) for _ in range(2))
    for one, other in zip(first, second, strict=False):
        if one != other:
            raise ContractError(
                f"two worlds of one seed ask differently (first at {one[0]}); draw random numbers from "
                "self.seeds only, and iterate over lists or self.in_order, never over sets"
            )
    if len(first) != len(second):
        raise ContractError(f"two worlds of one seed ask {len(first)} and {len(second)} questions")


def _seeded(config: RunConfig) -> None:
    """Another seed gives another history, even to the same people on the same graph."""
    world = _world(config)
    parts: dict[str, Any] = {"people": world.people, "graph": world.network.G, "replicate": world.replicate}
    other = type(world)(world.params, rng=world.seeds.seed + 1, **parts)
    if _play(world, RandomMind(), STEPS) == _play(other, RandomMind(), STEPS):
        raise ContractError("seeds 0 and 1 give the same history; draw random numbers from self.seeds")


def _asking_changes_nothing(config: RunConfig) -> None:
    """Asking changes nothing: a step that is begun and given up leaves no trace."""
    asked = _play(_world(config), RandomMind(), STEPS)
    world = _world(config)
    again: list[tuple[str, bytes]] = []
    for _ in range(STEPS):
        given_up = world.play()
        advance(given_up, None)
        given_up.close()
        again += _play(world, RandomMind(), 1)
    if asked != again:
        where = next((one[0] for one, other in zip(asked, again, strict=False) if one != other), "the end")
        raise ContractError(f"asking changes the world: after a step was begun and given up, {where} differs")


def _replayable(config: RunConfig) -> None:
    """The decision log replays to the same metrics."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "decisions.sqlite"
        live, again = _world(config), _world(config)
        for world, mind in ((live, RandomMind), (again, _nobody)):
            log = DecisionLog.open(path, write=True) if path.exists() else DecisionLog.create(path)
            with closing(log):
                _run(world, mind, log)
        if live.latest != again.latest:
            raise ContractError(f"replayed metrics differ: {live.latest} and {again.latest}")


def _run(world: World, mind: Callable[[], Mind], log: DecisionLog) -> None:
    Runner([world], mind, log, max_fallback_share=0).run(STEPS)


def _nobody() -> Mind:
    raise ContractError("the replay asks more than was logged")


def _world(config: RunConfig) -> World:
    return make_worlds(config)[0]


def _play(world: World, mind: Mind, steps: int) -> list[tuple[str, bytes]]:
    """Drive a world; returns where each question stood, and its hash."""
    asked: list[tuple[str, bytes]] = []

    class Listening(RandomMind):
        def answer(self, questions: Sequence[Question]) -> list[Answer]:
            asked.extend(
                (f"{one.template.name} of agent {one.agent} in step {one.step}, round {one.round}", one.digest())
                for one in questions
            )
            return mind.answer(questions)

    world.mind = Listening()
    for _ in range(steps):
        world.step()
    return asked
