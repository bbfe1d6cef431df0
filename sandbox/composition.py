"""From YAML files and command-line overrides to plain Python values, by Hydra.

Nothing outside this module and `runtime.sweep` sees a `DictConfig`. The Hydra groups are the registry of worlds,
minds, populations and graphs: a new one is a YAML file with a `_target_`, in the project's `conf/` or in a `conf/` of
the folder where the command is run.
"""

import importlib
import re
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from sandbox.errors import ConfigError, quote_value, unknown
from sandbox.paths import CONF_DIR, user_conf_dir
from sandbox.quoting import expand_home, quote, quote_values, refuse_depth
from sandbox.trusted_modules import check_module
from sandbox.user_code import explain_import

GROUPS = ("world", "mind", "population", "graph")
EXPERIMENT = "experiment"
"""The group of which a run may name one or none."""

RENAMED_SETTINGS: Mapping[str, str] = {
    "voices": "extra_minds",
    "cast": "assignment",
    "events": "interventions",
    "max_fallback_share": "max_fallback_rate",
    "rules": "filters",
    "source.table.columns.place": "source.table.columns.category",
    "source.table.kind_of_platform": "source.table.platform",
    "source.table.spaces_for": "source.table.space_character",
    "tasks.fewest_words": "tasks.min_words",
    "tasks.most_words": "tasks.max_words",
    "tasks.per_place": "tasks.per_category",
    "mind.speaker": "mind.default_adapter",
    "judge.max_made_tokens": "judge.max_object_tokens",
}
"""Settings of earlier versions and their names now."""

MAX_REASON_CHARS = 200
"""Characters of what Hydra says about an override."""
_NEW_KEYS_ALLOWED = re.compile(
    r"\+{0,2}((assignment|extra_minds|treatments|margins)[.=]|(world|population|graph|source)\.)"
)
"""Settings that take names which no file declares: Hydra's `assignment.buyer=rule` alone changes only what is there.
The file of a world, a population, a graph or a source may leave out settings that have a default; the class that it
names knows them, and refuses others. (A mind of one's own need not check its settings.)"""
_NOT_OVERRIDDEN = re.compile(r"Could not override '([\w.]+)'")


@refuse_depth()
def compose(overrides: Sequence[str], config: str = "config", groups: Sequence[str] = GROUPS) -> dict[str, Any]:
    """Compose `conf/<config>.yaml` with command-line overrides into plain Python values.

    Args:
        overrides: In Hydra's syntax.
        config: Name of the file to begin with.
        groups: Groups of which the file names one choice each.

    Raises:
        ConfigError: An override is malformed or names something that does not exist.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    overrides = quote_values(overrides)
    refuse_old_names(overrides)
    for override in overrides:
        check_choice(override, groups)
    try:
        with _nested_hydra(), initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            values = to_plain(hydra_compose(config, overrides=[*search_path(), *allow_new_keys(overrides)]))
    except YAMLError as error:
        raise ConfigError(f"a file of settings is not valid YAML: {_first_lines(error)}") from error
    except (HydraException, OmegaConfBaseException, ValueError, OSError) as error:
        if match := _NOT_OVERRIDDEN.search(str(error)):
            raise ConfigError(_explain_unknown_setting(match[1], overrides, config, groups)) from error
        raise ConfigError(f"invalid override {_find_malformed(overrides)}: {_first_lines(error)}") from error
    except (TypeError, AttributeError) as error:  # Hydra takes the choice of a group for a text
        raise ConfigError(
            f"invalid override {_find_malformed(overrides)}: a group of settings, such as world= or mind=, takes a name"
        ) from error
    _refuse_old_settings(values)
    return {name: expand_home(value) for name, value in values.items()}


@refuse_depth()
def split_sweeps(overrides: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Separate overrides with one value from those with several.

    Returns:
        The overrides with one value, and the values of every other setting by its name, all in Hydra's syntax.

    Raises:
        ConfigError: An override is malformed.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        parsed = OverridesParser.create().parse_overrides(quote_values(overrides))
        sweeps = {
            override.get_key_element().lstrip("+"): list(override.sweep_string_iterator())
            for override in parsed
            if override.is_sweep_override()
        }
    except HydraException as error:
        if globs := [override for override in overrides if "glob(" in override]:  # only `run -m` can list files
            raise ConfigError(
                f"invalid override {quote_value(globs[0])}: list the names, as in mind=rule,random"
            ) from error
        raise ConfigError(f"invalid override {_find_malformed(overrides)}: {_first_lines(error)}") from error
    fixed = [str(override.input_line) for override in parsed if not override.is_sweep_override()]
    return fixed, sweeps


def check_choice(override: str, groups: Sequence[str]) -> None:
    """Raise `ConfigError` if an override chooses a file of a group that has none of that name."""
    group, is_choice, name = override.partition("=")
    if is_choice and group in (*groups, EXPERIMENT) and not name.startswith(("{", "[", "null")) and "," not in name:
        choices = list_choices(group)
        if name not in choices:
            raise ConfigError(unknown(group, name, choices))


def search_path() -> list[str]:
    """Return the overrides that let Hydra find the user's own settings, where there are some."""
    folder = user_conf_dir()
    return [] if folder is None else [f"hydra.searchpath=[{quote(f'file://{folder}')}]"]


