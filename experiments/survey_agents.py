"""Whom a survey asks: by role, id or what they remember, and what is said about those who remember nothing."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.frames import column
from sandbox.core.agent import Agent
from sandbox.core.memory import MemoryView
from sandbox.core.replicate import Replicate
from sandbox.core.world import World
from sandbox.errors import ConfigError, unknown

KIND_SEPARATOR = "; "


def select_agents(
    worlds: Sequence[World[Any]],
    agents: Sequence[int] | str,
    remembers: str | None,
    max_agents: int | None,
    notify: Callable[[str], None],
) -> dict[Replicate, list[Agent[Any]]]:
    """Return the agents to ask, by replicate.

    Args:
        worlds: As they are at the time of the survey.
        agents: `all`, a role, or ids.
        remembers: Kind of event that an agent must remember; None: any or none.
        max_agents: Largest number for each replicate, drawn by its seed; None: all.
        notify: Is told in which replicates nobody is asked, or not everybody who is named.

    Raises:
        ConfigError: There is no such role, agent or remembered event in any of the worlds.
    """
    candidates = {world.replicate: _match_agents(world, agents) for world in worlds}
    _check_ids(candidates, agents, notify)
    if remembers is not None:
        candidates = _keep_who_remember(candidates, remembers, notify)
    return {world.replicate: world.in_order(candidates[world.replicate], "survey")[:max_agents] for world in worlds}


def remembered_kinds(memory: MemoryView) -> Counter[str]:
    """Return how many events of each kind are remembered, condensed ones included; most of a kind first."""
    counts = Counter(dict(memory.summary))
    counts.update(event.kind for event in memory.recent)  # salient events are among the condensed ones
    return Counter(dict(counts.most_common()))


def describe_agents(table: pd.DataFrame) -> str:
    """Return one sentence on how many agents answered and what they remember of the run.

    Args:
        table: The answers to a survey, as `experiments.survey.ask` returns them.
    """
    agents = table.drop_duplicates(["arm", "seed", "agent"])
    kinds = Counter(kind for text in agents["remembers"] for kind in text.split(KIND_SEPARATOR) if kind)
    number, num_idle = len(agents), int(np.count_nonzero(column(agents, "num_events") == 0))
    people = f"{_count(number, 'agent')} asked"
    if not num_idle:
        return f"{people}; they remember {_list_kinds(kinds)}."
    if num_idle == number:
        return f"{people}; none of them remembers anything of the run, so none can say why."
    return (
        f"{people}; {num_idle} of them remember nothing of the run, so they cannot say why they did something. The "
        f"others remember {_list_kinds(kinds)}; --remembers KIND asks only those who remember an event of that kind."
    )


def _match_agents(world: World[Any], wanted: Sequence[int] | str) -> list[Agent[Any]]:
    agents = _list_agents(world)
    if not isinstance(wanted, str):
        return [agent for agent in agents if agent.unique_id in wanted]
    if wanted not in ("all", *world.roles):
        raise ConfigError(f"agents: {unknown('role', wanted, ['all', *world.roles])}")
    matching = [agent for agent in agents if wanted in ("all", agent.role)]
    if not matching:
        raise ConfigError(
            f"no agent to ask in {world.replicate}: agents is {wanted!r}, but there are {_count_roles(agents)}"
        )
    return matching


def _list_agents(world: World[Any]) -> list[Agent[Any]]:
    return sorted((agent for agent in world.agents if isinstance(agent, Agent)), key=lambda agent: agent.unique_id)


def _check_ids(
    candidates: Mapping[Replicate, Sequence[Agent[Any]]], wanted: Sequence[int] | str, notify: Callable[[str], None]
) -> None:
    """Refuse ids that no replicate has; say which replicates lack some."""
    if isinstance(wanted, str):
        return
    present = {replicate: {agent.unique_id for agent in agents} for replicate, agents in candidates.items()}
    if strangers := sorted(set(wanted) - set().union(*present.values())):
        world = next(iter(candidates.values()), [])
        highest = max((agent.unique_id for agent in (world[0].world.agents if world else ())), default=None)
        hint = "" if highest is None else f"; ids go up to {highest}"
        raise ConfigError(f"agents: no replicate has an agent {strangers[0]} after this step{hint}")
    for replicate, ids in present.items():
        if missing := sorted(set(wanted) - ids):
            notify(
                f"{replicate} has no agent {', '.join(map(str, missing))} after this step; it is asked nothing there."
            )


def _keep_who_remember(
    candidates: Mapping[Replicate, Sequence[Agent[Any]]], kind: str, notify: Callable[[str], None]
) -> dict[Replicate, list[Agent[Any]]]:
    """Return those who remember an event of a kind, and say how many are left out."""
    kinds = {
        replicate: [(agent, remembered_kinds(agent.memory.view())) for agent in agents]
        for replicate, agents in candidates.items()
    }
    remaining = {replicate: [agent for agent, counts in pairs if kind in counts] for replicate, pairs in kinds.items()}
    number, total = (sum(map(len, agents.values())) for agents in (remaining, candidates))
    if not number:
        known_kinds = Counter(name for pairs in kinds.values() for _, counts in pairs for name in counts)
        raise ConfigError(
            f"remembers: none of {total} agents remembers an event of the kind {kind!r}; they remember "
            f"{_list_kinds(known_kinds)}"
        )
    if number < total:
        notify(f"{total - number} of {total} agents remember no event of the kind {kind!r} and are not asked.")
    return remaining


def _list_kinds(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind} ({_count(number, 'agent')})" for kind, number in kinds.most_common()) or "nothing"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + "s" * (number != 1)


def _count_roles(agents: Sequence[Agent[Any]]) -> str:
    return ", ".join(f"{number} x {role}" for role, number in Counter(agent.role for agent in agents).items())
