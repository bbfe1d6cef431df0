"""Fine-tuning is at least twice as fast as a plain training loop, and learns the same.

Claim: `python -m training sft` takes at least twice the tokens per second of a loop that pads a batch to its longest
example, computes logits of the complete sequence, and masks prompts only in the loss; after one pass over the same
examples both find held-out answers equally likely.

    python -m benchmarks.training                       # about ten minutes on two cores
    python -m benchmarks.training --examples 128 --repeats 1
    python -m benchmarks.training --examples 9000       # on a GPU

Both sides train the same adapter by AdamW at the same constant rate, in bfloat16, each in processes of its own, in
turns. Tokens are those of prompts and answers, without padding; seconds are counted after the first steps, so that
neither start nor compilation counts. Memory is the peak of the process, or on a GPU of its tensors. For a known GPU the
share of its peak speed is reported (model FLOPs utilisation, Chowdhery et al. 2022, arXiv:2204.02311, appendix B; 4
FLOPs per frozen weight and token, since frozen weights get no gradient; attention is not counted).
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.common import make_parser, median_or_zero, patch_attribute, report_table

if TYPE_CHECKING:
    from training.finetuning.examples import Example

SIDES = ("plain loop", "training sft")
FORMS = ("stars", "verdict", "reply", "review", "answer", "post")
"""Forms of the examples, in equal shares."""
LEARNING_RATE = 3e-4
BATCH_SIZE = 4
"""Examples that the plain loop takes at once; on a GPU, eight times as many."""
WARM_UP_STEPS = 3
"""Steps that are not timed."""
MAX_TOKENS, MAX_ANSWER_TOKENS = 1024, 192
PEAK_FLOPS = {"H100": 989e12, "H200": 989e12, "A100": 312e12}
"""FLOPs per second in bfloat16 by the makers' data sheets, without sparsity."""
CORPUS = "corpora/shared"


def main() -> None:
    """Run both sides in turns and report; or, with `--side`, one side in this process."""
    parser = make_parser(__doc__, repeats=2)
    parser.add_argument("--corpus", type=Path, default=Path(CORPUS), help=f"folder of a corpus (default {CORPUS})")
    parser.add_argument("--examples", type=int, default=384, help="train examples (default 384)")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        print(json.dumps(measure_side(args)))
        return
    passes: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(args.repeats):
        for side in SIDES:
            passes[side].append(_run_side(side))
    rows = [_side_row(side, passes) for side in SIDES]
    head = ("side", "tokens/s", "ours / it", "held-out nats per token", "before", "peak MB", "of the GPU's peak")
    report_table(args, head, rows, passes)


def _run_side(side: str) -> dict[str, float]:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.training", *sys.argv[1:], "--side", side],
        stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    return json.loads(process.stdout.splitlines()[-1])


def _side_row(side: str, passes: dict[str, list[dict[str, float]]]) -> list[object]:
    def median_of(name: str, of_side: str = side) -> float:
        return median_or_zero([measurements[name] for measurements in passes[of_side]])

    ratio = median_of("speed", SIDES[1]) / median_of("speed")
    return [
        side, f"{median_of('speed'):.0f}", f"{ratio:.2f}", f"{median_of('loss'):.3f}", f"{median_of('before'):.3f}",
        f"{median_of('peak_mb'):.0f}", f"{median_of('utilisation'):.1%}",
    ]  # fmt: skip


def measure_side(args: argparse.Namespace) -> dict[str, float]:
    """Train with one side in this process and measure it."""
    import torch

    train = _load_examples(args, "train", args.examples)
    held_out = _load_examples(args, "val", 10 * len(FORMS))
    run_side = _run_plain_loop if args.side == SIDES[0] else _run_sft
    with TemporaryDirectory() as folder:
        adapter = Path(folder) / "out" / "adapter"
        steps, seconds = run_side(args, train, adapter)
        has_gpu = torch.cuda.is_available()
        peak_mb = torch.cuda.max_memory_allocated() / 1e6 if has_gpu else _peak_process_mb()
        num_tokens = sum(len(example.input_ids) for example in train) * (steps - WARM_UP_STEPS) / steps
        before, after = _held_out_loss(args.model, None, held_out), _held_out_loss(args.model, adapter, held_out)
    speed = num_tokens / seconds
    return {
        "speed": speed, "loss": after, "before": before, "steps": steps, "peak_mb": peak_mb,
        "utilisation": _flops_utilisation(args.model, speed),
    }  # fmt: skip


