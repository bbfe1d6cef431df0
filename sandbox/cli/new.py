"""`python -m sandbox new world NAME`: a small world of the user's own, to start from."""

import re
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sandbox.composition import list_choices
from sandbox.errors import ConfigError, DataError
from sandbox.files import replace_text

_TEMPLATES = Path(__file__).parent / "templates"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def write_world(name: str, folder: Path) -> list[Path]:
    """Write a world's module, its settings and its test.

    Args:
        name: What `world=` and the module will be called.
        folder: Gets `NAME.py`, `conf/world/NAME.yaml` and `test_NAME.py`.

    Returns:
        The files.

    Raises:
        ConfigError: The name is unusable or taken.
        DataError: A file exists already, or cannot be written.
    """
    _check_name(name)
    files = {
        folder / f"{name}.py": "world.py.txt",
        folder / "conf" / "world" / f"{name}.yaml": "world.yaml.txt",
        folder / f"test_{name}.py": "test_world.py.txt",
    }
    if existing := [path for path in files if path.exists()]:
        raise DataError(f"{existing[0]} already exists; choose another name or remove it")
    class_name = "".join(part.capitalize() for part in name.split("_"))
    words = {
        "name": name,
        "class_name": class_name,
        "title": name.replace("_", " ").capitalize(),
        "test_file": f"test_{name}.py",
    }
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    for path, template in files.items():
        text = environment.get_template(template).render(words)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_text(path, text)
        except OSError as error:
            raise DataError(f"cannot write {path}: {error.strerror}; run the command in a folder of yours") from error
    return list(files)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or iskeyword(name):
        raise ConfigError(f"{name!r} cannot name a world; use lower-case letters, digits and underscores")
    if name in list_choices("world"):
        raise ConfigError(f"there is already a world {name!r}; choose another name")
    if find_spec(name) is not None:
        raise ConfigError(f"there is already a Python module {name!r}, which would be imported instead; choose another")
