"""Fine-tuning is at least twice as fast as the plain loop, and learns the same.

Claim: `python -m training sft` takes at least twice the tokens per second of a loop that pads a batch to its longest
example, computes logits of the whole sequence, and looks at answers only in the loss; after one pass over the same
examples both find held-out answers equally likely.

    python -m benchmarks.training                       # about ten minutes on two cores
    python -m benchmarks.training --examples 128 --repeats 1
    python -m benchmarks.training --examples 9000       # on a GPU, where there is one

Both sides train the same adapter by AdamW at the same constant rate, in bfloat16, each in processes of its own, in
turns. Tokens are those of prompts and answers, padding apart; seconds are those after the first steps, so that neither
start nor compiling counts. Memory is the most that the process, or on a GPU its tensors, ever held. Of a known GPU the
share of its peak is told (model FLOPs utilisation, Chowdhery et al. 2022, arXiv:2204.02311, appendix B; 4 FLOPs per
frozen weight and token, since none of these gets a gradient; attention not counted).
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
from typing import Any

from benchmarks.common import middle, parser, patched, report

SIDES = ("plain loop", "training sft")
MIXTURE = {"stars": 1, "verdict": 1, "reply": 1, "review": 1, "answer": 1, "post": 1}
"""Shares of the examples by form."""
RATE = 3e-4
BATCH = 4
"""Examples that the plain loop takes at once; on a GPU, eight times as many."""
WARM = 3
"""Steps that are not timed."""
PEAKS = {"H100": 989e12, "H200": 989e12, "A100": 312e12}
"""FLOPs per second in bfloat16 by the makers' data sheets, without sparsity."""
SOURCE = "corpora/shared"


def main() -> None:
    """Run both sides in turns."""
    args = _options()
    if args.side:
        print(json.dumps(_side(args)))
        return
    passes: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(args.repeats):
        for side in SIDES:
            passes[side].append(_timed(side))
    rows = [_row(side, passes) for side in SIDES]
    head = ("side", "tokens/s", "ours / it", "held-out nats per token", "before", "peak MB", "of the GPU's peak")
    report(args, head, rows, passes)


def _options() -> argparse.Namespace:
    options = parser(__doc__, repeats=2)
    options.add_argument("--corpus", type=Path, default=Path(SOURCE), help=f"folder of a corpus (default {SOURCE})")
    options.add_argument("--examples", type=int, default=384, help="train examples (default 384)")
    options.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    return options.parse_args()


