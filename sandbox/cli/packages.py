"""Whether the project's packages are its own.

Their names (`agents`, `worlds`, ...) are generic, and other distributions have packages of the same names:
openai-agents has an `agents`, too. Python imports whichever it finds first.
"""

from importlib.util import find_spec
from pathlib import Path

import sandbox
from sandbox.errors import ConfigError

PACKAGES = ("agents", "worlds", "training", "experiments")
MARKER = '__distribution__ = "social-sandbox"'
"""Line that every top-level package of the project has in its `__init__.py`."""


def find_foreign_package() -> str:
    """Say which package is not the project's and what to do; empty if all are."""
    home = Path(sandbox.__file__).resolve().parent.parent
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            return f"the package {name!r} of social-sandbox is missing; install it again: pip install --force-reinstall"
        origin = Path(spec.origin).resolve()
        if origin.parent.parent != home or MARKER not in origin.read_text(encoding="utf-8"):
            return (
                f"the package {name!r} at {origin.parent} belongs to another distribution (openai-agents brings an "
                "`agents`, for example); install social-sandbox in an environment of its own"
            )
    return ""


def check_package_origin() -> None:
    """Raise `ConfigError` if another distribution's package would be imported in place of the project's."""
    if problem := find_foreign_package():
        raise ConfigError(problem)
