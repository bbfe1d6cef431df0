"""Which modules settings may name: a `_target_` is imported, and importing a module runs its code.

Allowed are the project's own packages, modules in the folder where the command is run (the user's worlds, minds and
platforms), and packages that the user names in an environment variable, which no file of settings can set.
"""

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from sandbox.errors import ConfigError
from sandbox.paths import CONF_DIR, user_conf_dir

TRUSTED_VARIABLE = "SANDBOX_TRUSTED_PACKAGES"
"""Environment variable with further packages that settings may name, separated by commas."""
PROJECT_PACKAGES = ("sandbox", "agents", "worlds", "training", "experiments")


def is_trusted(module: str) -> bool:
    """Return whether settings may name what is in a module."""
    package = module.partition(".")[0]
    return package in PROJECT_PACKAGES or package in named_packages() or _is_users_own(PathFinder.find_spec(package))


def named_packages() -> list[str]:
    """Return the packages that the user trusts by name."""
    return os.environ.get(TRUSTED_VARIABLE, "").replace(" ", "").split(",")


def check_module(module: str, context: str) -> None:
    """Raise `ConfigError` before a module is imported for settings that may not name it.

    A module that is imported already runs no code; a name that is no module is left to whoever imports it.

    Args:
        module: Its dotted name.
        context: Which setting names it, for the error.
    """
    package = module.partition(".")[0]
    is_installed = package in sys.stdlib_module_names or PathFinder.find_spec(package) is not None
    if is_installed and module not in sys.modules and not is_trusted(module):
        raise ConfigError(
            f"{context}, but {package} is neither part of the project nor a module in this folder, and importing it "
            "would run its code: read the file of settings that names it, and if you trust it, set "
            f"{TRUSTED_VARIABLE}={package}"
        )


def _is_users_own(spec: ModuleSpec | None) -> bool:
    """Return whether a top-level module lies in the user's folder, or beside the project's own packages."""
    if spec is None:
        return False
    # A package is a folder, or several without an `__init__.py`; any other module is a file.
    places = [*(spec.submodule_search_locations or filter(None, [spec.origin]))]
    folder = user_conf_dir()
    homes = [Path.cwd(), *([folder.parent] if folder else [])]
    if CONF_DIR.parent.name not in ("site-packages", "dist-packages"):
        homes.append(CONF_DIR.parent)
    own = {home.resolve() for home in homes}
    return any(Path(place).resolve().parent in own for place in places)
