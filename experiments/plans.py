"""What a study varies, in a file of its folder: the study follows from it, so a killed one goes on where it was."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

from experiments.points import default_overrides, find_study_inputs
from experiments.ranges import Range, split_ranges
from sandbox.errors import ConfigError, DataError
from sandbox.files import replace_text
from sandbox.folders import make_folder
from sandbox.paths import dated_run_dir, expand_user
from sandbox.runtime.inputs import InputFile, check_inputs
from sandbox.runtime.manifest import FILE
from sandbox.settings import Settings, validate


class StudyPlan(Settings):
    """Base of plans; a subclass has a field for each thing that varies, and names itself."""

    file: ClassVar[str]
    """Name of its file."""
    noun: ClassVar[str]
    """What a folder holds that has the file, such as `phase diagram`."""
    command: ClassVar[str]

    @classmethod
    def choose_folder(cls, run_dir: Path | None, command: str) -> Path:
        """Return the folder of a new study.

        Args:
            run_dir: The one that was asked for; None: one named after the time.
            command: The words that continue a study, such as `phase height`.

        Raises:
            DataError: It holds a run or a study already.
        """
        folder = run_dir or dated_run_dir(Path(cls.file).stem)
        if (folder / cls.file).exists() or (folder / FILE).exists():
            raise DataError(
                f"{folder} holds a run already; continue with `{command} --run {folder}` or name another run_dir"
            )
        return folder

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what the study in a folder varies.

        Raises:
            DataError: The folder holds no study of this kind.
        """
        if not (folder / cls.file).is_file():
            raise DataError(
                f"{folder} holds no {cls.noun} (no {cls.file}); begin one with `python -m sandbox {cls.command}`"
            )
        return validate(cls, json.loads((folder / cls.file).read_text(encoding="utf-8")), str(folder / cls.file))

    def write(self, folder: Path) -> None:
        """Begin the study: make its folder."""
        make_folder(folder, "run_dir")
        replace_text(folder / self.file, self.model_dump_json(indent=2) + "\n")


class RangePlan(StudyPlan):
    """Base of plans in which settings vary within ranges."""

    overrides: list[str]
    """Settings that all points share."""
    inputs: list[InputFile]
    """Files that they name, with their hashes."""
    ranges: list[Range]
    """Settings that vary."""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what the study in a folder varies.

        Raises:
            DataError: The folder holds no study of this kind, or a file that it reads has changed.
        """
        plan = super().read(folder)
        check_inputs(plan.inputs, folder, is_live=True)
        return plan


class Outline(NamedTuple):
    """What was typed for a study of ranges."""

    run_dir: Path | None
    overrides: list[str]
    """Settings that all points share: those typed, and what such a study adds to them."""
    ranges: list[Range]

    def settings_at(self, share: float) -> Mapping[str, str]:
        """Return the point at which every setting is at a share of its range."""
        return {one.name: one.at(share) for one in self.ranges}

    def find_inputs(self) -> list[InputFile]:
        """Return the files that the settings name, with their hashes."""
        return find_study_inputs(self.overrides, self.settings_at(0))


def read_outline(overrides: Sequence[str], seeds: Sequence[int], advice: str) -> Outline:
    """Return what was typed.

    Args:
        overrides: As typed.
        seeds: Those of the study if it names none.
        advice: What to type, if nothing varies.

    Raises:
        ConfigError: Nothing varies, a range is empty, or a setting varies twice.
    """
    fixed, ranges = split_ranges(overrides)
    if not ranges:
        raise ConfigError(advice)
    run_dirs = [override.partition("=")[2] for override in fixed if override.startswith("run_dir=")]
    shared = [override for override in fixed if not override.startswith("run_dir=")]
    shared = [*default_overrides(shared), *shared]
    if not any(override.startswith("seeds=") for override in shared):
        shared.append(f"seeds=[{','.join(map(str, seeds))}]")
    return Outline(expand_user(run_dirs[-1]) if run_dirs else None, shared, ranges)