def _timed(side: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.training", *sys.argv[1:], "--side", side],
        stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def _row(side: str, passes: dict[str, list[dict[str, float]]]) -> list[object]:
    def of(name: str, which: str = side) -> float:
        return middle([one[name] for one in passes[which]])

    ratio = of("speed", SIDES[1]) / of("speed")
    return [
        side, f"{of('speed'):.0f}", f"{ratio:.2f}", f"{of('loss'):.3f}", f"{of('before'):.3f}", f"{of('peak_mb'):.0f}",
        f"{of('utilisation'):.1%}",
    ]  # fmt: skip


def _side(args: argparse.Namespace) -> dict[str, float]:
    import torch
    from transformers import AutoTokenizer

    from agents.minds.text import Tokens
    from agents.models import resolve
    from training.sft.examples import drawn, encoded, fitting, read_rows

    tokens = Tokens(AutoTokenizer.from_pretrained(resolve(args.model)), args.model)

    def examples(split: str, number: int) -> list[Any]:
        rows = list(read_rows(args.corpus / "tasks" / f"{split}.jsonl"))
        mixture: dict[str, int | None] = dict.fromkeys(MIXTURE, number // len(MIXTURE))
        return fitting(encoded(drawn(rows, mixture, 0), tokens), 1024, 192)

    train, held_out = examples("train", args.examples), examples("val", 60)
    run = _plain if args.side == SIDES[0] else _ours
    with TemporaryDirectory() as folder:
        adapter = Path(folder) / "out" / "adapter"
        steps, seconds = run(args, train, adapter)
        is_gpu = torch.cuda.is_available()
        peak = torch.cuda.max_memory_allocated() / 1e6 if is_gpu else _most_memory()
        size = sum(len(one.input_ids) for one in train) * (steps - WARM) / steps
        before, after = _loss(args.model, None, held_out), _loss(args.model, adapter, held_out)
    used = _utilisation(args.model, size / seconds)
    return {
        "speed": size / seconds, "loss": after, "before": before, "steps": steps, "peak_mb": peak, "utilisation": used,
    }  # fmt: skip


def _most_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _utilisation(name: str, speed: float) -> float:
    """Share of the GPU's peak; 0 on a CPU, or where the peak is not known."""
    import torch
    from transformers import AutoModelForCausalLM

    from agents.models import resolve

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    peak = next((peak for known, peak in PEAKS.items() if known in device), 0.0)
    if not peak:
        return 0.0
    model: Any = AutoModelForCausalLM.from_pretrained(resolve(name), dtype=torch.bfloat16)
    weights = sum(one.numel() for one in model.get_decoder().layers.parameters())
    return 4 * weights * speed / peak


def _ours(args: argparse.Namespace, train: Sequence[Any], adapter: Path) -> tuple[int, float]:
    import torch

    from training.sft.config import composed, configured
    from training.sft.curves import Curves
    from training.sft.run import tune

    mixture = {form: args.examples // len(MIXTURE) for form in MIXTURE}
    forms = {**dict.fromkeys(configured([]).mixture, 0), **mixture}
    told = ", ".join(f"{form}: {number}" for form, number in forms.items())
    overrides = [
        f"recipe={'lora_gpu' if torch.cuda.is_available() else 'lora'}",
        f"model={args.model}", f"corpus_dir={args.corpus}", f"out_dir={adapter.parent}", "checks=1", "validation=0",
        f"mixture={{{told}}}", "choice_weight=1", "recipe.schedule=constant",
        f"recipe.learning_rate={RATE}", "recipe.warmup=0", "recipe.epochs=1",
        "max_answer_tokens=192", "first=[]",
    ]  # fmt: skip
    moments: list[float] = []

    def ended(*_: Any, **__: Any) -> None:
        moments.append(time.perf_counter())

    with patched(Curves, "on_step_end", ended):
        tune(configured(overrides), composed(overrides), _to_stderr)
    return len(moments), moments[-1] - moments[WARM - 1]


def _plain(args: argparse.Namespace, train: Sequence[Any], adapter: Path) -> tuple[int, float]:
    """What one would write first, with as many examples a step as ours has on average."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from agents.models import resolve

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    at_once, row = (8 * BATCH, 16384) if device == "cuda" else (BATCH, 8 * 1024)
    base = AutoModelForCausalLM.from_pretrained(resolve(args.model), dtype=torch.bfloat16, device_map=device)
    sizes: dict[str, Any] = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear", "task_type": "CAUSAL_LM"}
    model: Any = get_peft_model(base, LoraConfig(**sizes)).train()
    optimizer = torch.optim.AdamW((one for one in model.parameters() if one.requires_grad), lr=RATE, weight_decay=0)
    a_step = max(at_once, round(row / (sum(len(one.input_ids) for one in train) / len(train))))
    moments: list[float] = []
    for start in range(0, len(train), a_step):
        batches = [train[at : min(at + at_once, start + a_step)] for at in range(start, start + a_step, at_once)]
        for batch in filter(None, batches):
            with torch.autocast(device, torch.bfloat16):
                loss = model(**_padded(batch, device)).loss * len(batch) / a_step
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()
        moments.append(time.perf_counter())
    model.save_pretrained(adapter)
    return len(moments), moments[-1] - moments[WARM - 1]


def _padded(batch: Sequence[Any], device: str = "cpu") -> dict[str, Any]:
    import torch

    longest = max(len(one.input_ids) for one in batch)

    def rows(of: Callable[[Any], list[int]], fill: int) -> Any:
        return torch.tensor([of(one) + [fill] * (longest - len(of(one))) for one in batch], device=device)

    ids, labels = rows(lambda one: one.input_ids, 0), rows(lambda one: one.labels, -100)
    return {"input_ids": ids, "labels": labels, "attention_mask": rows(lambda one: [1] * len(one.input_ids), 0)}


def _loss(name: str, adapter: Path | None, held_out: Sequence[Any]) -> float:
    """Negative log-likelihood per answer token of held-out examples, each by itself."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from agents.models import resolve

    model: Any = AutoModelForCausalLM.from_pretrained(resolve(name), dtype=torch.bfloat16)
    model = (PeftModel.from_pretrained(model, str(adapter)) if adapter else model).eval()
    total, number = 0.0, 0
    with torch.inference_mode():
        for one in held_out:
            total += float(model(**_padded([one])).loss) * len(one.answer)
            number += len(one.answer)
    return total / number


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
