"""What a stage's key is made of besides its settings: the code that its work runs, and the files that it reads."""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b, file_digest
from pathlib import Path

from sandbox.errors import DataError

ROOT = Path(__file__).parents[2]
"""Where the packages of this project are."""
PACKAGES = ("training", "agents", "worlds", "sandbox")
"""Those whose code can change what comes out of a stage."""
UNHASHED_MODULES = frozenset(
    {
        "sandbox.composition",
        "sandbox.errors",
        "sandbox.files",
        "sandbox.output.progress",
        "sandbox.paths",
        "sandbox.runtime.assembly",
        "sandbox.runtime.config",
        "sandbox.settings",
        "training.pipeline.concurrency",
        "training.pipeline.folders",
        "training.pipeline.funnel",
        "training.pipeline.keys",
        "training.pipeline.launchers",
        "training.pipeline.progress",
        "training.pipeline.stages",
        "training.pipeline.writer",
    }
)
"""Modules that set work up, run it or report on it. They do not decide what comes out of it, so an edit to one of them
must not cause a corpus to be rebuilt. Nor do the modules that only they import."""
MAX_HASHED_BYTES = 64 << 20
"""Files up to this size are hashed completely."""


def read_sources(names: Iterable[str]) -> Iterator[str]:
    """Yield the source of these modules and of all that they import, directly or not, from this project's packages."""
    pending, visited = sorted(names), set(UNHASHED_MODULES)
    while pending:
        name = pending.pop()
        path = None if name in visited else find_module_file(name)
        visited.add(name)
        if path is not None:
            yield (source := path.read_text(encoding="utf-8"))
            pending += [module for module in _list_imports(source) if module.partition(".")[0] in PACKAGES]


def find_module_file(name: str) -> Path | None:
    """Return the file of a module; None for what is no module, or one not written in Python."""
    path = ROOT.joinpath(*name.split("."))
    # A module from outside of the project, such as a user's own source, is looked up among those that are imported.
    imported = getattr(sys.modules.get(name), "__file__", None) or path
    candidates = (path.with_suffix(".py"), path / "__init__.py", Path(imported))
    return next((file for file in candidates if file.suffix == ".py" and file.is_file()), None)


def fingerprint(path: Path) -> bytes:
    """Return a 16-byte hash of a file or folder.

    A file of up to `MAX_HASHED_BYTES` is hashed completely; of a larger one the size, the time of its last change and
    the first and last MiB. Of a folder the paths, sizes and times of its files are hashed.

    Raises:
        DataError: There is no such file or folder.
    """
    if path.is_dir():
        files = (file for file in sorted(path.rglob("*")) if file.is_file())
        stats = ((file.relative_to(path), file.stat()) for file in files)
        listing = "".join(f"{name}/{stat.st_size}/{stat.st_mtime_ns}/" for name, stat in stats)
        return blake2b(listing.encode("utf-8", "surrogateescape"), digest_size=16).digest()
    if not path.is_file():
        raise DataError(f"there is no file or folder {path}; name the files of the source")
    stat = path.stat()
    return _hash_file(path.absolute(), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1 << 16)  # every stage after the first asks for the same files again
def _hash_file(path: Path, size: int, mtime_ns: int) -> bytes:
    edge = 1 << 20
    with path.open("rb") as file:
        if size <= MAX_HASHED_BYTES:
            return file_digest(file, lambda: blake2b(digest_size=16)).digest()
        state = blake2b(f"{size}/{mtime_ns}/".encode() + file.read(edge), digest_size=16)
        file.seek(size - edge)
        state.update(file.read())
    return state.digest()


@lru_cache(maxsize=1 << 10)
def _list_imports(source: str) -> tuple[str, ...]:
    """Return the dotted names that a source imports, sorted; a name behind `from` may be no module."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return tuple(sorted(names))
