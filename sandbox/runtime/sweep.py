"""`run -m`: Hydra's sweeper and launchers run one job for each combination of values.

A sweep is a folder with a run for each combination, one tidy table of all their metrics, and a table of its jobs. Jobs
may run in other processes or on other machines, so each reports itself in a file.
"""

import json
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox.composition import GROUPS, check_choice, compose, search_path, split_sweeps
from sandbox.counting import count_of
from sandbox.errors import ConfigError, DataError, SandboxError, quote_value
from sandbox.files import replace_text
from sandbox.folders import make_folder
from sandbox.paths import CONF_DIR, dated_run_dir
from sandbox.quoting import expand_home, quote_values, read_value
from sandbox.runtime.assembly import build_worlds, check_minds
from sandbox.runtime.config import load_run_config
from sandbox.runtime.manifest import FILE, Manifest, check_begun_runs
from sandbox.runtime.run import Run
from sandbox.settings import names_unknown_setting
from sandbox.tables import write_table
from sandbox.trusted_modules import TRUSTED_VARIABLE, named_packages

if TYPE_CHECKING:
    import pandas as pd

JOB_FILE = "job.json"
"""In the folder of each job: its overrides, as a list."""
RECORD = "sweep.json"
"""In the folder of the sweep: the overrides that all its jobs share, as a list."""
TABLE = "sweep"
JOBS = "jobs"
RUN_DIR = "run_dir="
HYDRA_PACKAGES = ("hydra", "hydra_plugins")
"""Packages that Hydra's own settings may name, besides those that the user trusts by name."""


class Job(NamedTuple):
    """One combination of values."""

    folder: Path
    values: dict[str, str]
    """Value of every swept setting."""
    status: str
    """`finished`; `unfinished`, which `resume` continues; or `failed`, if it did not begin."""


def sweep(overrides: list[str], job: Callable[[list[str], Path], int]) -> int:
    """Run `job` with the overrides and the folder of every combination; return 1 if one of them failed, else 0.

    A failed job raises: a launcher may run it in another process, from which only its exception comes back. `run_dir`
    names the folder of the sweep; one that holds the same sweep is continued, so `job` also gets folders of runs that
    have begun or finished. Its tables are written however it ends.
    """
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import CompactHydraException

    overrides = quote_values(overrides)
    shared = [override for override in overrides if not override.startswith(RUN_DIR)]
    folder = _make_folder([override.removeprefix(RUN_DIR) for override in overrides if override not in shared], shared)
    check_begun_runs([folder / str(number) for number in range(_count_jobs(split_sweeps(shared)[1]))])

    def run_one(_: Any) -> None:
        combination = list(HydraConfig.get().overrides.task)
        print(f"\n== {' '.join(combination)}", file=sys.stderr)
        job_folder = folder / str(HydraConfig.get().job.num)
        job_folder.mkdir(parents=True, exist_ok=True)
        replace_text(job_folder / JOB_FILE, json.dumps(combination))
        if job(combination, job_folder):
            raise CompactHydraException(f"the sweep is incomplete: {' '.join(combination)} failed")

    check_hydra_targets(shared)
    sys.argv = ["sandbox", "-m", *search_path(), *shared]
    try:
        hydra.main(config_path=str(CONF_DIR), config_name="config", version_base="1.3")(run_one)()
    except SystemExit:  # Hydra has printed the reason
        return 1
    except KeyboardInterrupt:
        print(f"\nto continue: the same command with run_dir={folder}", file=sys.stderr)
        raise
    finally:
        print("\n".join(write_tables(folder, split_sweeps(shared)[1])), file=sys.stderr)
    return 0