def _load_examples(args: argparse.Namespace, split: str, number: int) -> "list[Example]":
    from transformers import AutoTokenizer

    from agents.minds.tokenizer import PromptTokenizer
    from agents.models import resolve_model
    from training.finetuning.examples import draw_mixture, drop_long_examples, encode_rows, read_rows

    tokenizer = PromptTokenizer(AutoTokenizer.from_pretrained(resolve_model(args.model)), args.model)
    rows = list(read_rows(args.corpus / "tasks" / f"{split}.jsonl"))
    mixture: dict[str, int | None] = dict.fromkeys(FORMS, number // len(FORMS))
    return drop_long_examples(encode_rows(draw_mixture(rows, mixture, 0), tokenizer), MAX_TOKENS, MAX_ANSWER_TOKENS)


def _peak_process_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _flops_utilisation(name: str, speed: float) -> float:
    """Return the share of the GPU's peak; 0 on a CPU or an unknown GPU."""
    import torch
    from transformers import AutoModelForCausalLM

    from agents.models import resolve_model

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    peak = next((flops for gpu, flops in PEAK_FLOPS.items() if gpu in device), 0.0)
    if not peak:
        return 0.0
    model: Any = AutoModelForCausalLM.from_pretrained(resolve_model(name), dtype=torch.bfloat16)
    num_weights = sum(weight.numel() for weight in model.get_decoder().layers.parameters())
    return 4 * num_weights * speed / peak


def _run_sft(args: argparse.Namespace, train: "Sequence[Example]", adapter: Path) -> tuple[int, float]:
    import torch

    from training.finetuning.config import load_sft_config
    from training.finetuning.curves import LossCurves
    from training.finetuning.run import tune_model

    mixture = {**dict.fromkeys(load_sft_config([])[0].mixture, 0), **dict.fromkeys(FORMS, args.examples // len(FORMS))}
    overrides = [
        f"recipe={'lora_gpu' if torch.cuda.is_available() else 'lora'}",
        f"model={args.model}", f"corpus_dir={args.corpus}", f"out_dir={adapter.parent}", "checks=1", "validation=0",
        f"mixture={{{', '.join(f'{form}: {number}' for form, number in mixture.items())}}}", "choice_weight=1",
        "recipe.schedule=constant", f"recipe.learning_rate={LEARNING_RATE}", "recipe.warmup=0", "recipe.epochs=1",
        f"max_answer_tokens={MAX_ANSWER_TOKENS}", "first=[]",
    ]  # fmt: skip
    step_ends: list[float] = []

    def note_step_end(*_: Any, **__: Any) -> None:
        step_ends.append(time.perf_counter())

    with patch_attribute(LossCurves, "on_step_end", note_step_end):
        tune_model(*load_sft_config(overrides), _print_to_stderr)
    return len(step_ends), step_ends[-1] - step_ends[WARM_UP_STEPS - 1]


def _run_plain_loop(args: argparse.Namespace, train: "Sequence[Example]", adapter: Path) -> tuple[int, float]:
    """Train as a first version would, with as many examples per step as `training sft` has on average."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from agents.models import resolve_model

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    batch_size, tokens_per_step = (8 * BATCH_SIZE, 16384) if device == "cuda" else (BATCH_SIZE, 8 * 1024)
    base = AutoModelForCausalLM.from_pretrained(resolve_model(args.model), dtype=torch.bfloat16, device_map=device)
    lora: dict[str, Any] = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
    model: Any = get_peft_model(base, LoraConfig(**lora)).train()
    trainable = (weight for weight in model.parameters() if weight.requires_grad)
    optimizer = torch.optim.AdamW(trainable, lr=LEARNING_RATE, weight_decay=0)
    mean_tokens = sum(len(example.input_ids) for example in train) / len(train)
    step_size = max(batch_size, round(tokens_per_step / mean_tokens))
    step_ends: list[float] = []
    for start in range(0, len(train), step_size):
        end = start + step_size
        for batch_start in range(start, min(end, len(train)), batch_size):
            batch = train[batch_start : min(batch_start + batch_size, end)]
            with torch.autocast(device, torch.bfloat16):
                loss = model(**_pad_batch(batch, device)).loss * len(batch) / step_size
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()
        step_ends.append(time.perf_counter())
    model.save_pretrained(adapter)
    return len(step_ends), step_ends[-1] - step_ends[WARM_UP_STEPS - 1]


def _pad_batch(batch: "Sequence[Example]", device: str = "cpu") -> dict[str, Any]:
    import torch

    longest = max(len(example.input_ids) for example in batch)

    def pad_rows(row_of: "Callable[[Example], list[int]]", fill: int) -> Any:
        rows = [row_of(example) for example in batch]
        return torch.tensor([row + [fill] * (longest - len(row)) for row in rows], device=device)

    return {
        "input_ids": pad_rows(lambda example: example.input_ids, 0),
        "labels": pad_rows(lambda example: example.labels, -100),
        "attention_mask": pad_rows(lambda example: [1] * len(example.input_ids), 0),
    }


def _held_out_loss(name: str, adapter: Path | None, held_out: "Sequence[Example]") -> float:
    """Return the negative log-likelihood per answer token of held-out examples, computed one by one."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from agents.models import resolve_model

    model: Any = AutoModelForCausalLM.from_pretrained(resolve_model(name), dtype=torch.bfloat16)
    model = (PeftModel.from_pretrained(model, str(adapter)) if adapter else model).eval()
    total, num_tokens = 0.0, 0
    with torch.inference_mode():
        for example in held_out:
            total += float(model(**_pad_batch([example])).loss) * len(example.answer)
            num_tokens += len(example.answer)
    return total / num_tokens


def _print_to_stderr(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
