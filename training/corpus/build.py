"""The stages that lead from raw logs to people and tasks, in order, and what each of them reads.

Every stage is a function of its input files and settings (`pipeline/stages.py`). This module says which stages there
are, after which, with which inputs and settings. It does not know what a stage does.
"""

import sys

from sandbox.folders import make_folder
from sandbox.prompting.render import SECTION_FILES
from training.corpus.config import CorpusConfig, build_source, find_earliest_day
from training.corpus.losses import check_remaining
from training.corpus.panel_stage import panel_stage
from training.corpus.synthesis_stages import list_synthesis_stages
from training.curation import cleaning, filters, grouping, k_core, splits
from training.curation.names import AMBIGUOUS
from training.curation.pseudonyms import make_key
from training.curation.quality import people_unit
from training.curation.words import SLANG
from training.persons import extractive
from training.persons.posters import TALK_FILE
from training.pipeline.folders import (
    Unit,
    fixed_files,
    join_units,
    per_bucket,
    per_file,
    same_file,
    single_unit,
    table_named_after_unit,
    whole_stage,
    whole_table,
)
from training.pipeline.funnel import Count
from training.pipeline.launchers import resolve_launcher
from training.pipeline.stages import ReportProgress, Stage, run_stage
from training.sources.platform import Platform, find_platform, platform_module
from training.sources.source import count_users_and_items, read_unit
from training.synthesis.questions import close_mind
from training.tasks.build import SYNTHETIC_TABLES, task_unit
from training.tasks.catalog import catalog_unit
from training.tasks.forms import PROMPTS


def build_corpus(
    config: CorpusConfig, report_progress: ReportProgress = lambda stage, done, total: None
) -> list[Count]:
    """Do all stages that are not done; return the funnel.

    Raises:
        DataError: A stage has left nothing of a source; the funnel is written.
    """
    launcher = resolve_launcher(config.launcher)
    make_folder(config.corpus_dir, "corpus_dir")
    key = config.corpus_dir / cleaning.SECRET
    if make_key(key, config.secret) and (config.corpus_dir / "clean").exists():
        print(f"{key} was missing and has been made anew: the ids of all people may change", file=sys.stderr)
    counts: list[Count] = []
    try:
        for stage in list_stages(config):
            counts += run_stage(config.corpus_dir, stage, launcher, report_progress)
            check_remaining(config, stage.name, counts)
    finally:
        close_mind()
    return counts


def list_stages(config: CorpusConfig) -> list[Stage]:
    """Return all stages, in order."""
    panels = [panel_stage(config)] if config.panels else []
    if not config.sources:
        return panels
    platforms = _list_platforms(config)
    read = _read_stage(config)
    filtered = _filter_stages(config, read)
    grouped = _group_stages(config, filtered[-1])
    cleaned = _clean_stage(config, grouped[-1], platforms)
    split, leaks = _split_stages(config, cleaned)
    persons = _person_stages(config, split, platforms)
    tasks = _task_stages(config, split, persons[-1], platforms)
    return [read, *filtered, *grouped, cleaned, split, leaks, *persons, *tasks, *panels]


def _list_platforms(config: CorpusConfig) -> list[Platform]:
    names = {build_source(name, config.source[name]).platform for name in config.sources}
    return [find_platform(name) for name in sorted(names)]


def _list_modules(platforms: list[Platform]) -> list[str]:
    return [platform_module(platform.name) for platform in platforms]


def _product_platforms(platforms: list[Platform]) -> list[str]:
    return [platform.name for platform in platforms if platform.has_products]


def _read_stage(config: CorpusConfig) -> Stage:
    sources = {name: build_source(name, config.source[name]) for name in config.sources}
    files = {name: list(source.files()) for name, source in sources.items()}
    units = [
        Unit(f"{name}-{number:05}", {"raw": [path]})
        for name, paths in files.items()
        for number, path in enumerate(paths)
    ]
    return Stage(
        "read",
        read_unit,
        units=lambda _: units,
        settings={
            "sources": config.source,
            "source_of": {str(path): name for name, paths in files.items() for path in paths},
            "earliest": {name: str(find_earliest_day(source)) for name, source in sources.items()},
        },
        source_files=[path for name, paths in files.items() for path in (*paths, *sources[name].companions())],
        modules=sorted({type(source).__module__ for source in sources.values()}),
        count_overall=count_users_and_items,
    )


