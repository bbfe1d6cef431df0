"""The files of an interview: its answers, its questions, and how well agents agree with themselves.

Every interview gets files of its own: one at the same step never replaces an earlier one. They are written into a
hidden folder, and the rename of this folder makes the interview whole. Only then do they get their places; what a
killed process left to be placed, the next interview places.
"""

import shutil
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pandas as pd
import yaml

from experiments.retest import retest_agreement
from sandbox.files import hash_file, hold_folder, replace_folder
from sandbox.runtime.run import Run
from sandbox.settings import Settings
from sandbox.tables import write_table

FOLDER = "answers"
WHOLE = ".whole"
"""Ending of the hidden folder of an interview that is complete, but whose files are not yet in their places."""


def write_interview(
    table: pd.DataFrame,
    folder: Path,
    run: Run,
    name: str,
    survey: Settings,
    has_retest: bool,
    source: Path | None = None,
) -> list[Path]:
    """Write an interview into a folder.

    Args:
        table: Its answers.
        folder: Where the files go.
        run: Whom it is about.
        name: Name of the survey, with which the names of the files begin.
        survey: The questions, written as a file that `ask --survey` reads again.
        has_retest: Whether agents were asked twice.
        source: The file that the survey was read from, of which path and sha256 are noted; None: there is none.

    Returns:
        `NAME-at-STEP.csv`, `.parquet`, perhaps `-retest.csv`, and `.yaml`; `NAME-at-STEP-2` if there is one already.
    """
    step = int(table["step"].iloc[0])
    with hold_folder(folder, "folder for answers", is_patient=True):
        place_files(folder)
        path = _choose_path(folder, f"{name}-at-{step}")
        command = f"python -m sandbox ask {run.folder} --at {step} --survey {path.with_suffix('.yaml')}"
        notes = [command] if source is None else [command, f"read from {source.absolute()}, sha256 {hash_file(source)}"]
        with replace_folder(path.with_name(f".{path.stem}{WHOLE}")) as draft:
            files = write_table(table, draft / path.stem)
            if has_retest:
                files.append(draft / f"{path.stem}-retest.csv")
                retest_agreement(table).to_csv(files[-1], index=False)
            files.append(draft / f"{path.stem}.yaml")
            files[-1].write_text(_write_questions(survey, notes), encoding="utf-8")
        place_files(folder)
    return [folder / file.name for file in files]


def place_files(folder: Path) -> None:
    """Give the files of interviews that are whole their places, and delete what is left of others."""
    for leftover in folder.glob(f".*{WHOLE}.part"):
        shutil.rmtree(leftover)
    for interview in folder.glob(f".*{WHOLE}"):
        # The table of answers, which people look for, comes last: it has the shortest name.
        for file in sorted(interview.iterdir(), key=lambda path: len(path.name), reverse=True):
            file.replace(folder / file.name)
        interview.rmdir()


def _write_questions(survey: Settings, notes: Sequence[str]) -> str:
    text = yaml.safe_dump(survey.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    return "".join(f"# {' '.join(note.split())}\n" for note in notes) + text


def _choose_path(folder: Path, stem: str) -> Path:
    """Return the table of an interview, with a number behind its name if there are files of that name."""
    for number in count(1):
        path = folder / f"{stem}{f'-{number}' if number > 1 else ''}.csv"
        if not any(path.with_suffix(suffix).exists() for suffix in (".csv", ".parquet", ".yaml")):
            return path
    raise AssertionError("count never ends")
