"""What a corpus lost and why: an error if nothing is left of a source, and notes on what was kept but may be wrong.

Later stages would fail on nothing with an error about something else, or leave an empty population. So a corpus is
looked at after every stage, and the message names who dropped whom, and the setting that decided it.
"""

from collections.abc import Iterator, Mapping, Sequence

from sandbox.errors import DataError
from training.corpus.config import CorpusConfig, build_source
from training.corpus.report import NOT_LOSSES, write_funnel
from training.curation.cleaning import REASON_SETTINGS as CLEAN_SETTINGS
from training.curation.k_core import REASON_SETTINGS as K_CORE_SETTINGS
from training.panels.build import FITTED, REJECTED
from training.pipeline.funnel import Count, sum_counts
from training.sources.source import DOUBTFUL, FILES

COUNTED_ENTITIES = {
    **dict.fromkeys(("read", "filter", "k_core", "partition", "clean", "split"), ("records",)),
    "persons": ("people", "users"),
    "quality": ("people",),
}
"""What must be left after a stage, and as what its losses are counted; after other stages less may be left."""
NUM_REASONS = 4
"""Reasons that a message names, those with most losses."""


def check_remaining(config: CorpusConfig, stage: str, counts: Sequence[Count]) -> None:
    """Write the funnel and raise `DataError` if a stage has left nothing of a source.

    Of a source whose people a language model leaves out, nothing need be left as long as there are other people.

    Args:
        config: The corpus's settings.
        stage: Name of the stage that was finished last.
        counts: Those of all stages so far.
    """
    if stage not in COUNTED_ENTITIES:
        return
    entity = COUNTED_ENTITIES[stage][0]
    remaining = {name: _count_remaining(stage, name, entity, counts) for name in config.sources}
    lost = [name for name, number in remaining.items() if not number]
    if not lost or (config.synthesizer == "llm" and stage == "quality" and any(remaining.values())):
        return
    write_funnel(config.corpus_dir, counts)
    raise DataError("; ".join(_explain_loss(config, stage, name, counts) for name in lost))


def list_notes(config: CorpusConfig, counts: Sequence[Count]) -> list[str]:
    """Return sentences on what a finished corpus holds, or lacks, that may surprise its user."""
    doubtful = [
        f"source.{count.source}: {count.number:,} {count.entity}: {count.reason}."
        for count in sum_counts(counts)
        if count.entity == DOUBTFUL and count.number
    ]
    decisions = [
        f"source.{count.source}: {count.reason} in {count.number:,} of its files, as all values suggest; set "
        f"source.{count.source}.time_unit if that is wrong."
        for count in sum_counts(counts)
        if count.entity == FILES
    ]
    of_panels = [
        f"panel.{count.source}: {count.number:,} {count.entity}: {count.reason}."
        for count in sum_counts(counts)
        if count.entity in (REJECTED, FITTED) and count.number
    ]
    without_people = [
        f"source.{name}: none of its people is in the population."
        for name in config.sources
        if not _count_remaining("quality", name, "people", counts)
    ]
    return [
        *doubtful,
        *decisions,
        *of_panels,
        *without_people,
        *(_list_task_notes(config, counts) if config.tasks.families else []),
    ]


def _list_task_notes(config: CorpusConfig, counts: Sequence[Count]) -> Iterator[str]:
    """Yield what there are no tasks about."""
    with_tasks = {count.source for count in counts if count.entity == "tasks" and count.number}
    for name in config.sources:
        if name not in with_tasks:
            yield (
                f"source.{name}: no tasks are about its people. A task asks about a record that is later than the "
                "history that a person is made from (splits.history_share), so records need different times; and the "
                f"platform needs forms of tasks.families={config.tasks.families}."
            )
    has_train = any(count.number for count in counts if (count.stage, count.reason) == ("split", "train"))
    if config.sources and not has_train:
        yield (
            "no user is in the split train, so there are no tasks to train on; a hash of the user decides "
            f"(splits.shares={config.splits.shares}, seed={config.seed})."
        )


