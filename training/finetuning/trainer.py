"""TRL's trainer and its setup, with an efficient loss.

It computes logits of answers only, no attention between examples, and what examples share once.
"""

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from peft import LoraConfig, PeftModel
from torch.nn.functional import cross_entropy
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from agents.adapters import check_adapter, read_adapter_config
from agents.model_loading import load_causal_model
from sandbox.errors import ConfigError
from training.finetuning.attention import PACKED, register_attention
from training.finetuning.config import LoraSettings, RecipeConfig, SftConfig
from training.finetuning.examples import IGNORED, Example
from training.finetuning.packing import collate_rows, pack_examples


class ResponseTrainer(SFTTrainer):
    """Trains on packed rows."""

    choice_weight: float = 1.0
    """Weight of a choice's single answer token."""
    mean_weights: tuple[float, float] | None = None
    """Mean weight of the answers in a training row and in a validation row; None: each row's own."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return the weighted negative log-likelihood of the answers' tokens, in nats, over the mean weight of a row.

        Its mean over all rows is the weighted mean over all tokens: an example counts the same in a row of many, which
        share what they begin with, as in a row of few.

        Args:
            model: Takes `logits_to_keep`, as every causal model of transformers does.
            inputs: One packed row, as `collate_rows` returns it. The first token of a segment has no label.
            return_outputs: Return the model's output too.
            num_items_in_batch: Ignored: the trainer averages over rows.
        """
        labels = inputs["labels"][0, 1:]
        targets = (labels != IGNORED).nonzero().flatten()
        model_inputs = {name: value for name, value in inputs.items() if name != "labels"}
        output = model(**model_inputs, logits_to_keep=targets, use_cache=False)
        losses = cross_entropy(output.logits[0].float(), labels[targets], reduction="none")
        weights = token_weights(targets + 1, inputs["cu_seq_lens_q"], self.choice_weight)
        if self.mean_weights is None:
            total = weights.sum().clamp(min=1)
        else:
            total = self.mean_weights[0 if model.training else 1]
        loss = (losses * weights).sum() / total
        return (loss, output) if return_outputs else loss


def total_weight(examples: Sequence[Example], choice_weight: float) -> float:
    """Return the weight of all answers' tokens together."""
    return sum(choice_weight if len(example.answer) == 1 else len(example.answer) for example in examples)


def token_weights(positions: torch.Tensor, starts: torch.Tensor, choice_weight: float) -> torch.Tensor:
    """Return the weight of each answer token: `choice_weight` if it is its example's only one, else 1.

    Args:
        positions: Positions of the answers' tokens in the row, ascending.
        starts: Where segments begin, and the row's end; an answer lies in one segment.
        choice_weight: Weight of single tokens.
    """
    example = torch.bucketize(positions, starts[1:].to(positions.device), right=True)
    is_single = torch.bincount(example, minlength=len(starts))[example] == 1
    return torch.where(is_single, choice_weight, 1.0)


def accumulation_steps(recipe: RecipeConfig, processes: int) -> int:
    """Return how often each process adds up gradients before a step, so that a step has the same rows anywhere.

    Raises:
        ConfigError: The processes cannot share the rows of a step.
    """
    rows_at_once = recipe.rows_per_device * processes
    if recipe.rows_per_step % rows_at_once:
        raise ConfigError(
            f"recipe.rows_per_step={recipe.rows_per_step} cannot be shared by {processes} process(es) that take "
            f"recipe.rows_per_device={recipe.rows_per_device} at once; make it a multiple of {rows_at_once}"
        )
    return recipe.rows_per_step // rows_at_once


