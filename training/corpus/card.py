"""The data card of a corpus: what is in it, under which terms, what it cannot say, and how to delete a user."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from sandbox.core.profile import Profile
from sandbox.files import replace_text
from training.corpus.config import CorpusConfig
from training.panels.build import STAGE as PANELS
from training.pipeline.funnel import Count
from training.sources.record import SPLITS

STAGES = ("read", "filter", "k_core", "clean", "split")
TEMPLATE = Path(__file__).parent / "card.md"


def write_card(
    config: CorpusConfig, people: Sequence[Profile], counts: Sequence[Count], tasks: Mapping[str, Mapping[str, int]]
) -> None:
    """Write `card.md`.

    Args:
        config: The corpus's settings.
        people: Its population.
        counts: Its funnel.
        tasks: Number of tasks by split and form.
    """
    template = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    text = template.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        config=config,
        stages=STAGES,
        sources=[_describe_source(name, config.source[name], people, counts) for name in config.sources],
        panels=[_describe_panel(name, config.panel[name], counts) for name in config.panels],
        people=len(people),
        platforms=sorted(Counter(person.platform for person in people).items()),
        splits=sorted(Counter(person.split for person in people).items()),
        tasks={split: dict(forms) for split, forms in tasks.items()},
        forms=sorted({form for forms in tasks.values() for form in forms}),
    )
    replace_text(config.corpus_dir / "card.md", text)


def _describe_source(
    name: str, node: Mapping[str, Any], people: Sequence[Profile], counts: Sequence[Count]
) -> dict[str, Any]:
    def total(stage: str, entity: str, *reasons: str) -> int:
        return _count_of(counts, (stage, name, entity), reasons)

    return {
        "name": name,
        "citation": node.get("citation", ""),
        "licence": node.get("licence", "not stated"),
        "remaining": {stage: _describe_remaining(stage, total) for stage in STAGES},
        "people": sum(person.source == name for person in people),
    }


def _describe_panel(name: str, node: Mapping[str, Any], counts: Sequence[Count]) -> dict[str, Any]:
    def total(entity: str) -> int:
        return _count_of(counts, (PANELS, name, entity), SPLITS)

    return {
        "name": name,
        "citation": node.get("citation", ""),
        "licence": node.get("licence", "not stated"),
        "people": total("people"),
        "decisions": total("decisions"),
    }


def _count_of(counts: Sequence[Count], of: tuple[str, str, str], reasons: Collection[str]) -> int:
    """Return the sum of what was counted of a stage, source and entity, for some reasons."""
    return sum(
        count.number for count in counts if (count.stage, count.source, count.entity) == of and count.reason in reasons
    )


def _describe_remaining(stage: str, total: Callable[..., int]) -> str:
    """Return how many records a stage left, and how many users and items if these are counted."""
    sides = ("out", "train", "val", "test")
    numbers = {entity: total(stage, entity, *sides) for entity in ("users", "items")}
    details = ", ".join(f"{number:,} {entity}" for entity, number in numbers.items() if number)
    return f"{total(stage, 'records', *sides, 'seen'):,}" + (f" ({details})" if details else "")
