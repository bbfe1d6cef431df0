"""The model card of a shipped adapter, rendered from its recipe, its training manifest and its evaluation."""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, StrictUndefined

from training.evaluation.generated_texts import ANOTHER, PEOPLE
from training.evaluation.likelihoods import CHAT, PROSE
from training.evaluation.report import MAIN_METRICS
from training.tasks.list_lookup import LOOKUP_FORMS

TEMPLATE = Path(__file__).parent / "modelcard.md"
BASE = "base"
COMMON_BASELINES = ("majority", "popular", "uniform")
"""Baselines that predict what most people do."""


def render_card(recipe: Mapping[str, Any], manifest: Mapping[str, Any], evaluation_dir: Path, licence: str) -> str:
    """Render the model card.

    Args:
        recipe: Fields of the `ReleaseRecipe`.
        manifest: Manifest of the training.
        evaluation_dir: Folder with `scores.csv` and `contrasts.csv`.
        licence: Terms of the base model.
    """
    jinja = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    scores, contrasts = (pl.read_csv(evaluation_dir / name) for name in ("scores.csv", "contrasts.csv"))
    is_main = pl.col("metric").is_in(MAIN_METRICS)
    return jinja.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        recipe=recipe,
        manifest=manifest,
        settings=manifest["settings"],
        licence=licence,
        shortcomings=list(list_shortcomings(contrasts, scores)),
        scores=scores.filter(is_main, pl.col("control") == "own").sort("form").to_dicts(),
        contrasts=contrasts.filter(is_main, pl.col("model") != BASE).sort("form").to_dicts(),
    )


def list_shortcomings(contrasts: pl.DataFrame, scores: pl.DataFrame) -> Iterator[str]:
    """Yield where a fine-tuned model falls short of its base, of common baselines, of people, or ignores the person.

    Args:
        contrasts: Rows of `contrasts.csv`.
        scores: Rows of `scores.csv`.
    """
    is_about_people = ~pl.col("form").is_in((CHAT, PROSE))
    for row in contrasts.filter(pl.col("model") != BASE, is_about_people).iter_rows(named=True):
        name, opponent = row["model"], row["contrast"].removeprefix(f"{row['model']} - ")
        size = f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        if row["metric"] in MAIN_METRICS and not row["high"] < 0:  # NaN is no proof
            if opponent in (BASE, *COMMON_BASELINES):
                yield f"{row['form']}: not significantly better than {opponent}, {size}"
            elif opponent == f"{name}, shuffled" and row["form"] not in LOOKUP_FORMS:
                yield f"{row['form']}: not significantly better than with shuffled people, {size}"
        if row["metric"] == "entropy gap" and opponent == BASE and row["low"] > 0:
            yield f"{row['form']}: the entropy of its answers is further from people's than the base's is, {size}"
    yield from _diversity_shortcomings(scores)


def _diversity_shortcomings(scores: pl.DataFrame) -> Iterator[str]:
    """Yield the forms in which a fine-tuned model's texts are further from people's diversity than its base's are."""
    for form, metric in product(sorted(set(scores["form"])), ("distinct-2", "self-similarity")):
        rows = scores.filter(pl.col("form") == form, pl.col("metric") == metric, pl.col("control") == "own")
        values = dict(rows.select("model", "value").iter_rows())
        for name in sorted(set(values) - {BASE, PEOPLE, ANOTHER}):
            distance, base_distance = (abs(values[model] - values[PEOPLE]) for model in (name, BASE))
            if distance > base_distance:
                yield f"{form}: {metric} differs from people's by {distance:.3f}, the base's by {base_distance:.3f}"
