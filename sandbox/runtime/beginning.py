"""How the folder of a run begins, so that a kill at any moment leaves a run or a start that can be repeated.

Only a folder with `manifest.json` holds a run. That file appears last and at once; its draft appears first. So a log
without a manifest but with its draft is what is left of a start, holds nothing that anybody was asked, and is replaced
when the same command is given again.
"""

from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

from sandbox.errors import DataError
from sandbox.folders import make_folder
from sandbox.paths import dated_run_dir, runs_dir
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.log_file import lock_log, remove_log
from sandbox.runtime.manifest import DRAFT, FILE, Manifest

LOG = "decisions.sqlite"


def make_run_folder(run_dir: Path | None, kind: str) -> Path:
    """Create the folder of a new run: `run_dir`, or else a new one under `runs/`.

    Raises:
        DataError: The folder holds a run, or cannot be created.
    """
    if run_dir is None:
        return make_new_folder(kind)
    _refuse_run(run_dir)
    return make_folder(run_dir, "run_dir")


def make_new_folder(kind: str) -> Path:
    """Create a folder named after the kind of run and the time; runs that start in one second get a number."""
    dated = dated_run_dir(kind)
    for number in count(1):
        folder = dated if number == 1 else dated.with_name(f"{dated.name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise _cannot_create(runs_dir(), error) from error
        return folder
    raise AssertionError("count never ends")


def begin_run(manifest: Manifest, fill: Callable[[DecisionLog], None] = lambda log: None) -> None:
    """Put a run that has not begun into its folder.

    Args:
        manifest: Describes the run; it knows the folder.
        fill: Puts what a branch shares with its parent into the new log.

    Raises:
        DataError: The folder holds a run.
        SandboxError: Another process starts a run there.
    """
    path = manifest.folder / LOG
    with lock_log(path) as lock:
        _refuse_run(manifest.folder)
        manifest.write_draft()
        remove_log(path)
        with closing(DecisionLog.create_locked(path, lock)) as log:
            fill(log)
            manifest.publish()


def _refuse_run(folder: Path) -> None:
    if (folder / FILE).exists():
        raise DataError(f"{folder} already holds a run; resume it or choose another run_dir")
    if (folder / LOG).exists() and not (folder / DRAFT).exists():
        raise DataError(f"{folder} already holds a run, but no {FILE}; restore that file or choose another run_dir")


def _cannot_create(folder: Path, error: OSError) -> DataError:
    return DataError(f"cannot create the folder {folder} for the run ({error.strerror}); name another run_dir")
