"""Pages of the settings of runs: worlds, minds, populations, graphs, experiments, audits and surveys."""

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from agents.minds.human import HumanMind, HumanSettings
from agents.minds.server import ServerMind, ServerSettings
from agents.minds.vllm import VllmMind, VllmSettings
from docs.generate.markdown import code, escape_text
from docs.generate.page_parts import (
    file_section,
    resolve_choice,
    section_lines,
    table_section,
    title_lines,
)
from docs.generate.settings import CONF, describe_file, load_values, settings_table, show_file
from experiments.audit import Audit
from experiments.survey import Survey
from sandbox.composition import list_choices
from sandbox.core.mind import Mind, RandomMind, RandomSettings
from sandbox.core.world import World
from sandbox.runtime.config import PopulationSettings, RunConfig
from sandbox.settings import Settings
from worlds.opinion.bounded_confidence import BoundedConfidence, BoundedConfidenceSettings

MIND_SETTINGS: Mapping[type[Mind], type[Settings]] = {
    VllmMind: VllmSettings,
    ServerMind: ServerSettings,
    RandomMind: RandomSettings,
    HumanMind: HumanSettings,
    BoundedConfidence: BoundedConfidenceSettings,
}
"""Settings of the minds that have some."""
OVERRIDES = (
    "Every value can be changed on the command line, as a [Hydra](https://hydra.cc) override: `steps=50`, "
    "`memory.recent=200`, `'treatments={low: {rent: 2}, high: {rent: 10}}'`. A name that does not exist is an error "
    "that lists the names that do."
)


def list_pages() -> dict[str, Callable[[], list[str]]]:
    """Return what writes each page, by the name of its file."""
    return {
        "run": _run_page,
        "world": _world_page,
        "mind": _mind_page,
        "population": _population_page,
        "graph": _graph_page,
        "experiment": _experiment_page,
        "studies": _studies_page,
    }


def _run_page() -> list[str]:
    main = yaml.safe_load((CONF / "config.yaml").read_text(encoding="utf-8"))
    choices = {key: value for entry in main["defaults"] if isinstance(entry, dict) for key, value in entry.items()}
    groups = {name: f"{name}={choices[name]}" for name in ("world", "population", "graph", "mind")}
    return [
        *title_lines("Settings of a run", "settings-run"),
        f"`conf/config.yaml`. {OVERRIDES}",
        "",
        "The first four are groups: `world=rumor` takes the file `conf/world/rumor.yaml`, and pages of their own list "
        "[worlds](world.md), [minds](mind.md), [populations](population.md) and [graphs](graph.md).",
        "",
        *settings_table(RunConfig, {"": {**load_values("config.yaml"), **groups}}),
    ]


def _world_page() -> list[str]:
    lines = [*title_lines("Worlds", "settings-world"), "`world=NAME`; parameters are `world.PARAMETER`.", ""]
    for name in list_choices("world"):
        kind = resolve_choice("world", name)
        lines += table_section("world", name, f"world={name}", kind.Params, "world.")
        if fixed := sorted(kind.Params.fixed):
            names = ", ".join(code(f"world.{parameter}") for parameter in fixed)
            lines += [f"These shape the world at its creation; interventions and branches cannot change them: {names}."]
            lines += [""]
        lines += _intervention_lines(kind)
    return lines


def _intervention_lines(kind: type[World[Any]]) -> list[str]:
    lines = [f"### Interventions in `{kind.name}`", "", "`interventions=[{step: 10, do: NAME, ...}]`:", ""]
    for name, model in kind.interventions().items():
        lines += [f"`do: {name}`", f": {escape_text(model.__doc__ or '')}", ""]
        lines += settings_table(model, {"": {}})
    return lines


def _mind_page() -> list[str]:
    lines = [
        *title_lines("Minds", "settings-mind"),
        "`mind=NAME` is the default mind; its settings are `mind.SETTING`. `+mind@extra_minds.NAME=CHOICE` adds a mind "
        "to the run, which `assignment` or `minds` can name.",
        "",
    ]
    for name in list_choices("mind"):
        model = MIND_SETTINGS.get(resolve_choice("mind", name))
        if model is None:
            lines += [*section_lines(f"mind={name}", f"mind/{name}.yaml"), "It has no settings.", ""]
        else:
            lines += table_section("mind", name, f"mind={name}", model, "mind.")
    return lines


def _population_page() -> list[str]:
    lines = title_lines("Populations", "settings-population")
    lines += ["`population=NAME`, or a file of your own: `population.file=FILE`.", ""]
    for name in list_choices("population"):
        lines += table_section("population", name, f"population={name}", PopulationSettings, "population.")
    return [*lines, "The columns of such a file are on the page [Data](../data/index.md#people).", ""]


def _graph_page() -> list[str]:
    lines = [*title_lines("Social graphs", "settings-graph"), "`graph=NAME`; parameters are `graph.PARAMETER`.", ""]
    for name in list_choices("graph"):
        lines += table_section("graph", name, f"graph={name}", resolve_choice("graph", name), "graph.")
    return lines


def _experiment_page() -> list[str]:
    return [
        *title_lines("Experiments", "settings-experiment"),
        "`experiment=NAME` sets several settings of a run at once. Without it, `compare` takes the experiment with the "
        "world's name, or else `arms`.",
        "",
        *(line for name in list_choices("experiment") for line in file_section("experiment", name)),
    ]


def _studies_page() -> list[str]:
    return [
        *title_lines("Audits and surveys", "settings-studies"),
        "## `conf/audit.yaml`",
        "",
        describe_file("audit.yaml"),
        "",
        *settings_table(Audit, {"": {}}),
        *show_file("audit.yaml"),
        "## The file of `ask --survey`",
        "",
        *settings_table(Survey, {"": {}}),
    ]


def list_models() -> list[type[Any]]:
    """Return the settings models of these pages."""
    worlds = [resolve_choice("world", name) for name in list_choices("world")]
    parameters = [model for kind in worlds for model in (kind.Params, *kind.interventions().values())]
    graphs = [resolve_choice("graph", name) for name in list_choices("graph")]
    return [RunConfig, PopulationSettings, Audit, Survey, *parameters, *MIND_SETTINGS.values(), *graphs]
