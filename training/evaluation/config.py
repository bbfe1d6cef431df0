"""Settings of `python -m training evaluate`."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator, model_validator

from agents.shipped import SHIPPED
from sandbox.settings import Settings

Control = Literal["own", "shuffled", "nobody", "history", "profile"]
"""What the model knows of the person. `own`: everything (no control); `shuffled`: another person of the same source
instead; `nobody`: nothing; `history`: only the person's memory; `profile`: only their profile."""
OWN: Control = "own"


class JudgeSettings(Settings):
    """Which model judges answers to synthetic tasks."""

    mind: dict[str, Any] | None
    """Node of a mind; null: no judge."""
    model: str | None
    """Its language model: a known name, a hub id or a folder; not the base of any model under evaluation, and not a
    model whose output they were trained on."""

    @model_validator(mode="after")
    def _require_mind_and_model(self) -> Self:
        if (self.mind is None) != (self.model is None):
            raise ValueError("needs both mind and model, such as mind@judge.mind=server judge.model=NAME, or neither")
        return self


class EvaluateConfig(Settings):
    """Which models are compared, and on what."""

    corpus_dir: Path
    """Folder of a corpus with its `tasks/`."""
    model: str
    """Base model: a known name, a hub id or a folder."""
    models: dict[str, str | None] = Field(min_length=1)
    """The models under evaluation: the folder of each adapter or model, by name, or `shipped`; null: the base model.
    The first is the reference that the others are compared with. A list of `base` and `humanllm` works for these two.
    """

    @field_validator("models", mode="before")
    @classmethod
    def _expand_names(cls, models: Any) -> Any:
        defaults = {"base": None, "humanllm": SHIPPED}
        if models is None:
            return defaults
        if isinstance(models, list) and all(name in defaults for name in models):
            return {name: defaults[name] for name in models}
        return models

    split: Literal["test", "val", "seen"]
    """Whose tasks: held-out users, or, with `seen`, train users at a later time."""
    per_form: PositiveInt
    """Maximum number of tasks of each of the sandbox's forms, sampled by the seed."""
    per_text: PositiveInt
    """Maximum number of texts of each form, and of answers in each of the paper's forms, scored by likelihood."""
    controls: list[Control]
    """Controls that are run in addition to `own`, each on the same tasks."""
    calibration: NonNegativeInt
    """Train tasks of each form that the first of the models is asked, if it is a base model, to find the temperature
    and the biases that suit it best; the calibrated model is an opponent like the baselines. 0: none."""
    reactions: NonNegativeInt
    """People who are asked again about one of their decisions, for every reaction that the world behind it declares,
    with one fact at each of its levels. 0: none."""
    resamples: PositiveInt
    """Number of bootstrap draws of users."""
    mind: dict[str, Any]
    """The engine that answers choices, as in `conf/mind/`."""
    max_length: PositiveInt
    """Maximum length of prompt and answer together, in tokens; longer texts are skipped."""
    written: NonNegativeInt
    """Number of texts of each form that every model writes as well; 0: none."""
    judge: JudgeSettings
    """Judges answers to up to `per_text` synthetic tasks of each form, if the corpus has any."""
    benchmarks: dict[str, Path]
    """Files of benchmarks, by name: `motivebench` and `tombench`; null: not run."""

    @field_validator("benchmarks", mode="before")
    @classmethod
    def _drop_unset(cls, benchmarks: Any) -> Any:
        if not isinstance(benchmarks, dict):
            return benchmarks
        return {name: path for name, path in benchmarks.items() if path is not None}

    benchmark_scenes: PositiveInt | None
    """Maximum number of scenes of each subset or task, sampled by the seed; null: all."""
    ability: bool
    """Measure forgetting too: likelihoods of general prose, and of the base model's own replies as an assistant."""
    seed: NonNegativeInt
    out_dir: Path
    """Folder for tables, report and figures."""
