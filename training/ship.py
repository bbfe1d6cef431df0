"""From logs to a shipped adapter: every command in turn, then the adapter with its card.

adapter_model.safetensors, adapter_config.json   the adapter in bfloat16, as PEFT and vLLM read it
README.md                                        its model card, with the legal texts in the base's folder beside it
training.json                                    settings, versions, hardware and time of the training
scores.csv, contrasts.csv                        the whole evaluation
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import torch
from jinja2 import Environment, StrictUndefined
from pydantic import Field
from safetensors.torch import load_file, save_file

from agents.models import terms
from sandbox.config import Frozen, compose
from sandbox.errors import DataError
from sandbox.validation import validated
from training.evaluate.likelihoods import CHAT, PROSE
from training.evaluate.report import MAIN
from training.evaluate.written import ANOTHER, PEOPLE
from training.merge import ADAPTER, scale_adapter
from training.tasks.reading import FORMS

TEMPLATE = Path(__file__).parent / "modelcard.md"
BASE = "base"
COMMON = ("majority", "popular", "uniform")
"""Guesses that say what most people do."""


class Recipe(Frozen):
    """How one HumanLLM is made (`conf/humanllm/`): what one would type after each command."""

    corpus: list[str]
    sft: list[str]
    evaluate: list[str]
    weight: float = Field(ge=0, le=1)
    """Share of the tuned model in what ships."""
    folder: Path
    """Where it ships."""
    note: str = ""
    """What the card should say about how what is there was really made."""
    tried: list[str] = Field(default=[])
    """What was tried where it falls short, and what came of it."""


class ShipConfig(Frozen):
    """What to make."""

    humanllm: Recipe


Command = Callable[[list[str]], int]


def configured(overrides: Sequence[str]) -> Recipe:
    """Compose and check the configuration."""
    return validated(ShipConfig, compose(overrides, "all", ("humanllm",))).humanllm


def make_all(recipe: Recipe, commands: Mapping[str, Command]) -> Path:
    """Corpus, training, evaluation, and the adapter with its card; each goes on where it was stopped.

    Args:
        recipe: What to make.
        commands: `corpus`, `sft` and `evaluate`, given what one would type after them.
    """
    for name, overrides in (("corpus", recipe.corpus), ("sft", recipe.sft), ("evaluate", recipe.evaluate)):
        print(f"python -m training {name} {' '.join(overrides)}")
        commands[name](list(overrides))
    return ship(recipe)


def ship(recipe: Recipe) -> Path:
    """Write the folder that ships; returns it.

    Raises:
        DataError: The training or its evaluation has not been done.
    """
    trained, evaluated = _named(recipe.sft, "out_dir"), _named(recipe.evaluate, "out_dir")
    for needed in (trained / "adapter" / ADAPTER, trained / "manifest.json", evaluated / "contrasts.csv"):
        if not needed.is_file():
            raise DataError(f"{needed} is missing; `python -m training all` makes it")
    manifest = json.loads((trained / "manifest.json").read_text(encoding="utf-8"))
    if "corpus_sha256" not in manifest:
        raise DataError(f"{trained / 'manifest.json'} is of an earlier version and lacks corpus_sha256; train anew")
    folder = recipe.folder
    scale_adapter(trained / "adapter", recipe.weight, folder)
    _halve(folder / ADAPTER)
    _mend_config(folder, manifest["settings"]["model"])
    shutil.copy2(trained / "manifest.json", folder / "training.json")
    licence, texts = terms(manifest["settings"]["model"])
    for path in (evaluated / "scores.csv", evaluated / "contrasts.csv", *texts):
        shutil.copy2(path, folder / path.name)
    (folder / "README.md").write_text(_card(recipe, manifest, evaluated, licence), encoding="utf-8")
    return folder


def _named(overrides: Sequence[str], name: str) -> Path:
    found = [one.removeprefix(f"{name}=") for one in overrides if one.startswith(f"{name}=")]
    if not found:
        raise DataError(f"conf/humanllm: {name}=... is missing among {list(overrides)}; name a folder")
    return Path(found[-1])


def _halve(path: Path) -> None:
    """Keep the tensors in bfloat16, the type that they are used in."""
    save_file({name: one.to(torch.bfloat16) for name, one in load_file(path).items()}, path, {"format": "pt"})


def _mend_config(folder: Path, model: str) -> None:
    """Name the base as we name it, not by the folder where it was on the machine that trained."""
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "base_model_name_or_path": model}, indent=2) + "\n", encoding="utf-8")
    for left in ("README.md", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (folder / left).unlink(missing_ok=True)


def _card(recipe: Recipe, manifest: Mapping[str, Any], evaluated: Path, licence: str) -> str:
    template = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    scores, contrasts = (pl.read_csv(evaluated / name) for name in ("scores.csv", "contrasts.csv"))
    is_main = pl.col("figure").is_in(MAIN)
    return template.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        recipe=recipe,
        manifest=manifest,
        settings=manifest["settings"],
        licence=licence,
        misses=list(misses(contrasts, scores)),
        scores=scores.filter(is_main, pl.col("who") == "own").sort("form").to_dicts(),
        contrasts=contrasts.filter(is_main, pl.col("contestant") != BASE).sort("form").to_dicts(),
    )


def misses(contrasts: pl.DataFrame, scores: pl.DataFrame) -> Iterator[str]:
    """Where a tuned model falls short: of its base, of common guesses, of itself with others' persons, of people.

    Args:
        contrasts: Rows of `contrasts.csv`.
        scores: Rows of `scores.csv`.
    """
    for row in contrasts.filter(pl.col("contestant") != BASE, ~pl.col("form").is_in((CHAT, PROSE))).iter_rows(
        named=True
    ):
        mine, other = row["contestant"], row["contrast"].removeprefix(f"{row['contestant']} - ")
        size = f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        if row["figure"] in MAIN and row["high"] >= 0:
            if other in (BASE, *COMMON):
                yield f"{row['form']}: not shown to be better than {other}, {size}"
            elif other == f"{mine}, shuffled" and row["form"] not in FORMS:
                yield f"{row['form']}: another's person does not make it measurably worse, {size}"
        if row["figure"] == "entropy gap" and other == BASE and row["low"] > 0:
            yield f"{row['form']}: its answers are spread less like people's than the base's, {size}"
    yield from _less_various(scores)


def _less_various(scores: pl.DataFrame) -> Iterator[str]:
    """Forms in which a tuned model's texts are further from the variety of people's than its base's are."""
    for form, figure in product(sorted(set(scores["form"])), ("distinct-2", "self-similarity")):
        mine = scores.filter(pl.col("form") == form, pl.col("figure") == figure, pl.col("who") == "own")
        values = dict(mine.select("contestant", "value").iter_rows())
        for name in set(values) - {BASE, PEOPLE, ANOTHER}:
            apart = [abs(values[one] - values[PEOPLE]) for one in (name, BASE)]
            if apart[0] > apart[1]:
                yield f"{form}: {figure} is {apart[0]:.3f} from people's, the base's {apart[1]:.3f}"
