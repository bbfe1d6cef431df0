import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.errors import DataError, SandboxError, exit_code
from sandbox.files import hold_folder, replace_file, replace_folder, replace_text
from sandbox.output.row_writer import RowWriter

TEXT = "a line that is long enough to be cut\n" * 1000
KILLED = """
import os, signal, sys
from pathlib import Path
from sandbox.files import replace_file, replace_folder
path = Path(sys.argv[2])
if sys.argv[1] == "file":
    with replace_file(path) as draft:
        draft.write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
with replace_folder(path) as draft:
    (draft / "weights").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
FULL_DISK = """
import signal, sys
from pathlib import Path
from sandbox.files import replace_text
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
replace_text(Path(sys.argv[1]), sys.argv[2])
"""
HELD = """
import sys
from pathlib import Path
from sandbox.files import hold_folder
with hold_folder(Path(sys.argv[1]), 'folder'):
    pass
"""


def test_a_text_replaces_the_text_before_it(tmp_path: Path) -> None:
    replace_text(tmp_path / "note.txt", "old")
    replace_text(tmp_path / "note.txt", "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"note.txt": "new"}


def test_a_kill_leaves_the_old_file_and_the_next_process_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("old", encoding="utf-8")
    assert subprocess.run([sys.executable, "-c", KILLED, "file", path], check=False).returncode == -9
    assert path.read_text() == "old"
    replace_text(path, "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"note.txt": "new"}


def test_a_kill_leaves_the_old_folder_and_the_next_process_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.mkdir()
    (path / "weights").write_text("old", encoding="utf-8")
    assert subprocess.run([sys.executable, "-c", KILLED, "folder", path], check=False).returncode == -9
    assert (path / "weights").read_text() == "old"
    with replace_folder(path) as draft:
        (draft / "other").write_text("new", encoding="utf-8")
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "other"]


def test_a_folder_is_found_again_after_a_kill_between_its_two_renames(tmp_path: Path) -> None:
    (tmp_path / ".model.old").mkdir()
    (tmp_path / ".model.old" / "weights").write_text("old", encoding="utf-8")
    with pytest.raises(ValueError, match="no"), replace_folder(tmp_path / "model"):
        raise ValueError("no")
    assert (tmp_path / "model" / "weights").read_text() == "old"


def limit_file_size() -> None:
    """Let the process write no file longer than a kilobyte, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("old", encoding="utf-8")
    command = [sys.executable, "-c", FULL_DISK, path, TEXT]
    result = subprocess.run(command, check=False, capture_output=True, text=True, preexec_fn=limit_file_size)
    assert "File too large" in result.stderr
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"note.txt": "old"}


@pytest.mark.parametrize("is_private", [True, False])
def test_a_private_file_is_private_from_the_start(tmp_path: Path, is_private: bool) -> None:
    with replace_file(tmp_path / "key", is_private=is_private) as draft:
        assert (draft.stat().st_mode & 0o077 == 0) == is_private
    assert ((tmp_path / "key").stat().st_mode & 0o077 == 0) == is_private


def test_a_folder_is_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    def try_elsewhere() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", HELD, tmp_path], check=False, capture_output=True, text=True)

    with hold_folder(tmp_path, "out_dir"):
        assert "another process is writing into" in try_elsewhere().stderr
        with pytest.raises(SandboxError, match="name another folder"), hold_folder(tmp_path, "out_dir"):
            pass
    assert try_elsewhere().returncode == 0


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_is_one_sentence_in_every_library(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Polars and other libraries in Rust raise an error without a number, which stands in its text."""

    def write() -> int:
        raise OSError(f"{os.strerror(number)} (os error {number})")

    assert exit_code(write, "what was done is intact") == 1
    assert capsys.readouterr().err.startswith(
        f"error: cannot write: {os.strerror(number)}; what was finished is intact"
    )


def test_rows_are_in_both_files_or_in_none(tmp_path: Path) -> None:
    def write_two(fail: bool) -> None:
        with RowWriter({"number": "int64"}, tmp_path / "rows") as writer:
            writer.write({"number": 1})
            if fail:
                raise DataError("stop")

    with pytest.raises(DataError, match="stop"):
        write_two(fail=True)
    assert [*tmp_path.iterdir()] == []
    write_two(fail=False)
    before = sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir())
    assert [name for name, _ in before] == ["rows.csv", "rows.parquet"]
    with pytest.raises(DataError, match="stop"):
        write_two(fail=True)
    assert sorted((path.name, path.read_bytes()) for path in tmp_path.iterdir()) == before
