"""The files of an interview: its answers, its questions, and how well agents agree with themselves.

Every interview gets files of its own: one at the same step never replaces an earlier one.
"""

from hashlib import file_digest
from itertools import count
from pathlib import Path

import pandas as pd
import yaml

from experiments.retest import retest_agreement
from sandbox.files import replace_file, replace_text
from sandbox.runtime.run import Run
from sandbox.settings import Settings
from sandbox.tables import write_table

FOLDER = "answers"


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
    folder.mkdir(parents=True, exist_ok=True)
    step = int(table["step"].iloc[0])
    questions = _create_file(folder, f"{name}-at-{step}")
    files = write_table(table, questions.with_suffix(""))
    if has_retest:
        files.append(questions.with_name(f"{questions.stem}-retest.csv"))
        with replace_file(files[-1]) as draft:
            retest_agreement(table).to_csv(draft, index=False)
    command = f"python -m sandbox ask {run.folder} --at {step} --survey {questions}"
    notes = [command] if source is None else [command, f"read from {source.absolute()}, sha256 {_digest(source)}"]
    text = yaml.safe_dump(survey.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    replace_text(questions, "".join(f"# {' '.join(note.split())}\n" for note in notes) + text)
    return [*files, questions]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _create_file(folder: Path, stem: str) -> Path:
    """Create the first file of that name, or with a number behind it, of which nothing is there yet."""
    for number in count(1):
        path = folder / f"{stem}{f'-{number}' if number > 1 else ''}.yaml"
        if path.with_suffix(".csv").exists():  # of an interview before questions were stored
            continue
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise AssertionError("count never ends")
