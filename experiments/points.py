"""Play a world at many points of its settings, and keep each outcome by seed.

Nothing else of a world is kept, neither decisions nor figures: studies of this kind need thousands of worlds. Every
world follows from its settings and its seed, so any point can be run again with its log: `python -m sandbox run`.

The results are lines of JSON, one for each point, so that a study that was killed goes on where it was.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, nullcontext
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import msgspec

from experiments.outcomes import make_outcome
from experiments.ranges import as_overrides
from sandbox.composition import resolve_target
from sandbox.core.assignment import MindRouter
from sandbox.core.mind import RandomMind, RuleMind
from sandbox.errors import ConfigError, DataError
from sandbox.runtime.assembly import bind_inputs, build_minds, build_worlds, check_first_seed, resolve_world
from sandbox.runtime.beginning import LOG
from sandbox.runtime.config import LAST, RunConfig, load_run_config
from sandbox.runtime.inputs import InputFile
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.results import Results
from sandbox.runtime.runner import Runner, Track

MIND_SETTINGS = ("mind", "minds", "extra_minds", "model")
"""Settings on which it depends what answers."""
Values: TypeAlias = dict[str, dict[str, list[float | None]]]
"""By treatment and outcome, its values in the order of the seeds; None where a seed has none."""


class PointResult(msgspec.Struct, frozen=True):
    """What came of one point."""

    settings: dict[str, str]
    values: Values


def find_study_inputs(overrides: Sequence[str], settings: Mapping[str, str]) -> list[InputFile]:
    """Return the files that the settings of a study name, with their hashes."""
    return bind_inputs(load_run_config([*overrides, *as_overrides(settings)]))[1]


def default_overrides(overrides: Sequence[str]) -> list[str]:
    """Return what a study adds to its settings: no reactions or null worlds, and rule agents unless a mind is named."""
    names = {override.partition("=")[0].lstrip("+") for override in overrides}
    mind = [] if names & {*MIND_SETTINGS, "experiment"} else ["mind=rule"]
    return ["reactions=0", "null_worlds=0", *mind]


def check_point(overrides: Sequence[str], settings: Mapping[str, str]) -> RunConfig:
    """Return the configuration of a point that could be run.

    Raises:
        ConfigError: It has several minds.
        SandboxError: It could not be run.
    """
    config = load_run_config([*overrides, *as_overrides(settings)])
    if len(config.minds) > 1:
        raise ConfigError(f"a study of this kind has one mind, found minds={config.minds}; name one with mind=")
    check_first_seed(config)
    return config


def play_point(overrides: Sequence[str], settings: Mapping[str, str], mind: MindRouter | None = None) -> PointResult:
    """Play all seeds of a point to their end; return every metric, as a mean over steps and at the last step.

    Args:
        overrides: Settings that all points share.
        settings: Those of this one.
        mind: Answers, and stays open; None: it is built from the settings.
    """
    config = load_run_config([*overrides, *as_overrides(settings)])
    kind, _ = resolve_world(config)
    worlds = build_worlds(config)
    minds = nullcontext(mind) if mind else closing(build_minds(config, lambda _: None))
    with TemporaryDirectory() as folder, closing(DecisionLog.create(Path(folder) / LOG)) as log, minds as answering:
        Runner(worlds, lambda: answering, log, max_fallback_rate=config.max_fallback_rate).run(config.steps)
    metrics = Results.of(worlds).metrics
    names = [name for metric in kind.metric_labels for name in (metric, metric + LAST)]
    outcomes = {name: make_outcome(name, kind).values(metrics) for name in names}
    return PointResult(
        dict(settings),
        {
            arm.treatment: {
                name: [by_arm[arm.name].get(seed) for seed in config.seeds] for name, by_arm in outcomes.items()
            }
            for arm in config.arms()
        },
    )


def play_points(
    overrides: Sequence[str],
    points: Sequence[Mapping[str, str]],
    path: Path,
    track: Track,
    notify: Callable[[str], None],
) -> dict[tuple[str, ...], PointResult]:
    """Play the points that a file does not have yet, and add them to it; return all results by their settings.

    Rule and random agents play on all cores. A language model answers one point after the other, in one engine.

    Args:
        overrides: Settings that all points share.
        points: Settings of each point; several may be equal.
        path: The file.
        track: Shows how far it is.
        notify: Is told about engines.
    """
    results = {point_key(result.settings): result for result in read_results(path)}
    missing = list({point_key(point): point for point in points if point_key(point) not in results}.values())
    encoder = msgspec.json.Encoder()
    with path.open("ab") as file:
        for result in track_results(_play_all(overrides, missing, notify), len(missing), track):
            file.write(encoder.encode(result) + b"\n")
            file.flush()
            results[point_key(result.settings)] = result
    return {point_key(point): results[point_key(point)] for point in points}


def track_results(results: Iterable[PointResult], number: int, track: Track) -> Iterator[PointResult]:
    """Yield results as they come, and show how many there are."""
    iterator = iter(results)
    for _ in track(range(number), "points"):
        yield next(iterator)


def read_results(path: Path) -> list[PointResult]:
    """Return the results of a file, and cut off a line that a killed process left unfinished.

    Raises:
        DataError: A line is something else.
    """
    if not path.is_file():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    try:
        return [msgspec.json.decode(line, type=PointResult) for line in whole.splitlines()]
    except msgspec.DecodeError as error:
        raise DataError(f"{path} is damaged ({error}); delete it, and the points are played again") from error


def point_key(settings: Mapping[str, str]) -> tuple[str, ...]:
    """Return what distinguishes a point from others of its study."""
    return tuple(f"{name}={value}" for name, value in sorted(settings.items()))


def _play_all(
    overrides: Sequence[str], points: Sequence[Mapping[str, str]], notify: Callable[[str], None]
) -> Iterator[PointResult]:
    if not points:
        return
    config = load_run_config([*overrides, *as_overrides(points[0])])
    if _is_cheap(config):
        workers = min(len(points), os.cpu_count() or 1)
        # Spawned processes inherit no threads or locks of this one.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield from pool.map(partial(play_point, list(overrides)), points)
        return
    if any(name.partition(".")[0] in MIND_SETTINGS for name in points[0]):
        yield from (play_point(overrides, point) for point in points)
        return
    with closing(build_minds(config, notify)) as mind:
        yield from (play_point(overrides, point, mind) for point in points)


def _is_cheap(config: RunConfig) -> bool:
    """Return whether no language model answers."""
    nodes = [config.mind, *config.extra_minds.values()]
    return all(resolve_target(node, "mind")[0] in (RuleMind, RandomMind) for node in nodes)
