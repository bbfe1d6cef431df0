"""Settings of `python -m training sft`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from sandbox.composition import compose
from sandbox.settings import Settings, validate

GROUPS = ("recipe",)


class LoraSettings(Settings):
    """A low-rank adapter (Hu et al. 2022, arXiv:2106.09685) on every linear layer but the last."""

    rank: PositiveInt
    alpha: PositiveFloat
    dropout: float = Field(ge=0, lt=1)


class RecipeConfig(Settings):
    """How the weights are trained (`conf/recipe/`)."""

    lora: LoraSettings | None
    """The adapter; null: train all weights of the model."""
    learning_rate: PositiveFloat
    schedule: str
    """Schedule of the learning rate, as transformers names it."""
    warmup: float = Field(ge=0, lt=1)
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = Field(ge=0)
    epochs: PositiveFloat
    max_steps: int = Field(ge=-1)
    """Stop after this number of steps; -1: after the epochs."""
    pack_length: PositiveInt
    """Tokens of a row that examples are packed into; longer examples are left out."""
    share_prefixes: bool
    """Compute once what examples of a row share at their start, such as world and person: equal losses in less time."""
    rows_per_step: PositiveInt
    """Rows whose gradients make one step, over all devices."""
    rows_per_device: PositiveInt
    """Rows that a device processes at once."""
    max_grad_norm: PositiveFloat
    gradient_checkpointing: bool
    """Recompute layers in the backward pass instead of keeping their activations: less memory, a third more time."""
    compile: bool
    """Fuse the layers' small operations if a C++ compiler is available: a quarter faster on a CPU."""
    dtype: Literal["bfloat16", "float32"]
    """Type of the frozen weights and of the computation; trained weights stay float32."""


class SftConfig(Settings):
    """Everything that a training run depends on."""

    corpus_dir: Path
    """Folder of a corpus with its `tasks/`."""
    model: str
    """Base model: a known name, a hub id or a folder."""
    adapter: Path | None
    """Adapter to train further, with the rank and alpha of the recipe, and a dropout of its own; null: a new one."""
    recipe: RecipeConfig
    mixture: dict[str, NonNegativeInt | None]
    """Training examples of each form, drawn by the seed; null: all of them. A form that is not named is left out."""
    first: list[str]
    """Forms to train on before all others, which build on them; []: one random order."""
    choice_weight: PositiveFloat
    """Weight of a choice's single answer token, relative to a token of a text."""
    max_answer_tokens: PositiveInt
    """Examples with a longer answer are left out."""
    validation: NonNegativeInt
    """Examples of the split `val` to compute the validation loss on, drawn by the seed."""
    checks: PositiveInt
    """Number of times, over the whole run, that a checkpoint is written and the validation loss computed."""
    tensorboard: bool
    """Also write logs for TensorBoard."""
    seed: NonNegativeInt
    out_dir: Path
    """Folder of the model, its checkpoints and curves; an unfinished run there resumes."""


def load_sft_config(overrides: Sequence[str]) -> tuple[SftConfig, dict[str, Any]]:
    """Return the checked configuration, and the plain values that it was made from, for the manifest."""
    values = compose(overrides, "sft", GROUPS)
    return validate(SftConfig, values), values
