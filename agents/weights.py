"""The identity of a model's weights: a hash over its files, stored beside them."""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from sandbox.files import hash_file

DIGEST_FILE = ".digest.json"
"""File beside the weights that stores their hash."""
_HASHED_FILES = (
    "*.safetensors",
    "*.bin",
    "*config.json",
    "*token*.json",
    "tokenizer.model",
    "vocab*",
    "merges.txt",
    "*.jinja",
)


class _StoredDigest(msgspec.Struct):
    files: list[tuple[str, int, int]]
    """Name, size in bytes and modification time in nanoseconds."""
    sha256: str


def weights_digest(path: str) -> str:
    """Return the identity of a model: a sha256 over weights, configuration and tokenizer, or the hub id itself.

    Reads only the files' sizes and modification times if the folder stores its hash.
    """
    folder = Path(path)
    if not folder.is_dir():
        return path
    files = sorted({file for pattern in _HASHED_FILES for file in folder.glob(pattern)})
    stamp = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    stored = _read_stored_digest(folder / DIGEST_FILE)
    if stored and stored.files == stamp:
        return stored.sha256
    state = sha256()
    for file in files:
        state.update(f"{file.name}\0{hash_file(file)}\n".encode())
    with suppress(OSError):  # the folder may be read-only: the hash is then computed again next time
        (folder / DIGEST_FILE).write_bytes(msgspec.json.encode(_StoredDigest(stamp, state.hexdigest())))
    return state.hexdigest()


def _read_stored_digest(file: Path) -> _StoredDigest | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_StoredDigest)
    except (FileNotFoundError, msgspec.DecodeError):  # absent, or truncated because the writing process was killed
        return None
