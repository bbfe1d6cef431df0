"""A training run as a folder: base and tasks in, checkpoints and curves on the way, the model at its end.

adapter/ or model/   what was trained, as PEFT or transformers reads it
losses.csv .png      training and validation loss, in nats per token of an answer
manifest.json        settings, hashes of base and corpus, versions, hardware, time
checkpoints/         where a killed run goes on; may be deleted when it is done

Under `accelerate launch` every process does the same on its own share of the rows, and the first one writes.
"""

import importlib.util
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from datasets import disable_progress_bars
from peft import LoraConfig
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging
from trl.trainer.sft_config import SFTConfig

from agents.minds.text import Tokens
from agents.models import resolve
from agents.weights import digest
from sandbox.errors import ConfigError, DataError
from sandbox.manifest import environment
from training.sft.attention import PACKED, register
from training.sft.config import RecipeConfig, SftConfig
from training.sft.contamination import refuse_benchmarks
from training.sft.curves import Curves, replace_text
from training.sft.examples import Example, check_end, drawn, encoded, fitting, packed, read_rows, tasks_hash
from training.sft.trainer import ResponseTrainer

KEY = "key"
MANIFEST = "manifest.json"
STATE = "trainer_state.json"
FULL = ("No space left", "Disk quota exceeded", "PytorchStreamWriter failed")
"""What operating system, safetensors and PyTorch say where a disk is full."""
FAREWELL = 1.0
"""Seconds before processes that were launched together let go of one another. Gloo's threads need Python's lock to drop
their last piece of work; a group that is taken down holds it while it waits for them, for ever."""
PATIENCE = timedelta(hours=1)
"""How long processes wait for one another: the first one reads the tasks while the others do nothing."""


def tune(config: SftConfig, composed: dict[str, Any], say: Any = print) -> Path:
    """Train, or go on training; returns the folder of what was trained.

    Args:
        config: All settings.
        composed: The same as composed by Hydra, for the manifest.
        say: Told what takes long.

    Raises:
        ConfigError: The folder holds a run of other settings, or the rows of a step cannot be shared by the devices.
        DataError: The corpus has no tasks, a bad line, or nothing that fits.
    """
    if config.tensorboard and not importlib.util.find_spec("tensorboard"):
        raise ConfigError("tensorboard=true needs `pip install tensorboard`; the losses are in losses.csv in any case")
    folder = config.out_dir
    made = folder / ("adapter" if config.recipe.lora else "model")
    state = _processes()
    say = state.on_main_process(say)
    with state.main_process_first():
        base = resolve(config.model)
        key = _key(composed, base, config.corpus_dir)
        _check_owner(folder, key)
        if (folder / MANIFEST).exists():
            say(f"{made} is there already")
            return made
        accumulated = _accumulated(config.recipe, state.num_processes)
        tokenizer = AutoTokenizer.from_pretrained(base)
        check_end(tokenizer, base)
        tokens = Tokens(tokenizer, config.model)
        say("reading tasks ...")
        train, left_out = _examples(config, "train", tokens)
        held_out = _examples(config, "val", tokens)[0][: config.validation] if config.validation else []
        if left_out:
            say(f"left out because they are too long: {', '.join(f'{left_out[form]} x {form}' for form in left_out)}")
        if state.is_main_process:
            folder.mkdir(parents=True, exist_ok=True)
            replace_text(folder / KEY, key)
        last = _last_checkpoint(folder / "checkpoints")
    curves = Curves(folder)
    trainer = _trainer(config, _arguments(config, state, accumulated), base, tokenizer, train, held_out)
    trainer.add_callback(curves)
    with _room_in(folder):
        trainer.train(resume_from_checkpoint=last)
        trainer.save_model(str(made))
        if state.is_main_process:
            if not config.recipe.lora:
                tokenizer.save_pretrained(made)
            told = {"examples": _counts(train), "left_out": left_out, "seconds": round(curves.seconds)}
            _write_manifest(folder, {"settings": composed, "key": key, **told}, train, trainer)
    trainer.accelerator.end_training()
    if state.num_processes > 1:
        time.sleep(FAREWELL)
    return made


def _processes() -> PartialState:
    """This process among those that were launched together; all but the first keep their progress to themselves."""
    state = PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)
    if state.num_processes == 1 and torch.cuda.device_count() > 1:
        raise ConfigError(
            f"one process sees {torch.cuda.device_count()} GPUs; begin with `accelerate launch --config_file "
            "conf/accelerate/ddp.yaml -m training sft ...` to use them all, or choose one by CUDA_VISIBLE_DEVICES=0"
        )
    if not state.is_main_process:
        disable_progress_bars()
        logging.disable_progress_bar()
    return state


def _accumulated(recipe: RecipeConfig, processes: int) -> int:
    """How often each process adds up gradients before a step, so that a step has the same rows on any machine."""
    at_once = recipe.rows_per_device * processes
    if recipe.rows_per_step % at_once:
        raise ConfigError(
            f"recipe.rows_per_step={recipe.rows_per_step} cannot be shared by {processes} process(es) that take "
            f"recipe.rows_per_device={recipe.rows_per_device} at once; make it a multiple of {at_once}"
        )
    return recipe.rows_per_step // at_once