def _filter_stages(config: CorpusConfig, read: Stage) -> list[Stage]:
    filtered = Stage(
        "filter",
        filters.filter_unit,
        after=(read,),
        units=per_file("read", "record", record=same_file("read", "record")),
        settings={platform: node.rules for platform, node in config.filters.items()},
        count_overall=filters.count_users_and_items,
    )
    core = Stage(
        "k_core",
        k_core.k_core_unit,
        after=(filtered,),
        units=single_unit(record=whole_table("filter", "record"), item=whole_table("read", "item")),
        settings={**{platform: node.k_core for platform, node in config.filters.items()}, "seed": config.seed},
    )
    return [filtered, core]


def _group_stages(config: CorpusConfig, core: Stage) -> list[Stage]:
    kept_ids = whole_table("k_core", "kept")
    partition = Stage(
        "partition",
        grouping.partition_unit,
        after=(core,),
        units=join_units(
            per_file("filter", "record", "record-{}", record=same_file("filter", "record"), kept=kept_ids),
            per_file("read", "item", "item-as-item-{}", item=same_file("read", "item"), kept=kept_ids),
            per_file("read", "record", "record-as-item-{}", item=same_file("read", "record"), kept=kept_ids),
        ),
        settings={"records_per_bucket": config.records_per_bucket},
    )
    group = Stage(
        "group",
        grouping.group_unit,
        after=(partition,),
        units=per_bucket(
            "partition",
            record=table_named_after_unit("partition", "bucket="),
            item=table_named_after_unit("partition", "item="),
        ),
    )
    return [partition, group]


def _clean_stage(config: CorpusConfig, group: Stage, platforms: list[Platform]) -> Stage:
    secret = config.corpus_dir / cleaning.SECRET
    return Stage(
        "clean",
        cleaning.clean_unit,
        after=(group,),
        units=per_bucket("group", record=table_named_after_unit("group", "bucket="), secret=fixed_files(secret)),
        settings={**config.clean.model_dump(), "product_platforms": _product_platforms(platforms)},
        source_files=[secret, AMBIGUOUS, SLANG],
    )


def _split_stages(config: CorpusConfig, cleaned: Stage) -> tuple[Stage, Stage]:
    clean_tables = {"record": whole_table("clean", "record"), "bands": whole_table("clean", "bands")}
    settings = {**config.splits.model_dump(), "seed": config.seed}
    split = Stage("split", splits.split_unit, (cleaned,), single_unit(**clean_tables), settings)
    units = single_unit(**clean_tables, decided=whole_stage("split"))
    return split, Stage("leaks", splits.leak_unit, (split,), units)


def _person_stages(config: CorpusConfig, split: Stage, platforms: list[Platform]) -> list[Stage]:
    modules = _list_modules(platforms)
    marginals = Stage(
        "marginals",
        extractive.marginal_unit,
        after=(split,),
        units=single_unit(record=whole_table("clean", "record"), decided=whole_stage("split")),
        settings={"platforms": [platform.name for platform in platforms if platform.profiles.needs_population]},
        source_files=[TALK_FILE],
        modules=modules,
    )
    persons = Stage(
        "persons",
        extractive.person_unit,
        after=(marginals,),
        units=per_file(
            "clean",
            "record",
            record=same_file("clean", "record"),
            decided=table_named_after_unit("split"),
            marginals=whole_table("marginals", "marginals"),
        ),
        settings={"min_history": config.min_history},
        modules=modules,
    )
    if config.synthesizer == "llm":
        return [marginals, persons, *list_synthesis_stages(config, persons, modules)]
    units = per_file("persons", "person", person=same_file("persons", "person"), record=same_file("clean", "record"))
    return [marginals, persons, Stage("quality", people_unit, (persons,), units)]


def _task_stages(config: CorpusConfig, split: Stage, people: Stage, platforms: list[Platform]) -> list[Stage]:
    catalog = Stage(
        "catalog",
        catalog_unit,
        after=(split,),
        units=single_unit(record=whole_table("clean", "record"), decided=whole_stage("split")),
        settings={
            "per_category": config.tasks.per_category,
            "product_platforms": _product_platforms(platforms),
            "purchase_platforms": [platform.name for platform in platforms if platform.products == "bought"],
        },
    )
    task_settings = config.tasks.model_dump(exclude={"per_category", "caps", "held_out_cap"})
    tasks = Stage(
        "tasks",
        task_unit,
        after=(people, catalog),
        units=per_file(
            "quality",
            "person",
            person=same_file("quality", "person"),
            record=same_file("clean", "record"),
            decided=table_named_after_unit("split"),
            catalog=whole_table("catalog", "option"),
            object=same_file("quality", *SYNTHETIC_TABLES),
        ),
        settings=task_settings | {"seed": config.seed},
        source_files=[*sorted(PROMPTS.rglob("*.txt")), *SECTION_FILES],
        modules=_list_modules(platforms),
    )
    return [catalog, tasks]
