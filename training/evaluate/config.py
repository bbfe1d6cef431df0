"""Settings of `python -m training evaluate`."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator, model_validator

from agents.shipped import SHIPPED
from sandbox.config import Frozen

Control = Literal["own", "shuffled", "nobody", "history", "profile"]
"""Who is put in the person's place: they themselves, somebody else of their kind, nobody; or half of them, what they
remember or who they are."""
OWN: Control = "own"


class JudgeSettings(Frozen):
    """Who judges answers in the forms that a language model made."""

    mind: dict[str, Any] | None
    """Node of a mind; null: nobody judges."""
    model: str | None
    """Its language model: a known name, a hub id or a folder; none that contestants come from or learnt from."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.mind is None) != (self.model is None):
            raise ValueError("needs both mind and model, such as mind@judge.mind=server judge.model=NAME, or neither")
        return self


class EvaluateConfig(Frozen):
    """What is compared, on what."""

    corpus_dir: Path
    """Folder of a corpus with its `tasks/`."""
    model: str
    """Base: a known name, a hub id or a folder."""
    models: dict[str, str | None] = Field(min_length=1)
    """Folder of each contestant's adapter, by name, or `shipped`; null: the base itself. The first is the yardstick.
    A list of `base` and `humanllm` will do for these two."""

    @field_validator("models", mode="before")
    @classmethod
    def _default(cls, models: Any) -> Any:
        known = {"base": None, "humanllm": SHIPPED}
        if models is None:
            return known
        if isinstance(models, list) and all(name in known for name in models):
            return {name: known[name] for name in models}
        return models

    split: Literal["test", "val", "seen"]
    """Whose tasks: users never seen, or, as `seen`, train users at a later time."""
    per_form: PositiveInt
    """Tasks of each of the sandbox's forms, drawn by the seed."""
    per_text: PositiveInt
    """Of the texts, and of answers in the paper's forms, so many of each have their likelihood taken."""
    controls: list[Control]
    """Who is asked, besides the person themselves, in as many tasks."""
    resamples: PositiveInt
    """Of the bootstrap over users."""
    mind: dict[str, Any]
    """The engine that choices are asked through, as in `conf/mind/`."""
    max_length: PositiveInt
    """Tokens of prompt and answer; longer texts are left out."""
    written: NonNegativeInt
    """Texts of each form that every contestant writes too; 0: none."""
    judge: JudgeSettings
    """Of answers to `per_text` tasks of each form that a language model made, where the corpus has them."""
    benchmarks: dict[str, Path]
    """Files of benchmarks, by name: `motivebench` and `tombench`; null: not asked."""

    @field_validator("benchmarks", mode="before")
    @classmethod
    def _named(cls, benchmarks: Any) -> Any:
        if not isinstance(benchmarks, dict):
            return benchmarks
        return {name: path for name, path in benchmarks.items() if path is not None}

    benchmark_scenes: PositiveInt | None
    """Scenes of each subset or task, drawn by the seed; null: all."""
    ability: bool
    """Look at what is forgotten too: likelihoods of general prose, and of what the base says as an assistant."""
    seed: NonNegativeInt
    out_dir: Path
    """Where tables and figures go."""
