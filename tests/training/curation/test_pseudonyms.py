from pathlib import Path

import polars as pl
import pytest

from sandbox.errors import ConfigError, DataError
from training.curation.pseudonyms import KEY_BYTES, keyed_hash, make_key, read_key


def test_the_key_is_created_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    make_key(path, None)
    key = path.read_bytes()
    make_key(path, None)
    assert path.read_bytes() == key
    assert len(key) == 32
    assert path.stat().st_mode & 0o077 == 0


def test_a_key_from_a_secret_is_reproducible_and_another_secret_is_refused(tmp_path: Path) -> None:
    make_key(tmp_path / "first", "tea")
    make_key(tmp_path / "second", "tea")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    with pytest.raises(ConfigError, match="another key"):
        make_key(tmp_path / "first", "coffee")


def test_a_hash_depends_on_key_and_id_alone() -> None:
    ids = pl.Series("user", ["a", "b", "a"])
    first, second = keyed_hash(ids, b"k" * 32, "u_"), keyed_hash(ids, b"l" * 32, "u_")
    assert first[0] == first[2] != first[1]
    assert first[0] != second[0]
    assert first[0].startswith("u_")
    assert len(first[0]) == 18


@pytest.mark.parametrize("size", [0, 1, KEY_BYTES - 1, KEY_BYTES + 1])
def test_a_key_of_another_length_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(b"k" * size)
    for secret in (None, "tea"):
        with pytest.raises(DataError, match=rf"secret.key holds {size} bytes, but a key has 32"):
            make_key(path, secret)
    with pytest.raises(DataError, match="copy the complete file back"):
        read_key(path)
    assert path.stat().st_size == size


def test_a_folder_in_place_of_the_key_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "secret.key").mkdir()
    with pytest.raises(DataError, match=r"secret.key is no file"):
        make_key(tmp_path / "secret.key", None)


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="empty"):
        make_key(tmp_path / "secret.key", " ")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_of_a_key_is_never_used(tmp_path: Path) -> None:
    (tmp_path / "secret.key.part").write_bytes(b"half")
    make_key(tmp_path / "secret.key", None)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
    assert len(read_key(tmp_path / "secret.key")) == KEY_BYTES
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0
