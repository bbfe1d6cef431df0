"""Settings of a corpus, and how `python -m training corpus` loads them."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator, model_validator

from sandbox.composition import compose, list_choices, resolve_target
from sandbox.errors import ConfigError, quote_value, unknown
from sandbox.settings import Settings, validate
from training.panels.build import build_panel
from training.sources.platform import find_platform
from training.sources.source import Source
from training.synthesis.judge import JudgeConfig
from training.synthesis.synthesizer import SynthesisConfig
from training.tasks.forms import Family

SHARE_TOLERANCE = 1e-6
"""Difference from 1 that a sum of shares may have."""
GROUPS = ("source", "panel", "corpus", "synthesis", "judge", "mind")


class LanguageConfig(Settings):
    """Which texts are English."""

    min_characters: int = Field(ge=0)
    """Shorter texts pass: their language cannot be identified."""
    threshold: float = Field(ge=0, le=1)
    """Probability of English from which a text passes."""


class SplitConfig(Settings):
    """How people and their records are divided."""

    shares: dict[Literal["train", "val", "test"], Annotated[float, Field(ge=0, le=1)]]
    """Shares of the users of a source that has no split of its own; together 1."""
    history_share: float = Field(gt=0, lt=1)
    """Share of a user's records, oldest first, that the person is made from; tasks come from the rest."""
    early_share: float = Field(ge=0, lt=1)
    """Share of a train user's records that their earlier self is made from; 0 for no earlier selves."""
    seen_share: float = Field(ge=0, lt=1)
    """Share of a train user's records, the last ones, that are held out as `seen`."""

    @field_validator("shares")
    @classmethod
    def _check_sum(cls, shares: dict[str, float]) -> dict[str, float]:
        if abs(sum(shares.values()) - 1) > SHARE_TOLERANCE:
            raise ValueError(f"the shares of the splits must add up to 1, found {sum(shares.values()):g}")
        return shares


class CleanConfig(Settings):
    """Which records are fit to be learnt from."""

    language: LanguageConfig
    duplicate_threshold: float = Field(gt=0, le=1)
    """Jaccard similarity from which a user's text is a near-duplicate of an earlier one of theirs."""
    max_toxic: float = Field(ge=0, le=1)
    """Texts with a higher probability of being toxic are dropped."""
    min_records: PositiveInt
    """Users with fewer records left are dropped."""


class MemoryConfig(Settings):
    """How much of their earlier records people remember in a task, in tokens."""

    recent: PositiveInt
    salient: NonNegativeInt


class TaskConfig(Settings):
    """Which tasks are built, and how many."""

    families: list[Family]
    per_user: PositiveInt
    """Decision points of a user, or decisions of a panel's person, that are asked about, drawn by hash."""
    hard: NonNegativeInt
    """Options of the same community or category and price band as the chosen one."""
    uniform: NonNegativeInt
    """Options from anywhere."""
    draws: PositiveInt
    """Lists of options with which a decision point of `train` is asked about, each with other options in another
    order."""
    varied_share: float = Field(ge=0, le=1)
    """Share of the sandbox's train questions that are presented differently: other labels, reversed scales or
    profiles, and a paraphrase of a panel's question."""
    forgetful_share: float = Field(ge=0, le=1)
    """Share of the sandbox's train questions that are asked of a person who remembers nothing, so that a model has to
    read the situation."""
    per_category: PositiveInt
    """Products or threads of a category or community that options are drawn from."""
    memory: MemoryConfig
    min_words: PositiveInt
    max_words: PositiveInt
    """Only texts within these bounds become writing tasks."""
    length_hint: bool
    """Whether the paper's forms say how long the answer is, as they do in the paper."""
    caps: dict[str, int | None]
    """Maximum number of train tasks of each form, per platform; null or absent: all."""
    held_out_cap: int | None
    """The same for each of val, test and seen, and for every form."""


class FiltersConfig(Settings):
    """What is dropped of one platform."""

    rules: list[dict[str, Any]]
    """Rules about single records, in order; see `RULES` in `curation/filters.py`."""
    k_core: dict[str, Any]
    """Rules about users and items with all their records; see `KCoreConfig` in `curation/k_core.py`."""


