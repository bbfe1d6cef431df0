"""Pages of the settings of training: corpora, sources, filters, fine-tuning, evaluation."""

from collections.abc import Callable
from typing import Any

from docs.generate.markdown import code, escape_text, table
from docs.generate.page_parts import file_section, resolve_choice, table_section, title_lines
from docs.generate.settings import CONF, describe_file, load_values, settings_table
from sandbox.composition import list_choices
from training.corpus.config import CorpusConfig
from training.curation.filters import RULES
from training.curation.k_core import KCoreConfig
from training.evaluation.config import EvaluateConfig
from training.finetuning.config import SftConfig
from training.finetuning.merge import MergeConfig
from training.release.ship import ReleaseRecipe


def list_pages() -> dict[str, Callable[[], list[str]]]:
    """Return what writes each page, by the name of its file."""
    return {
        "corpus": _corpus_page,
        "source": _source_page,
        "panel": _panel_page,
        "filters": _filters_page,
        "training": _training_page,
        "evaluate": _evaluate_page,
    }


def _corpus_page() -> list[str]:
    values = load_values("corpus.yaml")
    values |= {group: load_values(f"{group}/paper.yaml") for group in ("synthesis", "judge")}
    groups = ("corpus", "synthesis", "judge")
    return [
        *title_lines("Settings of a corpus", "settings-corpus"),
        "`conf/corpus.yaml`, for `python -m training corpus`.",
        "",
        *settings_table(CorpusConfig, {"": values}),
        *(line for group in groups for name in list_choices(group) for line in file_section(group, name)),
    ]


def _source_page() -> list[str]:
    return [*title_lines("Sources of logs", "settings-source"), *_list_of_corpus("source")]


def _panel_page() -> list[str]:
    return [*title_lines("Experiments and panels", "settings-panel"), *_list_of_corpus("panel")]


def _list_of_corpus(group: str) -> list[str]:
    """Return the sections of a group that a corpus names several choices of, such as `sources=[...]`."""
    lines = [f"`{group}s=[NAME]`; settings are `{group}.NAME.SETTING`.", ""]
    for name in list_choices(group):
        model = resolve_choice(group, name)
        lines += table_section(group, name, f"{group}s=[{name}]", model, f"{group}.{name}.")
    return lines


def _filters_page() -> list[str]:
    platforms = list_choices("filters")
    k_core = {name: load_values(f"filters/{name}.yaml")["k_core"] for name in platforms}
    rules = [(code(name), escape_text(rule.__doc__ or "")) for name, rule in RULES.items()]
    return [
        *title_lines("Filters of a corpus", "settings-filters"),
        "`filters.PLATFORM`, one file for each platform in `conf/filters/`.",
        "",
        "## Filters of single records",
        "",
        "The list `filters.PLATFORM.rules`. Rules are applied in order; `kinds` restricts a rule to some kinds of "
        "records.",
        "",
        *table(["rule", "what it does"], rules),
        "## Filters of users and items",
        "",
        "`filters.PLATFORM.k_core`:",
        "",
        *settings_table(KCoreConfig, k_core),
        *(line for name in platforms for line in file_section("filters", name, f"filters.{name}")),
    ]


def _training_page() -> list[str]:
    recipes = list_choices("recipe")
    values = {name: load_values("sft.yaml") | load_values(f"recipe/{name}.yaml") for name in recipes}
    devices = sorted(path.name for path in (CONF / "accelerate").glob("*.yaml"))
    return [
        *title_lines("Settings of fine-tuning", "settings-training"),
        "## `python -m training sft`",
        "",
        "`conf/sft.yaml`, with one of the recipes in `conf/recipe/` (`recipe=lora` is the default):",
        "",
        *(f"- `recipe={name}`: {describe_file(f'recipe/{name}.yaml')}" for name in recipes),
        "",
        *settings_table(SftConfig, values),
        "## `python -m training merge`",
        "",
        *settings_table(MergeConfig, {"": load_values("merge.yaml")}),
        "## `python -m training all`",
        "",
        "`humanllm=NAME` takes `conf/humanllm/NAME.yaml`:",
        "",
        *settings_table(ReleaseRecipe, {"": {}}, "humanllm."),
        "## Several devices",
        "",
        "Files for `accelerate launch --config_file conf/accelerate/NAME.yaml -m training sft`:",
        "",
        *(f"- `{name}`: {describe_file(f'accelerate/{name}')}" for name in devices),
        "",
    ]


def _evaluate_page() -> list[str]:
    return [
        *title_lines("Settings of an evaluation", "settings-evaluate"),
        "`conf/evaluate.yaml`, for `python -m training evaluate`.",
        "",
        *settings_table(EvaluateConfig, {"": {**load_values("evaluate.yaml"), "mind": "mind=base"}}),
    ]


def list_models() -> list[type[Any]]:
    """Return the settings models of these pages."""
    chosen = [resolve_choice(group, name) for group in ("source", "panel") for name in list_choices(group)]
    return [CorpusConfig, KCoreConfig, SftConfig, MergeConfig, EvaluateConfig, ReleaseRecipe, *chosen]
