"""The Cognitive Genome: the stages that lead from raw logs to people and tasks, in order.

Every stage is a function of its input files and settings (`stages.py`); this file says which, after which, and with
what settings. Nothing here knows what a stage does.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from agents.prompt import SECTIONS
from sandbox.config import Frozen, choices, compose, targeted
from sandbox.errors import ConfigError, unknown
from sandbox.validation import validated
from training import clean, core, filters, grouping, splits
from training.funnel import Count
from training.launchers import launcher_of
from training.names import AMBIGUOUS
from training.persons import extractive
from training.persons.posters import TALK_FILE
from training.privacy import make_key
from training.quality import people_unit
from training.sources.source import Source, read_unit, read_whole
from training.stages import Folders, Stage, Unit, run_stage
from training.synthesis.asking import close_mind
from training.synthesis.judge import JudgeConfig
from training.synthesis.pipeline import synthesis_stages
from training.synthesis.synthesizer import SynthesisConfig
from training.tasks.build import task_unit, task_units
from training.tasks.catalog import catalog_unit, catalog_units
from training.tasks.example import PROMPTS, Family

GROUPS = ("source", "corpus", "synthesis", "judge", "mind")


class LanguageConfig(Frozen):
    """Which texts are English."""

    min_characters: int = Field(ge=0)
    """Shorter texts pass: their language cannot be told."""
    threshold: float = Field(ge=0, le=1)
    """Probability of English from which a text passes."""


class SplitConfig(Frozen):
    """How people and their records are divided."""

    shares: dict[Literal["train", "val", "test"], float]
    """Of users, where their source has no split of its own."""
    history_share: float = Field(gt=0, lt=1)
    """Share of a user's records, oldest first, that the person is made from; tasks come from the rest."""
    early_share: float = Field(ge=0, lt=1)
    """Share of a train user's records that their earlier self is made from; 0 for no earlier selves."""
    seen_share: float = Field(ge=0, lt=1)
    """Share of a train user's records, the last ones, that are held out as `seen`."""


class CleanConfig(Frozen):
    """What is fit to be learnt from."""

    language: LanguageConfig
    duplicate_threshold: float = Field(gt=0, le=1)
    """Jaccard similarity from which a user's text is a copy of an earlier one of theirs."""
    max_toxic: float = Field(ge=0, le=1)
    """Texts with a higher probability of being toxic are dropped."""
    min_records: PositiveInt
    """Users with fewer records left are dropped."""


class MemoryConfig(Frozen):
    """How much of their earlier records people remember in a task, in tokens."""

    recent: PositiveInt
    salient: NonNegativeInt


class TaskConfig(Frozen):
    """What is asked about people, and how much of it."""

    families: list[Family]
    per_user: PositiveInt
    """Moments of a user that are asked about, drawn by hash."""
    hard: NonNegativeInt
    """Options of the same place and price band as the chosen one."""
    uniform: NonNegativeInt
    """Options of anywhere."""
    draws: PositiveInt
    """Lists of options with which a train moment is asked about, each with other options in another order."""
    varied_share: float = Field(ge=0, le=1)
    """Share of the sandbox's train questions that have other letters, scales from their end or profiles from theirs."""
    per_place: PositiveInt
    """Products or threads of a place that options are drawn from."""
    memory: MemoryConfig
    fewest_words: PositiveInt
    most_words: PositiveInt
    """Texts outside of these bounds are nothing to be written."""
    length_hint: bool
    """Whether the paper's forms tell how long the answer is, as the paper does."""
    caps: dict[str, int | None]
    """Train tasks of a form, by platform; null or absent: all."""
    held_out_cap: int | None
    """The same for each of val, test and seen, of every form."""


class RulesConfig(Frozen):
    """Rules of one platform."""

    row: list[dict[str, Any]]
    """Over single records, in order; see `filters.RULES`."""
    core: dict[str, Any]
    """Over whole users and items; see `core.CoreConfig`."""


class CorpusConfig(Frozen):
    """Everything that a corpus depends on."""

    sources: list[str] = Field(min_length=1)
    """Names of sources, each a file in `conf/source/`."""
    source: dict[str, dict[str, Any]]
    """Settings of each source, by its name."""
    rules: dict[str, RulesConfig]
    """Rules by platform."""
    clean: CleanConfig
    splits: SplitConfig
    tasks: TaskConfig
    synthesizer: Literal["extractive", "llm"]
    """Who words the persons' figures: templates, or a language model, which makes what may be asked about them too."""
    mind: dict[str, Any] | None
    """Node of the mind that `llm` asks."""
    model: str | None
    """Its language model: a known name, a hub id or a folder."""
    cache: bool
    """Whether answers of language models are kept and used again."""
    synthesis: SynthesisConfig
    judge: JudgeConfig
    min_history: PositiveInt
    """Records before the cut that a person needs."""
    records_per_bucket: PositiveInt
    """Users are processed in buckets of about so many records; memory grows with it, not with the corpus."""
    people: dict[str, int | None]
    """People that go into the population, by platform; null for all."""
    secret: str | None
    """Text that the key of the hashed ids is made from; null: a random key, kept in the corpus's folder."""
    seed: int
    launcher: Literal["local", "ray"]
    """Where units run: in this process, or on a Ray cluster."""
    corpus_dir: Path
    """Folder of the corpus; stages that are there already under the same settings are kept."""


