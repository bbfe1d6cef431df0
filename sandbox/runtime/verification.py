"""Check a run from its folder: its log replays to the results in the folder.

A third party needs no language model for it. What minds answered is taken from the log; everything that follows from
their answers is computed again and compared with what the folder holds. Anything that cannot be computed again is
reported as a note.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple, TypeAlias

from sandbox.counting import count_of
from sandbox.errors import DataError, SandboxError
from sandbox.runtime.inputs import describe_changes
from sandbox.runtime.manifest import environment
from sandbox.runtime.results import METRICS, TABLES, Results
from sandbox.runtime.run import Run
from sandbox.tables import read_table, table_files

Verdict: TypeAlias = Literal["ok", "FAILED", "note"]
"""`note`: it could not be checked, or says only where a difference would come from."""
OTHER_FOLDERS = ("figures", "reactions", "comparison", "answers")
"""Folders that depend on more than the log."""


class Finding(NamedTuple):
    """What a check found."""

    verdict: Verdict
    sentence: str


def verify_run(run: Run) -> Iterator[Finding]:
    """Yield what each check of a run found; a check that cannot begin because an earlier one failed is left out."""
    yield _verify_log(run)
    yield from _verify_inputs(run)
    yield from _compare_software(run)
    try:
        worlds = run.replay()
        results = Results.of(worlds)
    except SandboxError as error:
        yield Finding("FAILED", f"it cannot be replayed: {error}")
        return
    yield Finding("ok", "every question of the replay is the one that was answered")
    yield from _verify_end(run, min(world.now for world in worlds))
    if run.manifest.status == "finished":
        yield from _compare_results(results, run.folder)
    else:
        yield Finding("note", "it is not finished, so it has no results to compare; `resume` continues it")
    for name in OTHER_FOLDERS:
        if (run.folder / name).is_dir():
            yield Finding("note", f"{name}/ is not checked: it does not follow from the log alone")


def _verify_log(run: Run) -> Finding:
    try:
        with closing(run.log()) as log:
            number = count_of(log.totals()["decisions"], "decision")
            return Finding("ok", f"the log's {number} fit their chain of hashes, whose end is {log.seal()}")
    except SandboxError as error:
        return Finding("FAILED", str(error))


def _verify_inputs(run: Run) -> Iterator[Finding]:
    """Compare the files that the run read; a replay does not need those of minds, so an archive may lack them."""
    needed = describe_changes(run.manifest.inputs)
    others = [change for change in describe_changes(run.manifest.inputs, is_live=True) if change not in needed]
    yield from (Finding("FAILED", change) for change in needed)
    yield from (Finding("note", change) for change in others)
    if (number := len(run.manifest.inputs) - len(needed) - len(others)) > 0:
        yield Finding("ok", f"{count_of(number, 'input file')} with the content of then")


def _verify_end(run: Run, num_steps: int) -> Iterator[Finding]:
    """Check that the manifest says what the log holds: all steps, and the models that answered."""
    config = run.manifest.segments[-1].config
    if run.manifest.status == "finished" and num_steps != config.steps:
        yield Finding(
            "FAILED", f"the log ends after {count_of(num_steps, 'step')}, but the manifest says {config.steps}"
        )
    with closing(run.log()) as log:
        answered = {row["model"] for row in log.count_answers() if row["model"]}
        last_step = max((step for _, step, *_ in log.batches()), default=-1)
    if last_step >= num_steps:
        yield Finding("FAILED", f"the log goes on to step {last_step}, after the last one of the replay")
    described = {mind.get("model") for mind in run.manifest.minds.values()}
    described |= {model for mind in run.manifest.minds.values() for model in mind.get("adapters", {}).values()}
    if strangers := sorted(answered - described):
        yield Finding("FAILED", f"the manifest does not name {', '.join(strangers)}, which answered")


def _compare_software(run: Run) -> Iterator[Finding]:
    """Say which versions differ from those of the run."""
    now = environment()
    before = {"commit": run.manifest.commit, **run.manifest.versions}
    current = {"commit": now["commit"], **now["versions"]}
    if different := [name for name, version in before.items() if current.get(name) != version]:
        changes = ", ".join(f"{name} {before[name] or '?'} -> {current.get(name) or 'none'}" for name in different)
        yield Finding("note", f"other software than then: {changes}")


def _compare_results(results: Results, folder: Path) -> Iterator[Finding]:
    """Compare the files of results with those of a replay: CSV byte by byte, Parquet value by value."""
    with TemporaryDirectory() as name:
        expected = Path(name)
        results.write(expected)
        places = [Path(METRICS), *(Path(TABLES) / table for table in results.tables)]
        differences = [difference for place in places if (difference := _find_difference(folder, expected, place))]
    expected_names = {file.name for place in places for file in table_files(place)}
    extra = [file for file in sorted((folder / TABLES).glob("*")) if file.name not in expected_names]
    differences += [f"{file} is no table of this run" for file in extra]
    yield from (Finding("FAILED", difference) for difference in differences)
    if not differences:
        yield Finding("ok", f"{METRICS} and {count_of(len(places) - 1, 'table')} are those of the replay")


def _find_difference(folder: Path, expected: Path, place: Path) -> str:
    """Return how the files of a table differ from those of the replay; empty if they do not."""
    text, table = table_files(folder / place)
    if missing := [file for file in (text, table) if not file.is_file()]:
        return f"{missing[0]} is missing"
    if text.read_bytes() != (expected / text.relative_to(folder)).read_bytes():
        return f"{text} differs from the replay"
    try:
        stored, replayed = read_table(folder / place), read_table(expected / place)
    except DataError as error:
        return str(error)
    assert stored is not None
    return "" if stored.equals(replayed) else f"{table} differs from the replay"
