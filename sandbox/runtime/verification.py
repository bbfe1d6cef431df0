"""Check a run from its folder: its log replays to the results that are beside it, and nothing was edited.

A third party needs no language model for it. What minds answered is taken from the log; everything that follows from
their answers is computed again and compared with what the folder holds. What cannot be computed again, such as answers
to questions asked after the run, is said.
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
from sandbox.tables import read_table

Verdict: TypeAlias = Literal["ok", "FAILED", "note"]
"""`note`: it could not be checked, or says only where a difference would come from."""
OTHER_FOLDERS = ("reactions", "comparison", "answers")
"""Folders of tables that depend on more than the log."""


class Finding(NamedTuple):
    """What a check found."""

    verdict: Verdict
    sentence: str


def verify_run(run: Run) -> Iterator[Finding]:
    """Yield what each check of a run found; a check that cannot begin because an earlier one failed is left out."""
    yield _verify_log(run)
    inputs = run.manifest.inputs
    changes = describe_changes(inputs, is_live=True)
    yield from (Finding("FAILED", change) for change in changes)
    if inputs and not changes:
        yield Finding("ok", f"{count_of(len(inputs), 'input file')} with the content of then")
    yield from _compare_software(run)
    try:
        results = Results.of(run.replay())
    except SandboxError as error:
        yield Finding("FAILED", f"it cannot be replayed: {error}")
        return
    yield Finding("ok", "every question of the replay is the one that was answered")
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
    known = {f"{place.name}{suffix}" for place in places for suffix in (".csv", ".parquet")}
    strangers = [file for file in sorted((folder / TABLES).glob("*")) if file.name not in known]
    differences += [f"{file} is no table of this run" for file in strangers]
    yield from (Finding("FAILED", difference) for difference in differences)
    if not differences:
        yield Finding("ok", f"{METRICS} and {count_of(len(places) - 1, 'table')} are those of the replay")


def _find_difference(folder: Path, expected: Path, place: Path) -> str:
    """Return how the files of a table differ from those of the replay; empty if they do not."""
    text, table = (folder / place.with_name(f"{place.name}{suffix}") for suffix in (".csv", ".parquet"))
    if missing := [file for file in (text, table) if not file.is_file()]:
        return f"{missing[0]} is missing"
    if text.read_bytes() != (expected / text.relative_to(folder)).read_bytes():
        return f"{text} differs from the replay"
    try:
        found, again = read_table(folder / place), read_table(expected / place)
    except DataError as error:
        return str(error)
    assert found is not None
    return "" if found.equals(again) else f"{table} differs from the replay"
