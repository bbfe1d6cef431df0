"""Build the parts that a configuration names: worlds with their profiles and graphs, minds, interventions."""

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from sandbox.composition import resolve_target
from sandbox.core.assignment import Assignment, MindRouter
from sandbox.core.intervention import Intervention
from sandbox.core.interventions import SetParams
from sandbox.core.memory import MemoryBudget
from sandbox.core.mind import Mind, MindContext
from sandbox.core.params import WorldParams
from sandbox.core.presentation import Presentation
from sandbox.core.replicate import Replicate
from sandbox.core.seeds import SeedTree
from sandbox.core.world import World
from sandbox.errors import ConfigError, quote_value, unknown
from sandbox.paths import cache_dir
from sandbox.runtime.config import LAST, Arm, RunConfig
from sandbox.runtime.declarations import check_declarations
from sandbox.runtime.inputs import InputFile, find_default_inputs, find_inputs, with_paths
from sandbox.runtime.people import build_people, resolve_graph
from sandbox.runtime.treatments import config_under, name_treatment, world_changes
from sandbox.settings import validate
from sandbox.user_code import explain_user_code

BoundConfig: TypeAlias = tuple[RunConfig, list[InputFile]]
"""A configuration with absolute paths, and the files that it names."""
MindBuilder: TypeAlias = Callable[[type[Mind], dict[str, Any], MindContext], Mind]
"""Takes a kind of mind, its settings and what the run passes to it."""


def resolve_world(config: RunConfig, treatment: str = "") -> tuple[type[World[Any]], WorldParams]:
    """Return the world's class and its validated parameters, under one of the treatments or under none."""
    kind, settings = resolve_target(config.world, "world")
    if not (isinstance(kind, type) and issubclass(kind, World)):
        raise ConfigError(f"world._target_ must name a subclass of sandbox.core.world.World, found {quote_value(kind)}")
    check_declarations(kind)
    with explain_user_code(lambda: f"world {kind.name}: checking its parameters", lambda: kind.Params):
        params = validate(kind.Params, settings, "world")
        if not treatment:
            return kind, params
        changes = world_changes(config, treatment)
        return kind, validate(kind.Params, {**settings, **changes}, f"treatments.{treatment}")


def build_worlds(config: RunConfig, notify: Callable[[str], None] = lambda text: None) -> list[World[Any]]:
    """Build one world per arm and seed; worlds with the same seed share profiles, graph and random numbers.

    Args:
        config: The run.
        notify: Receives what may surprise about people and networks, world by world.
    """
    worlds: list[World[Any]] = []
    for arm in config.arms():
        with name_treatment(config, arm.treatment):
            own = [_build_world(config, arm, seed, notify) for seed in config.seeds]
            check_interventions(own)
            worlds += own
    return worlds


def bind_inputs(
    config: RunConfig, known: Iterable[InputFile] = (), notify: Callable[[str], None] = lambda text: None
) -> BoundConfig:
    """Return a configuration with absolute paths and the size of its network, and the files that it names.

    Args:
        config: As it was composed.
        known: Files of an earlier run, see `find_inputs`.
        notify: Receives what may surprise.
    """
    inputs = find_inputs(config, known)
    config = with_paths(config, inputs)
    _, params = resolve_world(config)
    return _follow_network(config, notify), [*inputs, *find_default_inputs(config.world, params, "world")]


def _follow_network(config: RunConfig, notify: Callable[[str], None]) -> RunConfig:
    """Return the configuration with as many people on the social graph as a network from a file names."""
    if not resolve_graph(config).namings():
        return config
    kind, params = resolve_world(config)
    size = config.population["size"]
    num_nodes = len(build_people(config, kind, params, SeedTree(config.seeds[0])).graph)
    if size == num_nodes:
        return config
    notify(f"population.size is {size}, but the network names {num_nodes} people: the world has {num_nodes}.")
    return config.model_copy(update={"population": {**config.population, "size": num_nodes}})