class CorpusConfig(Settings):
    """Everything that a corpus depends on."""

    sources: list[str]
    """Names of sources, each a file in `conf/source/` or a key of `source`; may be empty if there are panels."""
    source: dict[str, dict[str, Any]]
    """Settings of each source, by its name."""
    panels: list[str]
    """Names of experiments and panels, each a file in `conf/panel/` or a key of `panel`."""
    panel: dict[str, dict[str, Any]]
    """Settings of each panel, by its name."""
    filters: dict[str, FiltersConfig]
    """Filters by platform, each a file in `conf/filters/` or given here."""
    clean: CleanConfig
    splits: SplitConfig
    tasks: TaskConfig
    synthesizer: Literal["extractive", "llm"]
    """Who words the persons: templates, or a language model, which also makes material for further tasks."""
    mind: dict[str, Any] | None
    """Node of the mind that `llm` asks."""
    model: str | None
    """Its language model: a known name, a hub id or a folder."""
    cache: bool
    """Whether answers of language models are kept and reused."""
    synthesis: SynthesisConfig
    judge: JudgeConfig
    min_history: PositiveInt
    """Records that a person's history must have."""
    records_per_bucket: PositiveInt
    """Approximate size of the buckets in which users are processed; memory grows with it, not with the corpus."""
    people: dict[str, NonNegativeInt | None]
    """Maximum number of people in the population, by platform; null or absent: all."""
    secret: str | None
    """Text that the key of the hashed ids is made from; null: a random key, kept in the corpus's folder."""
    seed: int = Field(ge=0, lt=1 << 64)
    """Decides every draw: splits, tasks and options."""
    launcher: Literal["local", "ray"]
    """Where units run: in this process, or on a Ray cluster."""
    corpus_dir: Path
    """Folder of the corpus; stages that were finished there under the same settings are kept."""

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if not (self.sources or self.panels):
            raise ValueError("a corpus needs at least one of sources and panels")
        counts = Counter([*self.sources, *self.panels])
        if repeated := [name for name, number in counts.items() if number > 1]:
            raise ValueError(f"{repeated[0]} is named twice among sources and panels; give every one a name of its own")
        return self


def load_corpus_config(overrides: Sequence[str]) -> CorpusConfig:
    """Compose and check the configuration.

    The names in `sources` bring in their files from `conf/source/`, those in `panels` theirs from `conf/panel/`, and
    the sources' platforms theirs from `conf/filters/`, unless the settings have them already.

    Raises:
        ConfigError: A setting is unknown or invalid, or a source, panel or platform has no settings.
    """
    _refuse_group_choices(overrides)
    general = [override for override in overrides if not override.lstrip("+").startswith(("source.", "panel."))]
    settings = compose(general, "corpus", GROUPS)
    names, panels = (_list_names(settings[group]) for group in ("sources", "panels"))
    if not (names or panels):
        raise ConfigError("sources is empty; name some, such as sources=[reddit,blogger] or corpus=shared, or panels")
    for group, chosen in (("source", names), ("panel", panels)):
        _check_names(overrides, group, {*chosen, *settings[group]})
    extra = [*_bring_in("source", names, settings["source"]), *_bring_in("panel", panels, settings["panel"])]
    settings = compose([*extra, *overrides], "corpus", GROUPS)
    for name in panels:
        build_panel(name, settings["panel"][name])
    platforms = sorted({build_source(name, settings["source"][name]).platform for name in names})
    for platform in platforms:
        find_platform(platform)
    if extra_filters := _bring_in("filters", platforms, settings["filters"]):
        settings = compose([*extra, *extra_filters, *overrides], "corpus", GROUPS)
    return validate(CorpusConfig, settings)


def build_source(name: str, node: Mapping[str, Any]) -> Source:
    """Return the source of that name from its settings."""
    kind, settings = resolve_target(node, f"source.{name}")
    if not (isinstance(kind, type) and issubclass(kind, Source)):
        raise ConfigError(f"source.{name}._target_ must name a subclass of training.sources.source.Source")
    return validate(kind, settings, f"source.{name}")


def find_earliest_day(source: Source) -> date:
    """Return the first possible day of a source's records: its own, or else that of its platform."""
    return source.earliest or find_platform(source.platform).since


def _refuse_group_choices(overrides: Sequence[str]) -> None:
    """Raise `ConfigError` for `source=reddit`, which would replace all sources."""
    for override in overrides:
        if match := re.match(r"\+*(source|panel)=(?!{)", override):
            name = override.partition("=")[2]
            raise ConfigError(
                f"invalid override {quote_value(override)}: a corpus has several; write {match[1]}s=[{name}]"
            )


def _list_names(value: Any) -> list[str]:
    return list(dict.fromkeys(map(str, value))) if isinstance(value, list) else []


def _check_names(overrides: Sequence[str], group: str, names: Collection[str]) -> None:
    """Raise `ConfigError` if an override is about a source or panel that is not read."""
    for override in overrides:
        match = re.match(rf"[+~]*{group}\.([^.=]+)", override)
        if match and match[1] not in names:
            raise ConfigError(f"invalid override {override!r}: {unknown(group, match[1], names)} See {group}s=[...].")


def _bring_in(group: str, names: Sequence[str], present: Mapping[str, Any]) -> list[str]:
    """Return the overrides that add the files of a group for those names that have no settings yet."""
    choices = list_choices(group)
    missing = [name for name in names if name not in present]
    for name in missing:
        if name not in choices:
            raise ConfigError(f"{unknown(group, name, choices)} Or add conf/{group}/{name}.yaml.")
    return [f"+{group}@{group}.{name}={name}" for name in missing]