@contextmanager
def _room_in(folder: Path) -> Generator[None]:
    """Say in one sentence that the disk is full, whichever library finds out."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        if not any(sign in str(error) for sign in FULL):
            raise
        raise DataError(
            f"the disk of {folder} is full ({error}); make room and run the same command again: it goes on from the "
            "last checkpoint that was written to its end"
        ) from error


def _examples(config: SftConfig, split: str, tokens: Tokens) -> tuple[list[Example], dict[str, int]]:
    """Examples of a split, and by form how many are left out because they are too long."""
    path = config.corpus_dir / "tasks" / f"{split}.jsonl"
    known = list(read_rows(path))
    refuse_benchmarks(known, path)
    rows = drawn(known, config.mixture, config.seed)
    whole = encoded(rows, tokens)
    examples = fitting(whole, config.recipe.pack_length, config.max_answer_tokens)
    if not examples:
        raise DataError(
            f"{path}: of {len(rows)} tasks in the mixture none fits recipe.pack_length={config.recipe.pack_length} "
            f"and max_answer_tokens={config.max_answer_tokens}; raise them, or name forms that the corpus has"
        )
    return examples, dict(Counter(_counts(whole)) - Counter(_counts(examples)))


def _counts(examples: Sequence[Example]) -> dict[str, int]:
    return dict(sorted(Counter(one.form for one in examples).items()))


def _trainer(
    config: SftConfig,
    arguments: SFTConfig,
    base: str,
    tokenizer: Any,
    train: Sequence[Example],
    held_out: Sequence[Example],
) -> ResponseTrainer:
    register()
    recipe = config.recipe
    model = AutoModelForCausalLM.from_pretrained(
        base, dtype=getattr(torch, recipe.dtype if recipe.lora else "float32"), attn_implementation=PACKED
    )
    trainer = ResponseTrainer(
        model=model,
        args=arguments,
        train_dataset=packed(train, config.first, recipe.pack_length, config.seed),
        eval_dataset=packed(held_out, (), recipe.pack_length, config.seed) if held_out else None,
        processing_class=tokenizer,
        peft_config=_peft(config),
    )
    trainer.choice_weight = config.choice_weight
    trainer.loss_is_scaled_for_ga = False
    sharded = trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled
    if recipe.compile and not sharded and shutil.which("g++"):
        _compile_layers(model)
    return trainer


def _compile_layers(model: Any) -> None:
    """Compile the layers one by one, in place, for rows of any length: all of them share a few compiled graphs."""
    for layer in model.get_decoder().layers:
        layer.compile(dynamic=True)


def _arguments(config: SftConfig, state: PartialState, accumulated: int) -> SFTConfig:
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
        gradient_accumulation_steps=accumulated,
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
        dataset_kwargs={"skip_prepare_dataset": True},  # they come packed
        train_sampling_strategy="sequential" if config.first else "random",
        seed=config.seed,
        disable_tqdm=False,
    )


def _peft(config: SftConfig) -> LoraConfig | None:
    lora = config.recipe.lora
    if lora is None:
        return None
    sizes: dict[str, Any] = {"r": lora.rank, "lora_alpha": lora.alpha, "lora_dropout": lora.dropout}
    return LoraConfig(**sizes, target_modules="all-linear", task_type="CAUSAL_LM")


def _key(composed: dict[str, Any], base: str, corpus: Path) -> str:
    """Hash of the settings, the base's weights and the tasks."""
    state = blake2b(json.dumps(composed, sort_keys=True, default=str).encode(), digest_size=16)
    state.update(digest(base).encode())
    for name in ("train", "val"):
        state.update(bytes.fromhex(tasks_hash(corpus, name)))
    return state.hexdigest()


def _check_owner(folder: Path, key: str) -> None:
    """Raise `ConfigError` where the folder holds a run that was begun with other settings."""
    mark = folder / KEY
    if mark.exists() and mark.read_text(encoding="utf-8") != key:
        raise ConfigError(
            f"{folder} holds a training run of other settings, base or corpus; name another out_dir, or delete it"
        )


def _last_checkpoint(folder: Path) -> str | None:
    """The last checkpoint that was written to its end; unfinished ones are deleted."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    for path in reversed(found):
        try:
            json.loads((path / STATE).read_text(encoding="utf-8"))
            return str(path)
        except (OSError, ValueError):
            shutil.rmtree(path)
    return None


def _write_manifest(folder: Path, told: dict[str, Any], train: Sequence[Example], trainer: ResponseTrainer) -> None:
    manifest = {
        **told,
        "corpus_sha256": tasks_hash(Path(told["settings"]["corpus_dir"]), "train"),
        "tokens": sum(len(one.input_ids) for one in train),
        "answer_tokens": sum(len(one.answer) for one in train),
        "steps": trainer.state.global_step,
        "epochs": trainer.state.epoch,
        "processes": trainer.accelerator.num_processes,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        **environment(("trl", "peft", "accelerate", "datasets", "polars")),
    }
    replace_text(folder / MANIFEST, json.dumps(manifest, indent=2, default=str) + "\n")
