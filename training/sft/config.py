"""Settings of `python -m training sft`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from sandbox.config import Frozen, compose
from sandbox.validation import validated

GROUPS = ("recipe",)


class LoraSettings(Frozen):
    """A low-rank adapter (Hu et al. 2022, arXiv:2106.09685) on every linear layer but the last."""

    rank: PositiveInt
    alpha: PositiveFloat
    dropout: float = Field(ge=0, lt=1)


class RecipeConfig(Frozen):
    """How weights are changed (`conf/recipe/`)."""

    lora: LoraSettings | None
    """The adapter; null: all weights of the model."""
    learning_rate: PositiveFloat
    schedule: str
    """Of the learning rate, as transformers names it."""
    warmup: float = Field(ge=0, lt=1)
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = Field(ge=0)
    epochs: PositiveFloat
    max_steps: int = Field(ge=-1)
    """Stop after so many steps; -1: after the epochs."""
    pack_length: PositiveInt
    """Tokens of a row that examples are packed into; longer examples are left out."""
    rows_per_step: PositiveInt
    """Rows whose gradients make one step, over all devices."""
    rows_per_device: PositiveInt
    """Rows that a device takes at once."""
    max_grad_norm: PositiveFloat
    gradient_checkpointing: bool
    """Compute layers again on the way back rather than keep what they did: less memory, a third more time."""
    compile: bool
    """Fuse the layers' small operations, where a C++ compiler is at hand: a quarter faster on a CPU."""
    dtype: Literal["bfloat16", "float32"]
    """Of the frozen weights and of what is computed; what is trained stays float32."""


class SftConfig(Frozen):
    """Everything that a training run depends on."""

    corpus_dir: Path
    """Folder of a corpus with its `tasks/`."""
    model: str
    """Base: a known name, a hub id or a folder."""
    recipe: RecipeConfig
    mixture: dict[str, NonNegativeInt | None]
    """Train examples of each form, drawn by the seed; null: all there are. A form that is not named is left out."""
    first: list[str]
    """Forms that are learnt before all others, since these build on them; [] for one random order."""
    choice_weight: PositiveFloat
    """A choice's one token counts so many times as much as a token of a text."""
    max_answer_tokens: PositiveInt
    """Examples whose answer is longer are left out."""
    validation: NonNegativeInt
    """Examples of the split `val` that are looked at during training, drawn by the seed."""
    checks: PositiveInt
    """How often, over the whole run, a checkpoint is written and the validation looked at."""
    tensorboard: bool
    """Write logs for TensorBoard beside the CSV."""
    seed: NonNegativeInt
    out_dir: Path
    """Folder of the model, its checkpoints and curves; a run that was begun there goes on."""


def configured(overrides: Sequence[str]) -> SftConfig:
    """Compose and check the configuration."""
    return validated(SftConfig, composed(overrides))


def composed(overrides: Sequence[str]) -> dict[str, Any]:
    """The configuration as plain values."""
    return compose(overrides, "sft", GROUPS)