def allow_new_keys(overrides: Sequence[str]) -> list[str]:
    """Return overrides that may add roles, minds, treatments and settings with a default without Hydra's `+`."""
    return [f"++{text.lstrip('+')}" if _NEW_KEYS_ALLOWED.match(text) else text for text in overrides]


def to_plain(node: Any) -> dict[str, Any]:
    """Resolve an OmegaConf node into dictionaries and lists.

    Raises:
        ConfigError: It is no mapping, or refers to something that is missing or to an environment variable, which would
            get into prompts and files.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    OmegaConf.register_new_resolver("oc.env", _refuse_environment, replace=True)
    try:
        container = OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"the settings cannot be resolved: {_first_lines(error)}") from error
    if not isinstance(container, dict):
        raise ConfigError(f"the configuration must be a mapping, found {type(container).__name__}")
    return {str(key): value for key, value in container.items()}


def resolve_target(node: Mapping[str, Any], where: str) -> tuple[Any, dict[str, Any]]:
    """Split a node into the object that its `_target_` names and its other settings."""
    settings = dict(node)
    target = settings.pop("_target_", None)
    if not isinstance(target, str) or "." not in target:
        raise ConfigError(f"{where} needs a _target_ such as package.module.Name, found {quote_value(target)}")
    module, name = target.rsplit(".", 1)
    context = f"{where}._target_ is {quote_value(target)}"
    imported = _import_module(module, context)
    if not hasattr(imported, name):
        raise ConfigError(f"{context}, but {quote_value(module)} has no {quote_value(name)}")
    return getattr(imported, name), settings


def list_choices(group: str) -> dict[str, str]:
    """Return the names in a group and the one-line description that each file begins with."""
    descriptions: dict[str, str] = {}
    folders = [folder for folder in (CONF_DIR, user_conf_dir()) if folder is not None]
    for path in sorted(path for folder in folders for path in (folder / group).glob("*.yaml")):
        lines = path.read_text(encoding="utf-8").split("\n")
        first = lines[1] if "@package" in lines[0] else lines[0]
        descriptions[path.stem] = first.removeprefix("#").strip() if first.startswith("#") else ""
    return descriptions


def _import_module(module: str, context: str) -> ModuleType:
    make_user_modules_importable()
    check_module(module, context)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            hint = "run the command in the folder that holds it, or install it"
            raise ConfigError(
                f"{context}, but there is no module {quote_value(error.name)} to import; {hint}"
            ) from error
        raise ConfigError(
            f"{context}, but {module} imports {quote_value(error.name)}, which is not installed"
        ) from error
    except (Exception, SystemExit) as error:  # a user's module may raise anything
        raise explain_import(error, f"{context}, but importing {module}") from error


def make_user_modules_importable() -> None:
    """Put the folder of the user's own settings on the module path; under pytest it is not there."""
    folder = user_conf_dir()
    if folder is not None and str(folder.parent) not in sys.path:
        sys.path.append(str(folder.parent))