def build_interventions(
    kind: type[World[Any]], params: WorldParams, nodes: Sequence[dict[str, Any]], steps: int
) -> list[Intervention[Any]]:
    """Build validated interventions, in the order given.

    Args:
        kind: The world; it knows which interventions there are.
        params: Its parameters at the start.
        nodes: The settings of each intervention.
        steps: Length of the run.
    """
    kinds = kind.interventions()
    interventions: list[Intervention[Any]] = []
    for place, node in enumerate(nodes):
        settings, where = dict(node), f"interventions[{place}]"
        name = str(settings.pop("do", None))
        if name not in kinds:
            raise ConfigError(f"{where}.do: {unknown('intervention', name, kinds)}")
        interventions.append(_build_intervention(kinds[name], name, settings, where))
        if interventions[-1].step >= steps:
            raise ConfigError(
                f"{where}.step is {interventions[-1].step} but the run ends before it, with {steps} steps (0-based)"
            )
    for place, intervention in sorted(enumerate(interventions), key=lambda pair: pair[1].step):
        if isinstance(intervention, SetParams):
            params = params.with_changes(intervention.params, f"interventions[{place}].params")
    return interventions


def _build_intervention(
    kind: type[Intervention[Any]], name: str, settings: dict[str, Any], where: str
) -> Intervention[Any]:
    with explain_user_code(lambda: f"{where}: checking the intervention {name}", lambda: kind):
        return validate(kind, settings, where)


def check_start(config: RunConfig, notify: Callable[[str], None] = lambda text: None) -> BoundConfig:
    """Make all checks of a new run that need no engine; write nothing.

    Args:
        config: As it was composed.
        notify: Receives what may surprise about people and networks.

    Returns:
        As `bind_inputs` does.

    Raises:
        SandboxError: The run could not begin.
    """
    config, inputs = bind_inputs(config, notify=notify)
    worlds = build_worlds(config, notify)
    check_minds(config, {agent.unique_id for world in worlds for agent in world.agents})
    kind, _ = resolve_world(config)
    check_outcomes(config, kind)
    return config, inputs


def check_first_seed(config: RunConfig) -> None:
    """Make the checks of a run that a study will start later, in a world of each arm; see `check_start`."""
    check_start(config.model_copy(update={"seeds": config.seeds[:1]}))


def check_interventions(worlds: Sequence[World[Any]]) -> None:
    """Raise `ConfigError` if a future intervention names something that its world does not have."""
    for world in worlds:
        for intervention in world.scheduled:
            if intervention.step >= world.now:
                _check_intervention(world, intervention)


def _check_intervention(world: World[Any], intervention: Intervention[Any]) -> None:
    kind = type(intervention)
    with explain_user_code(lambda: f"world {world.name}: checking the intervention {kind.__name__}", lambda: kind):
        intervention.check(world)


def check_outcomes(config: RunConfig, kind: type[World[Any]]) -> None:
    """Raise `ConfigError` if an outcome, or one with a margin, is not a metric of the world."""
    for setting, names in (("outcomes", config.outcomes), ("margins", config.margins)):
        for name in names:
            if name.removesuffix(LAST) not in kind.metric_labels:
                raise ConfigError(f"{setting}: {unknown('metric', name.removesuffix(LAST), kind.metric_labels)}")


def build_assignment(config: RunConfig, kind: type[World[Any]], mind: str = "") -> Assignment:
    """Build the assignment of one arm without starting a mind.

    Args:
        config: The run.
        kind: Its world.
        mind: The mind of every role that the assignment does not name; empty: the run's default.
    """
    for role in config.assignment:
        if role not in kind.roles:
            raise ConfigError(f"assignment: {unknown('role', role, kind.roles)}")
    default, _ = _resolve_mind(config.mind, "mind")
    for name, node in config.extra_minds.items():
        _resolve_mind(node, f"extra_minds.{name}")
    names = list(dict.fromkeys([*config.extra_minds, default.name, *config.mind.get("adapters", {})]))
    if mind and mind not in names:
        raise ConfigError(f"minds: {unknown('mind', mind, names)}")
    return Assignment({**(dict.fromkeys(kind.roles, mind) if mind else {}), **config.assignment}, names)


def check_minds(config: RunConfig, agents: Collection[int] = ()) -> None:
    """Raise `SandboxError` if a mind of the run could not be built, or names agents who are not among these, if any."""
    for where, node in _nodes_in_use(config).items():
        kind, settings = _resolve_mind(node, where)
        kind.check(settings, config.model)
        if agents:
            kind.check_agents(settings, agents)
        if kind.asks_people and config.reactions:
            raise ConfigError(
                f"{where} asks a person, who is not asked the same again with a fact changed: add reactions=0"
            )


