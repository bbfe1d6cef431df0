"""What matrix multiplications alone allow: the least time that a choice can take, in a full pass and by itself.

    python -m benchmarks.bound --tokens 85 --repeats 5

A decision's new tokens go through all linear layers of the model, in bfloat16 as in the engine. Nothing else is done:
no attention, no norms, no cache, no scheduler. `--tokens` are the new ones of the median decision (`engine.py`).
"""

import time

import torch
from transformers import AutoModelForCausalLM

from agents.models import resolve
from benchmarks.common import middle, parser, report

PASS = 2048
"""Tokens of a full pass, as in `conf/mind/base.yaml`."""


def linear_layers(model: str) -> list[torch.nn.Linear]:
    """All but the last one, which a choice needs for one token only."""
    loaded = AutoModelForCausalLM.from_pretrained(resolve(model), dtype=torch.bfloat16)
    return [one for name, one in loaded.named_modules() if isinstance(one, torch.nn.Linear) and name != "lm_head"]


def seconds(layers: list[torch.nn.Linear], tokens: int) -> float:
    """Time of so many tokens through all layers."""
    inputs = {width: torch.randn(tokens, width, dtype=torch.bfloat16) for width in {one.in_features for one in layers}}
    start = time.perf_counter()
    for one in layers:
        one(inputs[one.in_features])
    return time.perf_counter() - start


def main() -> None:
    """Measure and report."""
    options = parser(__doc__, repeats=5)
    options.add_argument("--tokens", type=int, default=85, help="new tokens of a decision (default 85)")
    args = options.parse_args()
    layers = linear_layers(args.model)
    weights = sum(one.weight.numel() for one in layers)
    with torch.inference_mode():
        found = {
            tokens: [seconds(layers, tokens) for _ in range(args.repeats + 1)][1:] for tokens in (PASS, args.tokens)
        }
    rows = [
        [
            tokens,
            f"{1000 * middle(passes) * args.tokens / tokens:.1f}",
            f"{2 * weights * tokens / middle(passes) / 1e9:,.0f}",
        ]
        for tokens, passes in found.items()
    ]
    report(args, ["tokens a pass", "ms a decision, at least", "GFLOP/s"], rows, found)


if __name__ == "__main__":
    main()
