"""Runs in processes of their own: one that is interrupted is continued, one that is finished is left alone."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import DataError
from sandbox.quoting import quote
from sandbox.runtime.manifest import FILE, Manifest


def run_child(folder: Path, overrides: Sequence[str], again: str) -> None:
    """Run a simulation in `folder`, or what is left of it.

    Args:
        folder: Where the run is, or will be.
        overrides: Its settings, if it is new.
        again: The command that continues after a failure, for its message.

    Raises:
        DataError: It failed; its own message is above.
    """
    exists = (folder / FILE).is_file()
    if exists and Manifest.read(folder).status == "finished":
        return
    words = ["resume", str(folder)] if exists else ["run", *overrides, f"run_dir={quote(folder)}"]
    process = subprocess.run([sys.executable, "-m", "sandbox", *words], stdout=subprocess.DEVNULL, check=False)
    if process.returncode:
        raise DataError(
            f"the run in {folder} failed (exit code {process.returncode}); fix what its message above says and "
            f"continue with `{again}`"
        )
