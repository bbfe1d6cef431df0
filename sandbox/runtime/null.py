"""The null model of a run: what its worlds do if everybody answers at random.

A null world has the agents, graph, parameters and interventions of one of the run's seeds; only the answers differ, and
differ between null worlds (`RandomMind.salt`). What lies inside the range of these worlds needs no mind to explain it
(zero-intelligence traders: Gode & Sunder 1993, doi:10.1086/261868). Every seed has equally many null worlds, and
deviations are taken within seeds: a run is compared with chance in its own worlds, so that differences between seeds do
not hide those between minds. The null model depends on the manifest and on the length of the log alone, so a lost file
is played again, with the same numbers.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import product
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sandbox.core.mind import RandomMind
from sandbox.counting import count_of
from sandbox.errors import ContractError
from sandbox.files import replace_file
from sandbox.runtime.assembly import build_worlds
from sandbox.runtime.branching import list_switches, switch_config
from sandbox.runtime.manifest import Segment
from sandbox.runtime.results import Results
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Track, untracked

FILE = "null.csv"
MAX_DECISIONS = 1_000_000
"""Random decisions that a null model may take, over all its worlds: about a minute."""
SETUP_DECISIONS = 3_000
"""Random decisions that take as long as building one world."""
MIN_WORLDS = 8
"""Fewer worlds than this estimate a standard deviation too badly for a band."""
MIN_PER_SEED = 2
"""Deviations within a seed need two worlds."""


def load_null(run: Run, notify: Callable[[str], None], track: Track = untracked) -> pd.DataFrame | None:
    """Return the null model of a finished run, as `estimate_moments` does; play it where `null.csv` is missing.

    Args:
        run: Any run.
        notify: Tells the user that worlds are played, or why there is no null model.
        track: Shows how many worlds are played.

    Returns:
        None if the run is unfinished, wants no null model, or has none that can be played.
    """
    if run.manifest.status != "finished":
        return None
    path = run.folder / FILE
    if not path.is_file():
        if not (worlds_per_seed := _plan_worlds(run, notify)):
            return None
        run.check_inputs()
        try:
            metrics = play_null_worlds(run.manifest.segments, worlds_per_seed, track)
        except ContractError as error:
            notify(f"no null model, since this world cannot be played by random answers: {error}.")
            return None
        _write_whole(estimate_moments(metrics), path)
    # a treatment may be called NA or 007; only numbers can be missing
    options: dict[str, Any] = {
        "keep_default_na": False,
        "na_values": {"mean": [""], "sd": [""]},
        "dtype": {"treatment": str, "metric": str},
    }
    return pd.read_csv(path, **options)


def count_worlds_per_seed(wanted: int, num_seeds: int, decisions: float) -> int:
    """Return how many null worlds to play for each seed and treatment; 0 for none.

    Args:
        wanted: Smallest number of worlds of each treatment that the configuration asks for.
        num_seeds: Seeds of the run.
        decisions: Decisions of one world of each treatment, with those that building them takes as long as.
    """
    affordable = int(MAX_DECISIONS / max(decisions * num_seeds, 1))
    worlds_per_seed = min(max(ceil(wanted / num_seeds), MIN_PER_SEED), affordable)
    is_enough = worlds_per_seed >= MIN_PER_SEED and worlds_per_seed * num_seeds >= min(wanted, MIN_WORLDS)
    return worlds_per_seed if wanted and is_enough else 0


def play_null_worlds(segments: Sequence[Segment], worlds_per_seed: int, track: Track = untracked) -> pd.DataFrame:
    """Play null worlds with salts 1, 2, ..., the same for all seeds.

    Args:
        segments: The run's configurations; a branch has several.
        worlds_per_seed: Worlds for each seed and treatment.
        track: Shows how many worlds are played.

    Returns:
        One row per world and step: treatment (`main` where there are none), seed, salt, step, one column per metric.
    """
    pairs = list(product(segments[0].config.seeds, range(1, worlds_per_seed + 1)))
    return pd.concat([_play(segments, seed, salt) for seed, salt in track(pairs, "null model")], ignore_index=True)


def estimate_moments(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return the moments of every metric over null worlds.

    Args:
        metrics: As `play_null_worlds` returns them.

    Returns:
        One row per treatment, step and metric: `mean` over seeds; `sd` within seeds, pooled, and its degrees of freedom
        `df`; `num_worlds` in which the metric was defined. NaN where too few were.
    """
    keys = ["treatment", "step", "metric"]
    values = metrics.melt(["treatment", "seed", "salt", "step"], var_name="metric", value_name="value")
    by_seed = values.astype({"value": float}).groupby([*keys, "seed"], sort=False)["value"]
    moments = by_seed.agg(["mean", "var", "count"]).reset_index()
    moments["df"] = (moments["count"] - 1).clip(lower=0)
    moments["squares"] = moments["df"] * moments["var"]
    groups = moments.groupby(keys, sort=False)
    pooled = groups.agg(
        mean=("mean", "mean"), squares=("squares", "sum"), df=("df", "sum"), num_worlds=("count", "sum")
    )
    pooled.insert(1, "sd", np.sqrt(pooled.pop("squares") / pooled["df"].where(pooled["df"] > 0)))
    return pooled.reset_index()


def _plan_worlds(run: Run, notify: Callable[[str], None]) -> int:
    """Return how many null worlds to play for each seed and treatment; tell the user what happens."""
    config = run.manifest.segments[-1].config
    num_seeds, num_treatments = len(config.seeds), max(len(config.treatments), 1)
    with closing(run.log()) as log:
        decisions_per_world = log.totals()["decisions"] / (len(config.arms()) * num_seeds)
    decisions = (decisions_per_world + SETUP_DECISIONS) * num_treatments
    worlds_per_seed = count_worlds_per_seed(config.null_worlds, num_seeds, decisions)
    if worlds_per_seed:
        of_treatment = " of each treatment" if num_treatments > 1 else ""
        number = count_of(worlds_per_seed * num_seeds, "world")
        notify(f"null model: {number}{of_treatment} in which everybody answers at random")
    elif config.null_worlds:
        fewest = max(min(config.null_worlds, MIN_WORLDS), MIN_PER_SEED * num_seeds)
        notify(
            f"no null model: {fewest * num_treatments} worlds would take as long as {fewest * decisions:,.0f} random "
            f"decisions, the limit is {MAX_DECISIONS:,}."
        )
    return worlds_per_seed


def _play(segments: Sequence[Segment], seed: int, salt: int) -> pd.DataFrame:
    """Play one null world for each treatment, without a log."""
    changes = {"minds": [], "seeds": [seed]}
    segments = [Segment(step, config.model_copy(update=changes)) for step, config in segments]
    worlds, switches = build_worlds(segments[0].config), list_switches(segments)
    for world in worlds:
        world.mind = RandomMind(salt)
    for step in range(segments[-1].config.steps):
        if step in switches:
            switch_config(worlds, *switches[step])
        for world in worlds:
            world.step()
    metrics = Results.of(worlds).metrics.rename(columns={"arm": "treatment"})
    metrics.insert(2, "salt", salt)
    return metrics


def _write_whole(table: pd.DataFrame, path: Path) -> None:
    """Write a table whole or not at all."""
    with replace_file(path) as draft:
        table.to_csv(draft, index=False)
