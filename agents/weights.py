"""What identifies a model's weights: a hash over its files, remembered beside them."""

from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path

import msgspec

_DIGESTED = (
    "*.safetensors",
    "*.bin",
    "*config.json",
    "*token*.json",
    "tokenizer.model",
    "vocab*",
    "merges.txt",
    "*.jinja",
)
DIGEST = ".digest.json"
"""File beside weights that keeps their hash."""


class _Memo(msgspec.Struct):
    files: list[tuple[str, int, int]]
    """Name, size in bytes and time of change in nanoseconds."""
    sha256: str


def digest(path: str) -> str:
    """Return what identifies the weights: a sha256 over weights, configuration and tokenizer, or the hub id itself.

    Costs a look at the files' sizes and times where the folder remembers its hash.
    """
    folder = Path(path)
    if not folder.is_dir():
        return path
    files = sorted({file for pattern in _DIGESTED for file in folder.glob(pattern)})
    stamp = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    memo = _recall(folder / DIGEST)
    if memo and memo.files == stamp:
        return memo.sha256
    state = sha256()
    for file in files:
        with file.open("rb") as handle:
            state.update(f"{file.name}\0{file_digest(handle, 'sha256').hexdigest()}\n".encode())
    with suppress(OSError):  # the folder may not be ours to write to: then the hash is computed again next time
        (folder / DIGEST).write_bytes(msgspec.json.encode(_Memo(stamp, state.hexdigest())))
    return state.hexdigest()


def _recall(file: Path) -> _Memo | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Memo)
    except (FileNotFoundError, msgspec.DecodeError):  # absent, or cut short by a kill
        return None
