"""Replace ids by keyed hashes, and keep the key.

Whoever has the key can find the hash of a known id, and so delete that person's data. Once the key is destroyed, nobody
can. An empty or cut key would be no secret: anybody could compute the hashes. So the file is written whole or not at
all, and refused unless it has its full length.
"""

import secrets
from hashlib import blake2b
from pathlib import Path

import polars as pl

from sandbox.errors import ConfigError, DataError
from sandbox.files import replace_file

KEY_BYTES = 32
"""Length of a key."""


def make_key(path: Path, secret: str | None) -> bool:
    """Create the key file unless it exists, readable only by its owner; return whether it was created.

    Args:
        path: The key file.
        secret: Text from which the key is made; None: a random key.

    Raises:
        ConfigError: `secret` is empty, or `path` holds a key that was not made from it.
        DataError: `path` holds no key.
    """
    if secret is not None and not secret.strip():
        raise ConfigError("secret is an empty text, from which anybody can make the key; give a text, or null")
    key = None if secret is None else blake2b(secret.encode(), digest_size=KEY_BYTES).digest()
    if path.exists():
        if key not in (None, read_key(path)):
            raise ConfigError(
                f"{path} holds another key than the one made from the setting secret; use another corpus_dir, or the "
                "secret of that key"
            )
        return False
    with replace_file(path, is_private=True) as draft:
        draft.write_bytes(key or secrets.token_bytes(KEY_BYTES))
    return True


def read_key(path: Path) -> bytes:
    """Return the key in a file.

    Raises:
        DataError: It is no file, or does not hold exactly `KEY_BYTES` bytes.
    """
    if not path.is_file():
        raise DataError(
            f"{path} is no file but must hold the key; move it away to get a new key, with which all ids change"
        )
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise DataError(
            f"{path} holds {len(key)} bytes, but a key has {KEY_BYTES}; copy the complete file back, or delete it to "
            "get a new key, with which all ids change"
        )
    return key


def keyed_hash(ids: pl.Series, key: bytes, prefix: str) -> pl.Series:
    """Return every id as the prefix and 16 hex digits of its hash (BLAKE2b, keyed)."""
    unique_ids = ids.unique().to_list()
    hashes = {name: prefix + blake2b(name.encode(), key=key, digest_size=8).hexdigest() for name in unique_ids}
    return pl.Series(ids.name, [hashes[name] for name in ids], dtype=pl.String)
