"""The people of a world and their social graph: who lives on which node, and what may surprise about it."""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from numbers import Integral
from typing import Any, NamedTuple, TypeAlias, cast

from sandbox.composition import resolve_target
from sandbox.core.params import WorldParams
from sandbox.core.profile import Profile
from sandbox.core.seeds import SeedTree
from sandbox.core.world import World
from sandbox.counting import count_of
from sandbox.errors import ConfigError, ContractError, quote_value
from sandbox.graphs import FromFile, Graph, GraphParams
from sandbox.graphs.files import ONE_WAY, OTHER_WEIGHTS, REPEATED_TIES, SELF_TIES, WEIGHT
from sandbox.paths import expand_user
from sandbox.runtime.config import PopulationSettings, RunConfig
from sandbox.settings import validate
from sandbox.trusted_modules import is_trusted
from sandbox.user_code import explain_user_code

Notify: TypeAlias = Callable[[str], None]


class Community(NamedTuple):
    """The people of a world."""

    profiles: list[Profile]
    """The first ones live on the graph's nodes 0..n-1, in this order."""
    graph: Graph


def build_people(
    config: RunConfig,
    kind: type[World[Any]],
    params: WorldParams,
    seeds: SeedTree,
    notify: Notify = lambda text: None,
) -> Community:
    """Draw the people of one world and build their social graph.

    Where the nodes of a network from a file are called like people of the population, they are these people in every
    seed, and as many people live on the graph as it has nodes, whatever `population.size` says.

    Raises:
        ConfigError: A setting is wrong, or people and nodes do not fit.
    """
    graph_params = resolve_graph(config)
    load, population = _resolve_population(config)
    namings = graph_params.namings()
    size = len(namings[0]) if namings else population.size
    number = _count_profiles(kind, params, size)
    with explain_user_code(lambda: f"population {population.file}: loading it", lambda: load):
        profiles: list[Profile] = load(
            population.file,
            number,
            seeds.rng("population"),
            platforms=kind.platforms,
            splits=population.splits,
            **_accepted_arguments(load, {"namings": namings, "notify": notify}),
        )
    on_graph = profiles[:size]
    ids = {profile.id for profile in on_graph}
    is_named = any(ids == {*naming} for naming in namings)
    if isinstance(graph_params, FromFile) and not is_named:
        graph_params.check_size(population.size)
        notify(
            f"no node of {graph_params.path} has the id of a person of {population.file}: people take its nodes at "
            "random, other ones in every seed."
        )
    with explain_user_code(lambda: f"graph {type(graph_params).__name__}: building it", lambda: type(graph_params)):
        graph = graph_params.build(on_graph, seeds.rng("graph"))
    community = Community(profiles, graph)
    _describe_others(community, kind, population, notify)
    _describe_ties(community.graph, kind, notify)
    return community


def _count_profiles(kind: type[World[Any]], params: WorldParams, size: int) -> int:
    """Return how many people a world needs when `size` of them live on the graph."""
    with explain_user_code(lambda: f"world {kind.name}: counting its profiles", lambda: kind):
        number: Any = kind.num_profiles(params, size)
        if not isinstance(number, Integral) or int(number) < size:
            raise ContractError(
                f"world {kind.name}: `num_profiles` returns {quote_value(number)}, but it must return an integer from "
                f"{size} on, the number of people on the social graph"
            )
    return int(number)


def _describe_others(
    community: Community, kind: type[World[Any]], population: PopulationSettings, notify: Notify
) -> None:
    """Say who of the user's own people lives off the graph."""
    size = len(community.graph)
    if (number := len(community.profiles) - size) and expand_user(population.file).is_file():
        role = " or ".join(kind.roles[1:])
        notify(
            f"beyond the {size} people on the social graph, the world {kind.name} takes {number} people from "
            f"{population.file}{f', each for the role {role}' if role else ''}."
        )


def _describe_ties(graph: Graph, kind: type[World[Any]], notify: Notify) -> None:
    """Say which ties of a network from a file are left out, and which properties of ties the world does not use."""
    if number := graph.graph.get(SELF_TIES, 0):
        notify(f"the network has {count_of(number, 'tie')} from a node to itself: left out.")
    if number := graph.graph.get(REPEATED_TIES, 0):
        other = graph.graph[OTHER_WEIGHTS]
        sums = f" ({other} with another weight: weights are added up)" if other else ""
        notify(f"the network has {count_of(number, 'tie')} of two nodes that are tied already: taken as one tie{sums}.")
    one_way = sum(ONE_WAY in attributes for _, _, attributes in graph.edges(data=True))
    weights = {attributes.get(WEIGHT) for _, _, attributes in graph.edges(data=True)}
    if one_way and "direction" not in kind.tie_properties:
        notify(
            f"{one_way} of {graph.number_of_edges()} ties of the network lead in one direction only; the world "
            f"{kind.name} takes every tie as mutual."
        )
    if len(weights) > 1 and "weight" not in kind.tie_properties:
        notify(f"the ties of the network have different weights; the world {kind.name} takes all as equally strong.")


def resolve_graph(config: RunConfig) -> GraphParams:
    """Return the validated parameters of the social graph."""
    kind, settings = resolve_target(config.graph, "graph")
    if not (isinstance(kind, type) and issubclass(kind, GraphParams)):
        raise ConfigError(
            f"graph._target_ must name a subclass of GraphParams in sandbox.graphs, found {quote_value(kind)}"
        )
    return validate(kind, settings, "graph")


def _resolve_population(config: RunConfig) -> tuple[Callable[..., list[Profile]], PopulationSettings]:
    load, settings = resolve_target(config.population, "population")
    if not (callable(load) and is_trusted(getattr(load, "__module__", None) or "")):
        raise ConfigError(
            "population._target_ must name a function such as agents.population.load_profiles, of the project or of a "
            f"module in this folder, found {quote_value(load)}"
        )
    try:
        signature(load).bind("", 1, None, platforms=(), splits=())
    except (TypeError, ValueError) as error:
        raise ConfigError(
            "population._target_ must take (file, size, rng, platforms=..., splits=...), found "
            f"{quote_value(load)}: {error}"
        ) from error
    return cast("Callable[..., list[Profile]]", load), validate(PopulationSettings, settings, "population")


def _accepted_arguments(load: Callable[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that a function of the user's own takes; not every population knows of networks."""
    parameters = signature(load).parameters
    takes_all = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values())
    return {name: value for name, value in arguments.items() if takes_all or name in parameters}