def start_mind(kind: type[Mind], settings: dict[str, Any], context: MindContext) -> Mind:
    """Build a mind from its settings; this may start an engine."""
    return kind.build(settings, context)


def build_minds(config: RunConfig, notify: Callable[[str], None], build: MindBuilder = start_mind) -> MindRouter:
    """Build the minds that some agent of a run may use; this starts engines, unless `build` builds something else."""
    kind, _ = resolve_world(config)
    cache = answer_cache_file() if config.cache else None
    context = MindContext(kind.rules, config.model, cache, notify)
    minds = {where: _build_mind(node, where, context, build) for where, node in _nodes_in_use(config).items()}
    default = minds.pop("mind", None)
    return MindRouter(default, {where.removeprefix("extra_minds."): mind for where, mind in minds.items()})


def answer_cache_file() -> Path:
    """Return where answers of language models are kept."""
    return cache_dir() / "answers.sqlite"


def _nodes_in_use(config: RunConfig) -> dict[str, dict[str, Any]]:
    """Return the settings of the minds that some agent may use, by their path in the configuration.

    Where every arm names its mind, the others are left out: no engine starts for a mind that nobody asks. An extra mind
    that repeats the default mind under its own name is left out too.
    """
    default, _ = _resolve_mind(config.mind, "mind")
    names = _minds_in_use(config)
    nodes: dict[str, dict[str, Any]] = {}
    if names is None or names & {default.name, *config.mind.get("adapters", {})}:
        nodes["mind"] = config.mind
    for name, node in config.extra_minds.items():
        repeats_default = (name, node) == (default.name, config.mind)
        if (names is None or name in names) and not repeats_default:
            nodes[f"extra_minds.{name}"] = node
    return nodes


def _minds_in_use(config: RunConfig) -> set[str] | None:
    """Return the names of the minds that agents are assigned; None if some agents may use the default.

    Agents of an arm without a mind of its own use the default.
    """
    if not all(config.minds or [""]):
        return None
    mixes = ([mix] if isinstance(mix, str) else list(mix) for mix in config.assignment.values())
    return {*config.minds, *(name for mix in mixes for name in mix)}


def _resolve_mind(node: dict[str, Any], where: str) -> tuple[type[Mind], dict[str, Any]]:
    kind, settings = resolve_target(node, where)
    if not (isinstance(kind, type) and issubclass(kind, Mind)):
        raise ConfigError(f"{where}._target_ must name a subclass of sandbox.core.mind.Mind, found {quote_value(kind)}")
    return kind, settings


def _build_mind(node: dict[str, Any], where: str, context: MindContext, build: MindBuilder) -> Mind:
    kind, settings = _resolve_mind(node, where)
    with explain_user_code(lambda: f"mind {kind.name}: starting it", lambda: kind):
        return build(kind, settings, context)


def _build_world(config: RunConfig, arm: Arm, seed: int, notify: Callable[[str], None]) -> World[Any]:
    kind, params = resolve_world(config, arm.treatment)
    config = config_under(config, arm.treatment)
    seeds = SeedTree(seed)
    profiles, graph = build_people(config, kind, params, seeds, notify)
    assignment, presentation = build_assignment(config, kind, arm.mind), _build_presentation(config, kind)
    with explain_user_code(lambda: f"world {kind.name}: building the world", lambda: kind):
        world = kind(
            params,
            profiles=profiles,
            graph=graph,
            rng=seed,
            assignment=assignment,
            memory=MemoryBudget(**config.memory.model_dump()),
            presentation=presentation,
            replicate=Replicate(arm.name, seed),
        )
    world.scheduled = build_interventions(kind, params, config.interventions, config.steps)
    return world


def _build_presentation(config: RunConfig, kind: type[World[Any]]) -> Presentation:
    presentation = Presentation(**config.presentation.model_dump())
    if presentation.wording > len(kind.paraphrases):
        raise ConfigError(
            f"presentation.wording is {presentation.wording}, but {kind.name} has {len(kind.paraphrases)} paraphrases"
        )
    return presentation