def build_trainer(
    config: SftConfig,
    arguments: SFTConfig,
    base: str,
    tokenizer: Any,
    train: Sequence[Example],
    held_out: Sequence[Example],
) -> ResponseTrainer:
    """Load the base model and return its trainer."""
    register_attention()
    recipe = config.recipe
    model = load_causal_model(
        base,
        dtype=getattr(torch, recipe.dtype if recipe.lora else "float32"),
        attn_implementation=PACKED,
    )
    layers = model.get_decoder().layers
    if config.adapter:
        model = PeftModel.from_pretrained(model, str(config.adapter), is_trainable=True)
    packing = recipe.pack_length, config.seed, recipe.share_prefixes
    rows = pack_examples(train, config.first, *packing)
    held_out_rows = pack_examples(held_out, (), *packing) if held_out else None
    trainer = ResponseTrainer(
        model=model,
        args=arguments,
        train_dataset=rows,
        eval_dataset=held_out_rows,
        processing_class=tokenizer,
        peft_config=None if config.adapter else _lora_config(config),
    )
    trainer.choice_weight = config.choice_weight
    trainer.mean_weights = (
        total_weight(train, config.choice_weight) / len(rows),
        total_weight(held_out, config.choice_weight) / len(held_out_rows) if held_out_rows else 1.0,
    )
    trainer.data_collator = collate_rows  # TRL takes none of ours beside its own packing, so it is set afterwards
    # The trainer itself must divide the loss of a row by the accumulation steps.
    trainer.loss_is_scaled_for_ga = False
    is_sharded = trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled
    if recipe.compile and not is_sharded and shutil.which("g++"):
        _compile_layers(layers)
    return trainer


def check_start(adapter: Path, base: str, lora: LoraSettings | None) -> None:
    """Raise an error unless an adapter fits the base model and is of the recipe's kind.

    Raises:
        BackendError: It does not fit the base model, or is of a kind that engines cannot serve.
        ConfigError: The recipe trains all weights, or its adapters have another rank or alpha.
    """
    if lora is None:
        raise ConfigError("adapter= is trained further by a recipe with an adapter, such as recipe=lora; drop adapter=")
    found = read_adapter_config(adapter)
    if (found.get("r"), found.get("lora_alpha")) != (lora.rank, lora.alpha):
        raise ConfigError(
            f"{adapter} has rank {found.get('r')} and alpha {found.get('lora_alpha')}; set recipe.lora.rank and "
            "recipe.lora.alpha to these"
        )
    check_adapter(adapter, base, lora.rank)


def training_arguments(config: SftConfig, state: PartialState, num_accumulated: int) -> SFTConfig:
    """Return TRL's settings; shares of the run stand for numbers of steps, which only the trainer knows."""
    recipe = config.recipe
    share = 1 / config.checks
    device = "cpu" if state.device is None else state.device.type
    if config.tensorboard:
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(config.out_dir / "tensorboard")
    return SFTConfig(
        output_dir=str(config.out_dir / "checkpoints"),
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup,
        weight_decay=recipe.weight_decay,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps,
        max_length=recipe.pack_length,
        packing=True,
        per_device_train_batch_size=recipe.rows_per_device,
        per_device_eval_batch_size=recipe.rows_per_device,
        gradient_accumulation_steps=num_accumulated,
        max_grad_norm=recipe.max_grad_norm,
        bf16=recipe.dtype == "bfloat16",
        gradient_checkpointing=recipe.gradient_checkpointing,
        use_cpu=device == "cpu",
        ddp_find_unused_parameters=False,
        logging_steps=share / 10,
        eval_strategy="steps" if config.validation else "no",
        eval_steps=share,
        save_steps=share,
        save_total_limit=2,
        report_to=["tensorboard"] if config.tensorboard else [],
        dataloader_pin_memory=device == "cuda",
        dataset_kwargs={"skip_prepare_dataset": True},  # the rows are packed already
        remove_unused_columns=False,  # TRL knows none of the columns of packed trees
        train_sampling_strategy="sequential" if config.first else "random",
        seed=config.seed,
        disable_tqdm=False,
    )


def _compile_layers(layers: Iterable[Any]) -> None:
    """Compile the layers one by one, in place, for rows of any length: all of them share a few compiled graphs."""
    for layer in layers:
        layer.compile(dynamic=True)


def _lora_config(config: SftConfig) -> LoraConfig | None:
    lora = config.recipe.lora
    if lora is None:
        return None
    sizes: dict[str, Any] = {"r": lora.rank, "lora_alpha": lora.alpha, "lora_dropout": lora.dropout}
    return LoraConfig(**sizes, target_modules="all-linear", task_type="CAUSAL_LM")
