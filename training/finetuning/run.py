"""A training run as a folder: base model and tasks in, checkpoints and curves on the way, the trained model at the end.

adapter/ or model/   what was trained, as PEFT or transformers reads it
losses.csv .png      training and validation loss, in nats per token of an answer
manifest.json        settings, hashes of base model and corpus, versions, hardware, time
checkpoints/         where a killed run resumes; may be deleted when it is done

Under `accelerate launch`, every process does the same on its share of the rows, and the first one writes.
"""

import importlib.util
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from datasets import disable_progress_bars
from safetensors import SafetensorError
from transformers import AutoTokenizer
from transformers.utils import logging

from agents.minds.tokenizer import PromptTokenizer
from agents.models import resolve_model
from agents.weights import weights_digest
from sandbox.errors import ConfigError, DataError
from sandbox.files import hold_folder, replace_folder, replace_text
from sandbox.runtime.manifest import environment
from training.finetuning.config import SftConfig
from training.finetuning.contamination import refuse_benchmarks
from training.finetuning.curves import LossCurves
from training.finetuning.examples import (
    Example,
    check_end_token,
    draw_mixture,
    drop_long_examples,
    encode_rows,
    list_unnamed_forms,
    read_rows,
    tasks_hash,
)
from training.finetuning.trainer import (
    ResponseTrainer,
    accumulation_steps,
    build_trainer,
    check_start,
    training_arguments,
)

KEY_FILE = "key"
MANIFEST = "manifest.json"
STATE = "trainer_state.json"
DISK_SIGNS = (
    "No space left", "Disk quota exceeded", "File too large", "Read-only file system", "PytorchStreamWriter failed",
    "unexpected pos",
)  # fmt: skip
"""Messages of the operating system, safetensors and PyTorch when a disk is full, or was made read-only because it
failed. The last is what PyTorch says when it closes a file of which a part could not be written."""
SHUTDOWN_SECONDS = 1.0
"""Wait between the end of training and the end of a process that was launched together with others. Gloo's threads need
Python's lock to release their last task, but destroying the process group holds the lock while it waits for them, so
without this wait a process may hang forever."""
PROCESS_TIMEOUT = timedelta(hours=1)
"""How long processes wait for one another: the first one reads the tasks while the others do nothing."""


def tune_model(config: SftConfig, values: dict[str, Any], notify: Callable[[str], None] = print) -> Path:
    """Train, or resume training; return the folder of what was trained.

    Args:
        config: All settings.
        values: The plain values that `config` was made from, for the manifest.
        notify: Tells the user about work that takes a while.

    Raises:
        SandboxError: Another process trains in the folder.
        ConfigError: The folder holds a run with other settings, or the devices cannot share the rows of a step.
        DataError: The corpus has no tasks, a bad line, or nothing that fits.
    """
    if config.tensorboard and not importlib.util.find_spec("tensorboard"):
        raise ConfigError("tensorboard=true needs `pip install tensorboard`; the losses are in losses.csv in any case")
    state = _join_processes()
    with hold_folder(config.out_dir, "out_dir") if state.is_main_process else nullcontext():
        return _tune_model(config, values, state, notify)


def _tune_model(config: SftConfig, values: dict[str, Any], state: PartialState, notify: Callable[[str], None]) -> Path:
    folder = config.out_dir
    trained = folder / ("adapter" if config.recipe.lora else "model")
    notify_once: Any = state.on_main_process(notify)
    with state.main_process_first():
        base = _resolve_base(config)
        key = _run_key(values, base, config.corpus_dir, config.adapter)
        _check_owner(folder, key)
        if (folder / MANIFEST).exists():
            notify_once(f"{trained} is there already")
            return trained
        num_accumulated = accumulation_steps(config.recipe, state.num_processes)
        tokenizer = AutoTokenizer.from_pretrained(base)
        check_end_token(tokenizer, base)
        notify_once("reading tasks ...")
        train, held_out, too_long = _load_splits(config, PromptTokenizer(tokenizer, config.model))
        if too_long:
            notify_once(f"left out because they are too long: {_list_counts(too_long)}")
        rows = read_rows(config.corpus_dir / "tasks" / "train.jsonl")
        if unnamed := list_unnamed_forms(rows, config.mixture):
            counts = _list_counts(unnamed)
            notify_once(f"left out because mixture does not name them: {counts}; add ++mixture.FORM=null")
        if state.is_main_process:
            replace_text(folder / KEY_FILE, key)
        checkpoint = _last_checkpoint(folder / "checkpoints")
    curves = LossCurves(folder)
    arguments = training_arguments(config, state, num_accumulated)
    trainer = build_trainer(config, arguments, base, tokenizer, train, held_out)
    trainer.add_callback(curves)
    with _explain_full_disk(folder):
        with _close_bars(trainer):
            trainer.train(resume_from_checkpoint=checkpoint)
        with replace_folder(trained) if state.is_main_process else nullcontext(trained) as draft:
            trainer.save_model(str(draft))  # sharded weights are collected by all processes and written by the first
            if state.is_main_process and not config.recipe.lora:
                tokenizer.save_pretrained(draft)
        if state.is_main_process:
            facts = {"examples": _count_forms(train), "left_out": too_long, "seconds": round(curves.seconds)}
            _write_manifest(folder, {"settings": values, "key": key, **facts}, train, trainer)
    trainer.accelerator.end_training()
    if state.num_processes > 1:
        time.sleep(SHUTDOWN_SECONDS)
    return trained


