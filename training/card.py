"""The data card of a corpus: what is in it, under which terms, what it cannot say, and how to delete somebody."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from sandbox.people import Profile
from training.funnel import Count

if TYPE_CHECKING:
    from training.corpus import CorpusConfig

STAGES = ("read", "filter", "core", "clean", "split")
TEMPLATE = Path(__file__).parent / "card.md"


def write_card(
    config: "CorpusConfig", people: Sequence[Profile], counts: Sequence[Count], tasks: Mapping[str, Mapping[str, int]]
) -> None:
    """Write `card.md`."""
    template = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    text = template.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        config=config,
        stages=STAGES,
        sources=[_source(name, config.source[name], people, counts) for name in config.sources],
        people=len(people),
        platforms=sorted(Counter(one.platform for one in people).items()),
        splits=sorted(Counter(one.split for one in people).items()),
        words=median(one.words for one in people) if people else 0,
        tasks={split: dict(forms) for split, forms in tasks.items()},
        forms=sorted({form for forms in tasks.values() for form in forms}),
    )
    (config.corpus_dir / "card.md").write_text(text, encoding="utf-8")


def _left(stage: str, total: Callable[..., int]) -> str:
    """Records that a stage has left, and users and items where these are counted."""
    sides = ("out", "train", "val", "test")
    counted = {what: total(stage, what, *sides) for what in ("users", "items")}
    others = ", ".join(f"{number:,} {what}" for what, number in counted.items() if number)
    return f"{total(stage, 'records', *sides, 'seen'):,}" + (f" ({others})" if others else "")


def _source(name: str, node: Mapping[str, Any], people: Sequence[Profile], counts: Sequence[Count]) -> dict[str, Any]:
    def total(stage: str, what: str, *reasons: str) -> int:
        mine = (one for one in counts if (one.stage, one.source, one.what) == (stage, name, what))
        return sum(one.number for one in mine if one.reason in reasons)

    return {
        "name": name,
        "citation": node.get("citation", ""),
        "licence": node.get("licence", "not stated"),
        "left": {stage: _left(stage, total) for stage in STAGES},
        "people": sum(one.source == name for one in people),
    }