def configured(overrides: Sequence[str]) -> CorpusConfig:
    """Compose and check the configuration; the names in `sources` bring in their files from `conf/source/`."""
    general = [one for one in overrides if not one.lstrip("+").startswith("source.")]
    names = compose(general, "corpus", GROUPS)["sources"]
    if not isinstance(names, list) or not names:
        raise ConfigError("sources is empty; name some, such as sources=[reddit,blogger] or corpus=shared")
    known = choices("source")
    for name in names:
        if name not in known:
            raise ConfigError(unknown("source", str(name), known))
    brought = [f"+source@source.{name}={name}" for name in names]
    return validated(CorpusConfig, compose([*brought, *overrides], "corpus", GROUPS))


def stages_of(config: CorpusConfig) -> list[Stage]:
    """All stages, in order."""
    made = {name: _source(name, config.source[name]) for name in config.sources}
    files = {name: list(one.files()) for name, one in made.items()}
    units = [(f"{name}-{number:05}", [path]) for name in made for number, path in enumerate(files[name])]
    of = {str(path): name for name in made for path in files[name]}
    every = [path for _, (path,) in units]
    kinds = sorted({type(one).__module__ for one in made.values()})
    settings = {"sources": config.source, "of": of}
    read = Stage("read", read_unit, (), lambda _: units, settings, every, kinds, read_whole)
    row_rules = {platform: rules.row for platform, rules in config.rules.items()}
    files_of = _each("read", "record")
    filtered = Stage("filter", filters.filter_unit, (read,), files_of, row_rules, whole=filters.filter_whole)
    core_settings = {**{platform: rules.core for platform, rules in config.rules.items()}, "seed": config.seed}
    kept = Stage("core", core.core_unit, (filtered,), core.core_units, core_settings)
    bucketed = {"records_per_bucket": config.records_per_bucket}
    part = Stage("part", grouping.part_unit, (kept,), grouping.part_units, bucketed)
    group = Stage("group", grouping.group_unit, (part,), grouping.group_units)
    inputs = [config.corpus_dir / clean.SECRET, AMBIGUOUS]
    cleaned = Stage("clean", clean.clean_unit, (group,), clean.clean_units, config.clean.model_dump(), inputs)
    split_settings = {**config.splits.model_dump(), "seed": config.seed}
    split = Stage("split", splits.split_unit, (cleaned,), splits.split_units, split_settings)
    leaks = Stage("leaks", splits.leak_unit, (split,), splits.leak_units)
    persons = _persons(config, split)
    return [read, filtered, kept, part, group, cleaned, split, leaks, *persons, *_tasks(config, split, persons[-1])]


def _persons(config: CorpusConfig, split: Stage) -> list[Stage]:
    marginals = Stage("marginals", extractive.marginal_unit, (split,), extractive.marginal_units, inputs=[TALK_FILE])
    enough = {"min_history": config.min_history}
    persons = Stage("persons", extractive.person_unit, (marginals,), extractive.person_units, enough)
    if config.synthesizer == "llm":
        return [marginals, persons, *synthesis_stages(config, persons)]
    return [marginals, persons, Stage("quality", people_unit, (persons,), _people_units)]


def _tasks(config: CorpusConfig, split: Stage, people: Stage) -> list[Stage]:
    kept = {"per_place": config.tasks.per_place}
    catalog = Stage("catalog", catalog_unit, (split,), catalog_units, kept)
    asked = config.tasks.model_dump(exclude={"per_place", "caps", "held_out_cap"}) | {"seed": config.seed}
    prompts = [*sorted(PROMPTS.rglob("*.txt")), *SECTIONS]
    return [catalog, Stage("tasks", task_unit, (people, catalog), task_units, asked, prompts)]


def _people_units(folders: Folders) -> list[Unit]:
    return [
        (name, [*files, folders.root / "clean" / "record" / files[0].name])
        for name, files in folders.each("persons", "person")
    ]


def build(config: CorpusConfig, told: Callable[[str, int, int], None] = lambda stage, done, total: None) -> list[Count]:
    """Do all stages that are not done; returns the funnel."""
    launcher = launcher_of(config.launcher)
    config.corpus_dir.mkdir(parents=True, exist_ok=True)
    make_key(config.corpus_dir / clean.SECRET, config.secret)
    counts: list[Count] = []
    try:
        for stage in stages_of(config):
            counts += run_stage(config.corpus_dir, stage, launcher, told)
    finally:
        close_mind()
    return counts


def _source(name: str, node: Mapping[str, Any]) -> Source:
    kind, settings = targeted(node, f"source.{name}")
    if not (isinstance(kind, type) and issubclass(kind, Source)):
        raise ConfigError(f"source.{name}._target_ must name a subclass of training.sources.source.Source")
    return validated(kind, settings, f"source.{name}")


def _each(stage: str, table: str) -> Callable[[Folders], Sequence[Unit]]:
    return lambda folders: folders.each(stage, table)
