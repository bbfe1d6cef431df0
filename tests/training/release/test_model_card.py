import json

import polars as pl
import pytest

from agents.models import find_terms
from agents.shipped import ADAPTERS_DIR
from training.release.model_card import list_shortcomings, render_card
from training.release.ship import load_release_config


def test_the_card_lists_where_a_model_falls_short() -> None:
    rows = [
        ("tuned - base", "stars", "nll", -0.3, -0.4, -0.2),
        ("tuned - majority", "stars", "nll", 0.1, -0.1, 0.2),
        ("tuned - last", "stars", "nll", 0.1, 0.1, 0.2),
        ("tuned - tuned, shuffled", "stars", "nll", 0.0, -0.1, 0.1),
        ("tuned - base", "stars", "entropy gap", 0.2, 0.1, 0.3),
        ("tuned - base", "general prose", "nll per character", 0.2, 0.1, 0.3),
    ]
    columns = ["contrast", "form", "metric", "value", "low", "high"]
    contrasts = pl.DataFrame(rows, schema=columns, orient="row").with_columns(model=pl.lit("tuned"))
    pairs = [("base", 0.7), ("tuned", 0.6), ("people", 0.9), ("another's", 0.9)]
    scores = pl.DataFrame(pairs, schema=["model", "value"], orient="row").with_columns(
        form=pl.lit("review"), metric=pl.lit("distinct-2"), control=pl.lit("own")
    )
    assert list(list_shortcomings(contrasts, scores)) == [
        "stars: not significantly better than majority, 0.100 (-0.100 to 0.200)",
        "stars: not significantly better than with shuffled people, 0.000 (-0.100 to 0.100)",
        "stars: the entropy of its answers is further from people's than the base's is, 0.200 (0.100 to 0.300)",
        "review: distinct-2 differs from people's by 0.300, the base's by 0.200",
    ]


@pytest.mark.parametrize("name", ["smollm2-135m", "gemma3-270m"])
def test_the_shipped_card_is_what_the_template_renders(name: str) -> None:
    folder = ADAPTERS_DIR / name
    recipe = load_release_config([f"humanllm={name}"]).model_dump()
    manifest = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    card = render_card(recipe, manifest, folder, find_terms(name)[0])
    assert card == (folder / "README.md").read_text(encoding="utf-8")