def _resolve_base(config: SftConfig) -> str:
    """Return the base model, which the adapter that is trained further must fit."""
    base = resolve_model(config.model)
    if config.adapter:
        check_start(config.adapter, base, config.recipe.lora)
    return base


def _join_processes() -> PartialState:
    """Return this process's place among those launched together; only the first one shows progress bars."""
    state = PartialState(cpu=not torch.cuda.is_available(), timeout=PROCESS_TIMEOUT)
    if state.num_processes == 1 and torch.cuda.device_count() > 1:
        raise ConfigError(
            f"one process sees {torch.cuda.device_count()} GPUs; start it with `accelerate launch --config_file "
            "conf/accelerate/ddp.yaml -m training sft ...` to use them all, or choose one with CUDA_VISIBLE_DEVICES=0"
        )
    if not state.is_main_process:
        disable_progress_bars()
        logging.disable_progress_bar()
    return state


@contextmanager
def _close_bars(trainer: ResponseTrainer) -> Generator[None]:
    """Close the progress bars however training ends, so that an error has a line of its own, below them."""
    try:
        yield
    finally:
        for callback in trainer.callback_handler.callbacks:
            for bar in (getattr(callback, "training_bar", None), getattr(callback, "prediction_bar", None)):
                if bar is not None:
                    bar.close()


@contextmanager
def _explain_full_disk(folder: Path) -> Generator[None]:
    """Turn any library's error about a full disk into one sentence."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        if not any(sign in str(error) for sign in DISK_SIGNS):
            raise
        raise DataError(
            f"the disk of {folder} is full or cannot be written ({error}); free some space and run the same command "
            "again: it resumes at the last complete checkpoint"
        ) from error


def _list_counts(forms: Mapping[str, int]) -> str:
    return ", ".join(f"{number} x {form}" for form, number in forms.items())


def _load_splits(config: SftConfig, tokenizer: PromptTokenizer) -> tuple[list[Example], list[Example], dict[str, int]]:
    """Return the examples of the splits train and val, and by form the number of train that are too long."""
    train, too_long = _load_examples(config, "train", tokenizer)
    held_out: list[Example] = []
    if config.validation:
        held_out = _load_examples(config, "val", tokenizer)[0][: config.validation]
    return train, held_out, too_long


def _load_examples(config: SftConfig, split: str, tokenizer: PromptTokenizer) -> tuple[list[Example], dict[str, int]]:
    """Return the examples of a split, and by form the number left out because they are too long."""
    path = config.corpus_dir / "tasks" / f"{split}.jsonl"
    tasks = list(read_rows(path))
    refuse_benchmarks(tasks, path)
    rows = draw_mixture(tasks, config.mixture, config.seed)
    encoded = encode_rows(rows, tokenizer)
    examples = drop_long_examples(encoded, config.recipe.pack_length, config.max_answer_tokens)
    if not examples:
        raise DataError(
            f"{path}: of {len(rows)} tasks in the mixture none fits recipe.pack_length={config.recipe.pack_length} "
            f"and max_answer_tokens={config.max_answer_tokens}; raise them, or name forms that the corpus has"
        )
    return examples, dict(Counter(_count_forms(encoded)) - Counter(_count_forms(examples)))


def _count_forms(examples: Sequence[Example]) -> dict[str, int]:
    return dict(sorted(Counter(example.form for example in examples).items()))


def _run_key(values: dict[str, Any], base: str, corpus: Path, adapter: Path | None) -> str:
    """Return a hash of the settings, the weights of the base model and of an adapter, and the tasks."""
    settings = {name: value for name, value in values.items() if (name, value) != ("adapter", None)}
    state = blake2b(json.dumps(settings, sort_keys=True, default=str).encode(), digest_size=16)
    for folder in (base, *([str(adapter)] if adapter else [])):
        state.update(weights_digest(folder).encode())
    for split in ("train", "val"):
        state.update(bytes.fromhex(tasks_hash(corpus, split)))
    return state.hexdigest()


def _check_owner(folder: Path, key: str) -> None:
    """Raise `ConfigError` if the folder holds a run that was started with other settings."""
    path = folder / KEY_FILE
    if path.exists() and path.read_text(encoding="utf-8") != key:
        raise ConfigError(
            f"{folder} holds a training run with other settings, another base model or another corpus; "
            "name another out_dir, or delete it"
        )


def _last_checkpoint(folder: Path) -> str | None:
    """Return the last complete checkpoint, and delete the incomplete ones after it."""
    checkpoints = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    for path in reversed(checkpoints):
        try:
            json.loads((path / STATE).read_text(encoding="utf-8"))
            return str(path)
        except (OSError, ValueError):
            shutil.rmtree(path)
    return None


def _write_manifest(folder: Path, facts: dict[str, Any], train: Sequence[Example], trainer: ResponseTrainer) -> None:
    manifest = {
        **facts,
        "corpus_sha256": tasks_hash(Path(facts["settings"]["corpus_dir"]), "train"),
        "tokens": sum(len(example.input_ids) for example in train),
        "answer_tokens": sum(len(example.answer) for example in train),
        "steps": trainer.state.global_step,
        "epochs": trainer.state.epoch,
        "processes": trainer.accelerator.num_processes,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        **environment(("trl", "peft", "accelerate", "datasets", "polars")),
    }
    replace_text(folder / MANIFEST, json.dumps(manifest, indent=2, default=str) + "\n")
