"""Build the parts that a configuration names: worlds with their people and graphs, minds, interventions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from sandbox.config import Arm, PopulationConfig, RunConfig, targeted
from sandbox.errors import ConfigError, unknown
from sandbox.graph import GraphParams
from sandbox.interventions import EVERY_WORLD, SetParams
from sandbox.mind import Cast, Context, Mind, Panel
from sandbox.paths import cache_dir
from sandbox.people import MemoryBudget, Profile
from sandbox.presentation import Presentation
from sandbox.seeds import SeedTree
from sandbox.validation import validated
from sandbox.world import Intervention, World, WorldParams


def world_class(config: RunConfig, treatment: str = "") -> tuple[type[World], WorldParams]:
    """The world's class and its validated parameters, under one of the treatments or under none."""
    kind, settings = targeted(config.world, "world")
    if not (isinstance(kind, type) and issubclass(kind, World)):
        raise ConfigError(f"world._target_ must name a subclass of sandbox.world.World, found {kind!r}")
    params = validated(kind.Params, settings, "world")
    if not treatment:
        return kind, params
    changed = config.treatments[treatment]
    return kind, validated(kind.Params, {**settings, **changed}, f"treatments.{treatment}")


def make_worlds(config: RunConfig) -> list[World]:
    """One fresh world per arm and seed; worlds of one seed share people, graph and random numbers."""
    worlds = [_make_world(config, arm, seed) for arm in config.arms() for seed in config.seeds]
    check_events(worlds)
    return worlds


def make_events(
    kind: type[World], params: WorldParams, events: Sequence[dict[str, Any]], steps: int
) -> list[Intervention]:
    """Validated interventions, in the order given."""
    known = {**EVERY_WORLD, **kind.interventions}
    made: list[Intervention] = []
    for place, event in enumerate(events):
        settings, where = dict(event), f"events[{place}]"
        what = str(settings.pop("do", None))
        if what not in known:
            raise ConfigError(f"{where}.do: {unknown('intervention', what, known)}")
        made.append(validated(known[what], settings, where))
        if made[-1].step >= steps:
            raise ConfigError(
                f"{where}.step is {made[-1].step} but the run ends before it, with {steps} steps (0-based)"
            )
    for place, event in sorted(enumerate(made), key=lambda one: one[1].step):
        if isinstance(event, SetParams):
            params = params.changed(event.params, f"events[{place}].params")
    return made


def check_events(worlds: Sequence[World]) -> None:
    """Raise `ConfigError` where an event to come names what is not in its world."""
    for world in worlds:
        for event in world.events:
            if event.step >= world.now:
                event.check(world)


def make_cast(config: RunConfig, kind: type[World], mind: str = "") -> Cast:
    """Who speaks with which voice, where everybody else speaks with that of `mind`; checked without starting a mind."""
    for role in config.cast:
        if role not in kind.roles:
            raise ConfigError(f"cast: {unknown('role', role, kind.roles)}")
    main, _ = _mind_class(config.mind, "mind")
    for name, node in config.voices.items():
        _mind_class(node, f"voices.{name}")
    voices = [*config.voices, main.name, *config.mind.get("adapters", {})]
    if mind and mind not in voices:
        raise ConfigError(f"minds: {unknown('voice', mind, voices)}")
    return Cast({**(dict.fromkeys(kind.roles, mind) if mind else {}), **config.cast}, voices)


def check_minds(config: RunConfig) -> None:
    """Raise `SandboxError` where a mind of the run could not be built, as far as can be told without an engine."""
    for where, node in [("mind", config.mind), *((f"voices.{name}", node) for name, node in config.voices.items())]:
        kind, settings = _mind_class(node, where)
        kind.check(settings, config.model)


def make_mind(config: RunConfig, say: Callable[[str], None]) -> Panel:
    """All minds of a run; starts engines."""
    kind, _ = world_class(config)
    cache = answers_file() if config.cache else None
    context = Context(kind.rule, config.model, cache, say)
    main = _make_mind(config.mind, "mind", context)
    others = {name: _make_mind(node, f"voices.{name}", context) for name, node in _other_voices(config).items()}
    return Panel(main, others)


def _other_voices(config: RunConfig) -> dict[str, dict[str, Any]]:
    """All voices but one that is the main mind once more, under its own name."""
    main, _ = _mind_class(config.mind, "mind")
    return {name: node for name, node in config.voices.items() if (name, node) != (main.name, config.mind)}


def answers_file() -> Path:
    """Where answers of language models are kept."""
    return cache_dir() / "answers.sqlite"


def _mind_class(node: dict[str, Any], where: str) -> tuple[type[Mind], dict[str, Any]]:
    kind, settings = targeted(node, where)
    if not (isinstance(kind, type) and issubclass(kind, Mind)):
        raise ConfigError(f"{where}._target_ must name a subclass of sandbox.mind.Mind, found {kind!r}")
    return kind, settings


def _make_mind(node: dict[str, Any], where: str, context: Context) -> Mind:
    kind, settings = _mind_class(node, where)
    return kind.build(settings, context)


def _make_world(config: RunConfig, arm: Arm, seed: int) -> World:
    kind, params = world_class(config, arm.treatment)
    seeds = SeedTree(seed)
    size, draw = _population(config, kind)
    people: list[Profile] = draw(kind.num_people(params, size), seeds.rng("population"))
    generator, settings = targeted(config.graph, "graph")
    if not (isinstance(generator, type) and issubclass(generator, GraphParams)):
        raise ConfigError(f"graph._target_ must name a subclass of sandbox.graph.GraphParams, found {generator!r}")
    graph = validated(generator, settings, "graph").build(people[:size], seeds.rng("graph"))
    world = kind(
        params,
        people=people,
        graph=graph,
        rng=seed,
        voices=make_cast(config, kind, arm.mind),
        memory=MemoryBudget(**config.memory.model_dump()),
        presentation=_presentation(config, kind),
        replicate=f"{arm.name}/{seed}",
    )
    world.events = list(make_events(kind, params, config.events, config.steps))
    return world


def _presentation(config: RunConfig, kind: type[World]) -> Presentation:
    known = Presentation(**config.presentation.model_dump())
    if known.wording > len(kind.paraphrases):
        raise ConfigError(
            f"presentation.wording is {known.wording}, but {kind.__name__} has {len(kind.paraphrases)} paraphrases"
        )
    return known


def _population(config: RunConfig, kind: type[World]) -> tuple[int, Callable[[int, Any], list[Profile]]]:
    draw, settings = targeted(config.population, "population")
    if not callable(draw):
        raise ConfigError(f"population._target_ must name a function such as agents.population.people, found {draw!r}")
    population = validated(PopulationConfig, settings, "population")

    def drawn(number: int, rng: Any) -> list[Profile]:
        found = draw(population.file, number, rng, platforms=kind.platforms, splits=population.splits)
        return cast("list[Profile]", found)

    return population.size, drawn
