"""Runs in processes of their own: one that is interrupted is continued, one that is finished is left alone."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sandbox.errors import DataError
from sandbox.quoting import quote
from sandbox.runtime.manifest import FILE, Manifest

REPORT = "report.html"
"""What a finished comparison has in its folder."""


def run_child(folder: Path, command: Literal["run", "compare"], overrides: Sequence[str], again: str) -> None:
    """Run a simulation or a comparison in `folder`, or what is left of it.

    Args:
        folder: Where the run is, or will be.
        command: What is done.
        overrides: Its settings, if it is new.
        again: The command that continues after a failure, for its message.

    Raises:
        DataError: It failed; its own message is above.
    """
    exists = (folder / FILE).is_file()
    if exists and Manifest.read(folder).status == "finished" and (command == "run" or (folder / REPORT).is_file()):
        return
    continued = ["resume"] if command == "run" else ["compare", "--run"]
    words = [*continued, str(folder)] if exists else [command, *overrides, f"run_dir={quote(folder)}"]
    process = subprocess.run([sys.executable, "-m", "sandbox", *words], stdout=subprocess.DEVNULL, check=False)
    if process.returncode:
        raise DataError(
            f"the run in {folder} failed (exit code {process.returncode}); fix what its message above says and "
            f"continue with `{again}`"
        )
