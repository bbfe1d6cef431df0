"""The time that matrix multiplications alone take: a lower bound on the time of a choice, in a full pass or alone.

    python -m benchmarks.bound --tokens 85 --repeats 5

A decision's new tokens go through all linear layers of the model, in bfloat16 as in the engine. Nothing else is done:
no attention, no norms, no cache, no scheduler. `--tokens` are the new ones of the median decision (`engine.py`).
"""

import time

import torch
from transformers import AutoModelForCausalLM

from agents.models import resolve_model
from benchmarks.common import make_parser, median_or_zero, report_table

PASS_TOKENS = 2048
"""Tokens of a full pass, as in `conf/mind/base.yaml`."""


def load_linear_layers(model: str) -> list[torch.nn.Linear]:
    """Return all linear layers except for the last one, which a choice needs for one token only."""
    loaded = AutoModelForCausalLM.from_pretrained(resolve_model(model), dtype=torch.bfloat16)
    modules = loaded.named_modules()
    return [module for name, module in modules if isinstance(module, torch.nn.Linear) and name != "lm_head"]


def time_pass(layers: list[torch.nn.Linear], tokens: int) -> float:
    """Return the seconds that `tokens` take through all layers."""
    widths = {layer.in_features for layer in layers}
    inputs = {width: torch.randn(tokens, width, dtype=torch.bfloat16) for width in widths}
    start = time.perf_counter()
    for layer in layers:
        layer(inputs[layer.in_features])
    return time.perf_counter() - start


def main() -> None:
    """Measure and report."""
    parser = make_parser(__doc__, repeats=5)
    parser.add_argument("--tokens", type=int, default=85, help="new tokens of a decision (default 85)")
    args = parser.parse_args()
    layers = load_linear_layers(args.model)
    num_weights = sum(layer.weight.numel() for layer in layers)
    with torch.inference_mode():
        seconds = {
            tokens: [time_pass(layers, tokens) for _ in range(args.repeats + 1)][1:]
            for tokens in (PASS_TOKENS, args.tokens)
        }
    rows = [
        [
            tokens,
            f"{1000 * median_or_zero(passes) * args.tokens / tokens:.1f}",
            f"{2 * num_weights * tokens / median_or_zero(passes) / 1e9:,.0f}",
        ]
        for tokens, passes in seconds.items()
    ]
    report_table(args, ["tokens per pass", "ms per decision, at least", "GFLOP/s"], rows, seconds)


if __name__ == "__main__":
    main()