def _count_remaining(stage: str, source: str, entity: str, counts: Sequence[Count]) -> int:
    return sum(
        count.number
        for count in counts
        if (count.stage, count.source, count.entity) == (stage, source, entity)
        and (count.reason == "out" or (stage == "split" and count.reason in NOT_LOSSES and count.reason != "in"))
    )


def _explain_loss(config: CorpusConfig, stage: str, source: str, counts: Sequence[Count]) -> str:
    """Return the sentence on a source of which a stage has left nothing."""
    funnel = f"{config.corpus_dir / 'funnel.html'} shows all"
    num_read = _count_remaining("read", source, "records", counts)
    losses = sorted(_list_losses(source, counts), key=lambda count: -count.number)
    if not num_read:
        num_rejected = sum(count.number for count in losses)
        if not build_source(source, config.source[source]).files():
            return f"source.{source}: no files are named ({_list_paths(config, source)}); name them"
        found = f"all {num_rejected:,} lines were rejected" if num_rejected else "no records were found"
        return f"source.{source}: nothing is left after the stage {stage}, since {found} in its files; {funnel}"
    reasons = [f"{_word_loss(count, num_read)}{_name_setting(config, count)}" for count in losses]
    more = f", and {len(reasons) - NUM_REASONS} other rules" if len(reasons) > NUM_REASONS else ""
    return (
        f"source.{source}: nothing is left after the stage {stage}: {', '.join(reasons[:NUM_REASONS])}{more}; change "
        f"these settings or leave {source} out of sources ({funnel})"
    )


def _list_paths(config: CorpusConfig, source: str) -> str:
    """Return the settings of a source that name files, with their values."""
    lists = {name: value for name, value in config.source[source].items() if value == [] or name in ("paths", "path")}
    return ", ".join(f"source.{source}.{name}={value}" for name, value in lists.items())


def _list_losses(source: str, counts: Sequence[Count]) -> Iterator[Count]:
    """Yield what was dropped of a source: records as long as there are only these, then users and people."""
    for count in counts:
        is_telling = count.entity in ("lines", COUNTED_ENTITIES.get(count.stage, ("",))[-1])
        is_loss = count.reason not in NOT_LOSSES and not count.reason.startswith("context")
        if count.source == source and is_telling and is_loss and count.number:
            yield count


def _word_loss(count: Count, num_read: int) -> str:
    if count.entity == "lines":
        return f"{count.number:,} lines could not be read"
    of_all = f" of {num_read:,}" if count.entity == "records" else ""
    return f"{count.reason} dropped {count.number:,}{of_all} {count.entity}"


def _name_setting(config: CorpusConfig, count: Count) -> str:
    """Return the setting that decided a loss, with its value, in brackets; "" if none did."""
    platform = build_source(count.source, config.source[count.source]).platform
    filters = config.filters[platform]
    if count.stage == "filter":
        settings = dict(_list_rule_settings(f"filters.{platform}.rules", filters.rules, count.reason))
    elif count.stage == "k_core" and (name := K_CORE_SETTINGS.get(count.reason)):
        settings = {f"filters.{platform}.k_core.{name}": filters.k_core.get(name)}
    elif count.stage == "clean" and (name := CLEAN_SETTINGS.get(count.reason.partition(",")[0])):
        settings = {f"clean.{name}": _look_up(config.clean.model_dump(), name)}
    elif count.stage == "persons":
        settings = {"min_history": config.min_history}
    else:
        settings = {}
    return f" ({', '.join(f'{path}={value}' for path, value in settings.items())})" if settings else ""


def _list_rule_settings(where: str, rules: Sequence[Mapping[str, object]], name: str) -> Iterator[tuple[str, object]]:
    """Yield path and value of the settings of every rule of that name; the rule itself if it has none."""
    for index, rule in enumerate(rules):
        if rule.get("rule") == name:
            values = {key: value for key, value in rule.items() if key not in ("rule", "kinds")}
            yield from ((f"{where}.{index}.{key}", value) for key, value in values.items())
            if not values:
                yield f"{where}.{index}.rule", name


def _look_up(values: Mapping[str, object], path: str) -> object:
    node: object = values
    for name in path.split("."):
        node = node[name] if isinstance(node, Mapping) else None
    return node