def check_hydra_targets(overrides: Sequence[str]) -> None:
    """Raise `ConfigError` if Hydra's own settings, which a user's file may change, name what settings may not name.

    Hydra imports and calls what its launcher, its sweeper and its callbacks name, when a sweep begins.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from omegaconf import OmegaConf

    fixed, sweeps = split_sweeps(overrides)
    first = [*fixed, *(f"{name}={values[0]}" for name, values in sweeps.items())]
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = hydra_compose("config", overrides=[*search_path(), *first], return_hydra_config=True)
    for path, target in _list_targets(OmegaConf.to_container(config.hydra, resolve=False), "hydra"):
        package = target.partition(".")[0]
        if package not in (*HYDRA_PACKAGES, *named_packages()):
            raise ConfigError(
                f"{path} is {quote_value(target)}, which Hydra would call when the sweep begins: read the file of "
                f"settings that names it, and if you trust it, set {TRUSTED_VARIABLE}={package}"
            )


def _list_targets(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield path and value of every `_target_` in a node."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in items:
        if name == "_target_":
            yield f"{path}._target_", str(value)
        else:
            yield from _list_targets(value, f"{path}.{name}")


def check_names(overrides: Sequence[str]) -> None:
    """Raise `ConfigError` if an override names a setting or a file that there is not: every job would fail of it.

    A value that is out of bounds is left to the job that has it, so that the others run.
    """
    fixed, sweeps = split_sweeps(overrides)
    if wrong := [text for text in overrides if text.lstrip("+~").partition("=")[0] == "hydra"]:
        raise ConfigError(f"invalid override {quote_value(wrong[0])}: it names no setting, such as hydra/launcher")
    for name, values in sweeps.items():
        for value in values:
            check_choice(f"{name}={value}", GROUPS)
    first = [*fixed, *(f"{name}={values[0]}" for name, values in sweeps.items())]
    own = [override for override in first if not override.lstrip("+~").startswith("hydra")]
    compose(own)
    try:
        config = load_run_config(own)
        build_worlds(config)
        check_minds(config)
    except ConfigError as error:
        if names_unknown_setting(error):
            raise
    except SandboxError:
        return


def write_tables(folder: Path, sweeps: Mapping[str, Sequence[str]]) -> list[str]:
    """Write the tables of a sweep as CSV and Parquet: all metrics, and all jobs.

    Args:
        folder: Folder of the sweep.
        sweeps: The values of every swept setting.

    Returns:
        Sentences that say which jobs have results, which have none, and where the tables are.
    """
    jobs = [_read_job(path.parent, list(sweeps)) for path in sorted(folder.glob(f"*/{JOB_FILE}"), key=_job_number)]
    if not jobs:
        return []
    num_jobs = _count_jobs(sweeps)
    finished = [job for job in jobs if job.status == "finished"]
    tables = {JOBS: job_table(jobs), TABLE: sweep_table(finished)} if finished else {JOBS: job_table(jobs)}
    for name, table in tables.items():
        write_table(table, folder / name)
    return [
        f"\nsweep: {len(finished)} of {count_of(num_jobs, 'job')} finished, {num_jobs - len(jobs)} never began",
        *(_describe_missing(job) for job in jobs if job.status != "finished"),
        *(str(folder / f"{name}.csv") for name in tables),
    ]


def _count_jobs(sweeps: Mapping[str, Sequence[str]]) -> int:
    return prod(map(len, sweeps.values()))


def job_table(jobs: Sequence[Job]) -> "pd.DataFrame":
    """Return one row for each job: the values of the swept settings, its run and its status."""
    import pandas as pd

    rows = [{**job.values, "run": job.folder.name, "status": job.status} for job in jobs]
    return _with_numbers(pd.DataFrame(rows), jobs[0].values)


def sweep_table(jobs: Sequence[Job]) -> "pd.DataFrame":
    """Return the metrics of finished jobs in long form.

    Returns:
        A column for every swept setting, then arm, seed, metric, summary (`last`: value at the last step; `mean`: over
        the steps that have a value), value.
    """
    import pandas as pd

    return _with_numbers(pd.concat([_summarize(job) for job in jobs], ignore_index=True), jobs[0].values)


def _with_numbers(table: "pd.DataFrame", settings: Iterable[str]) -> "pd.DataFrame":
    """Return the table with numbers for text in those settings whose values are all numbers."""
    import pandas as pd

    numbers: dict[str, Any] = {name: pd.to_numeric(table[name], errors="coerce") for name in settings}
    return table.assign(**{name: values for name, values in numbers.items() if values.notna().all()})


def _summarize(job: Job) -> "pd.DataFrame":
    """Return the metrics of one run at its last step and on average."""
    import pandas as pd

    metrics = Run(job.folder).results().metrics.sort_values("step", kind="stable")
    replicates: Any = metrics.groupby(["arm", "seed"], sort=False)
    summaries: dict[str, Any] = {"last": replicates.nth(-1), "mean": replicates.mean().reset_index()}
    parts = [
        table.drop(columns="step").melt(["arm", "seed"], var_name="metric").assign(summary=name)
        for name, table in summaries.items()
    ]
    rows = pd.concat(parts, ignore_index=True).assign(**job.values)
    return rows.reindex(columns=[*job.values, "arm", "seed", "metric", "summary", "value"])


def _make_folder(run_dirs: Sequence[str], overrides: Sequence[str]) -> Path:
    """Return the folder of a sweep: the one that is named last, or else a new one under `runs/`.

    Raises:
        DataError: It holds a sweep with other overrides.
    """
    named = Path(str(expand_home(read_value(run_dirs[-1])))).absolute() if run_dirs else None
    folder = named or dated_run_dir("sweep")
    # where jobs run does not change what they do
    record, settings = folder / RECORD, json.dumps([text for text in overrides if not text.startswith("hydra")])
    is_same = record.is_file() and record.read_text(encoding="utf-8") == settings
    if not is_same and (record.is_file() or any(folder.glob(f"*/{JOB_FILE}"))):
        raise DataError(
            f"{folder} already holds a sweep; choose another run_dir, or repeat that sweep's command to continue it"
        )
    make_folder(folder, "run_dir")
    replace_text(record, settings)
    return folder


def _read_job(folder: Path, settings: Sequence[str]) -> Job:
    overrides: list[str] = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
    values: Mapping[str, str] = {
        name.lstrip("+"): value for name, _, value in (text.partition("=") for text in overrides)
    }
    has_begun = (folder / FILE).is_file()
    status = ("finished" if Manifest.read(folder).status == "finished" else "unfinished") if has_begun else "failed"
    return Job(folder, {name: values[name] for name in settings}, status)


def _job_number(path: Path) -> int:
    return int(path.parent.name)


def _describe_missing(job: Job) -> str:
    name = ", ".join(f"{setting}={value}" for setting, value in job.values.items())
    hint = (
        f"; continue with `python -m sandbox resume {shlex.quote(str(job.folder))}`"
        if job.status == "unfinished"
        else ""
    )
    return f"{job.status}: {name}{hint}"