@contextmanager
def _nested_hydra() -> Generator[None, None, None]:
    """Compose inside a sweep too, where Hydra is already initialised."""
    from hydra.core.global_hydra import GlobalHydra

    state = GlobalHydra.instance()
    outer, state.hydra = state.hydra, None
    try:
        yield
    finally:
        state.hydra = outer


def refuse_old_names(overrides: Sequence[str]) -> None:
    """Raise `ConfigError` if an override uses the name that a setting had in an earlier version."""
    for override in overrides:
        _refuse_old_name(override)


def _refuse_old_settings(values: Mapping[str, Any]) -> None:
    """Raise `ConfigError` if a composed configuration, such as one from a user's file, uses an old name."""
    for old, new in RENAMED_SETTINGS.items():
        node: Any = values
        for name in old.split("."):
            node = node.get(name) if isinstance(node, Mapping) else None
        if node is not None:
            raise ConfigError(f"invalid configuration: the setting `{old}` is now called `{new}`")


def _refuse_old_name(override: str) -> None:
    path = re.sub(r"@[\w.]+", "", override.lstrip("+~").partition("=")[0])
    package = override.lstrip("+~").partition("=")[0].partition("@")[2]
    for old, new in RENAMED_SETTINGS.items():
        for name in (path, package):
            if name == old or name.startswith(f"{old}."):
                raise ConfigError(f"invalid override {override!r}: the setting `{old}` is now called `{new}`")


def _explain_unknown_setting(path: str, overrides: Sequence[str], config: str, groups: Sequence[str]) -> str:
    """Say which name of `path` does not exist, and which do."""
    # Without the override that is wrong, which would be explained again without end, and with the others, since some
    # choices need them: graph=from_file has no path of its own.
    groups = [group for group in groups if group != path]
    others = [text for text in overrides if text.lstrip("+~").partition("=")[0] != path]
    node: Any = compose([text for text in others if not text.endswith(("}", "]"))], config, groups)
    for name in path.split("."):
        if not isinstance(node, dict) or name not in node:
            settings = node if isinstance(node, dict) else {}
            names = [key for key in settings if key != "_target_"]
            deeper = [f"{key}.{name}" for key in names if isinstance(settings[key], dict) and name in settings[key]]
            hint = f" Did you mean {' or '.join(deeper)}?" if deeper else ""
            if settings is node and not node:  # an open list of names, such as the adapters of a mind
                hint = f" To add it, write +{path}."
            return f"invalid override {path}: {unknown('setting', name, names)}{hint}"
        node = node[name]
    if isinstance(node, dict) and node:
        return f"invalid override {path}: it takes {', '.join(node)}, and nothing else"
    return f"invalid override {path}: the setting exists, but not together with these other overrides"


def _find_malformed(overrides: Sequence[str]) -> str:
    """Return the override that cannot be parsed or sets nothing, else all of them, as an error shows them."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    parser = OverridesParser.create()
    for override in overrides:
        try:
            has_name = bool(parser.parse_override(override).key_or_group)
        except HydraException:
            has_name = False
        if not has_name:
            return quote_value(override)
    return f"in {quote_value(' '.join(overrides), 200)}"


def _refuse_environment(*names: str) -> str:
    raise ValueError(
        f"${{oc.env:{','.join(map(str, names))}}} asks for an environment variable, which would get into prompts and "
        "files; write the value itself"
    )


def _first_lines(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines[:3])
    return text if len(text) <= MAX_REASON_CHARS else f"{text[:MAX_REASON_CHARS]}..."
