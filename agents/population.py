"""Populations: profiles drawn from a file of people (`agents.population_files`)."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np

from agents.population_files import read_population
from sandbox.core.profile import Profile
from sandbox.errors import ConfigError
from sandbox.graphs.people import match_people
from sandbox.paths import locate_population


def load_profiles(
    file: str,
    size: int,
    rng: np.random.Generator,
    platforms: Sequence[str] = (),
    splits: Sequence[str] = (),
    namings: Sequence[Sequence[str]] = (),
    notify: Callable[[str], None] = lambda text: None,
) -> list[Profile]:
    """Draw profiles from a population.

    Args:
        file: A path, or the name of a population that comes with the project.
        size: How many profiles; see `draw_profiles`.
        rng: Decides which profiles are drawn, and their order.
        platforms: Kinds of logs that people may come from; empty: any. Profiles without a platform always qualify.
        splits: Splits that people may belong to; empty: any. Profiles without a split always qualify.
        namings: What the nodes of the social graph can be called. Where these are ids of people, these people come
            first, in the order of the nodes, and nobody else lives on the graph.
        notify: Receives what may surprise: copies of people, and people who are left out.

    Raises:
        ConfigError: Nobody in the population is of these platforms and splits, or fewer than `size` people are although
            all splits together have enough: copies of few people would look like a sample of many. Or some nodes of the
            graph are called like people and others are not.
    """
    population = _recall_population(locate_population(file))
    of_platforms = [profile for profile in population if _matches(profile.platform, platforms)]
    eligible = [profile for profile in of_platforms if _matches(profile.split, splits)]
    wanted = f"platform {' or '.join(platforms) or 'any'} and split {' or '.join(splits) or 'any'}"
    names = match_people(namings, [profile.id for profile in population])
    if not names and eligible and len(eligible) < size <= len(of_platforms):
        raise ConfigError(
            f"the world needs {size} people, but only {len(eligible)} of the population {file} are of {wanted}: lower "
            "population.size, or draw people of all splits with population.splits=[train,val,test], among them people "
            "whom HumanLLM was trained on"
        )
    if not eligible:
        kinds = sorted({f"{profile.platform} ({profile.split or 'no split'})" for profile in population})
        raise ConfigError(
            f"nobody in the population {file} is of {wanted}; it has {', '.join(kinds)}: use another population or "
            "other splits"
        )
    by_id = {profile.id: profile for profile in eligible}
    if unsuitable := [name for name in names if name not in by_id]:
        raise ConfigError(
            f"the network names {len(unsuitable)} people who are not of {wanted}, among them {unsuitable[0]!r}: use "
            "other splits or another world, or leave out the column"
        )
    sample = draw_profiles(eligible, size, rng, [by_id[name] for name in names])
    for note in _describe_sample(file, len(eligible), size, names):
        notify(note)
    return sample


def draw_profiles(
    profiles: Sequence[Profile], size: int, rng: np.random.Generator, first: Sequence[Profile] = ()
) -> list[Profile]:
    """Draw profiles without replacement.

    If `size` exceeds the population, complete permuted copies follow; the second copy of `r001` is `r001#2`.

    Args:
        profiles: The population.
        size: How many to draw.
        rng: Decides who is drawn, and in which order.
        first: People of the population who begin the sample, in this order.

    Raises:
        ConfigError: `size` is below 1, or there is nobody to draw.
    """
    if size < 1 or not profiles:
        raise ConfigError(f"cannot draw {size} people from a population of {len(profiles)}; both must be at least 1")
    sample = [*first]
    first_ids = {profile.id for profile in first}
    pool = [profile for profile in profiles if profile.id not in first_ids]
    used_ids = {profile.id for profile in profiles}
    copy = 1
    while len(sample) < size:
        for index in rng.permutation(len(pool))[: size - len(sample)]:
            profile = pool[int(index)]
            if copy > 1:
                profile = msgspec.structs.replace(profile, id=_reserve_id(profile.id, copy, used_ids))
            sample.append(profile)
        pool = profiles
        copy += 1
    return sample


def _recall_population(path: Path) -> Sequence[Profile]:
    """Return a population, read once for all the worlds of a run: reading takes longer than playing a small world."""
    try:
        state = path.stat()
    except OSError:
        return read_population(path)  # which says what is wrong
    return _read_version(path.absolute(), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1)
def _read_version(path: Path, _time: int, _size: int) -> Sequence[Profile]:
    """Return what was in a file at a time; the arguments tell its versions apart."""
    return tuple(read_population(path))


def _describe_sample(file: str, number: int, size: int, names: Sequence[str]) -> Iterator[str]:
    """Yield what may surprise about a sample of `size` of `number` people, of whom the network names some."""
    if size > number:
        yield (
            f"the world needs {size} people and {file} has {number} who suit it: {size - number} of the {size} agents "
            "are copies of others, with ids such as x#2; lower population.size or add people."
        )
    if names and size < number:
        yield (
            f"{number - size} of the {number} people of {file} who suit the world take no part: the network does not "
            "name them (in a .graphml file, people without a tie can have a node)."
        )


def _matches(value: str, allowed: Sequence[str]) -> bool:
    return not value or not allowed or value in allowed


def _reserve_id(name: str, copy: int, used_ids: set[str]) -> str:
    """Return an unused id for a copy and mark it as used: `r001#3` if the population itself has an `r001#2`."""
    while f"{name}#{copy}" in used_ids:
        copy += 1
    used_ids.add(f"{name}#{copy}")
    return f"{name}#{copy}"
