"""All pages of settings, and what they lack."""

from docs.generate import run_pages, training_pages
from docs.generate.run_pages import OVERRIDES
from docs.generate.settings import DescribedSetting, list_settings


def write_pages() -> dict[str, str]:
    """Return every page of `reference/settings/` by the name of its file."""
    pages = {**run_pages.list_pages(), **training_pages.list_pages()}
    return {"index": _write_index()} | {name: "\n".join(write()) for name, write in pages.items()}


def list_setting_keys() -> set[str]:
    """Return the `Class.field` of every setting of the reference."""
    return {setting.key for setting in _all_settings()}


def find_incomplete_settings() -> list[str]:
    """Return what the reference lacks: settings without a meaning, and numbers without a unit."""
    settings = _all_settings()
    meanings = [f"{setting.key} has no meaning" for setting in settings if not setting.meaning]
    units = [f"{setting.key} has no unit" for setting in settings if setting.is_number and not setting.unit]
    return sorted({*meanings, *units})


def _all_settings() -> list[DescribedSetting]:
    models = [*run_pages.list_models(), *training_pages.list_models()]
    return [setting for model in models for setting in list_settings(model, [{}])]


def _write_index() -> str:
    run, training = ("\n".join(pages.list_pages()) for pages in (run_pages, training_pages))
    return f"""(settings)=
# Settings

All settings are YAML files in `conf/`, composed by Hydra. {OVERRIDES}

Settings of your own go into a folder `conf/` where you run the command: `conf/world/my_world.yaml` adds
`world=my_world`.

```{{toctree}}
:caption: Runs
{run}
```

```{{toctree}}
:caption: Training
{training}
```
"""
