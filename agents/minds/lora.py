"""Adapters on a CPU: one pair of matrix products for all tokens of an adapter.

vLLM's own code for a CPU copies an adapter's matrices once for every token of a batch, prompts included, so most of an
adapter's time goes to memory. What is installed here groups a batch's tokens by adapter and multiplies each group at
once; tokens of base people are left alone. Install it before the engine starts.
"""

from typing import Any

import torch
from vllm.lora.punica_wrapper.punica_base import PunicaWrapperBase
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

BY_TOKEN: Any = PunicaWrapperCPU.add_lora_linear
"""vLLM's own way."""

_NONE = -1
"""Slot of a token that has no adapter."""


def install() -> None:
    """Let every engine that is started from now on in this process multiply by group."""
    wrapper: Any = PunicaWrapperCPU
    wrapper.update_metadata = _update_metadata
    wrapper.add_lora_linear = _add_lora_linear


def groups_of(slots: torch.Tensor) -> list[tuple[int, torch.Tensor]]:
    """Tokens by the slot of their adapter, those without one left out.

    Args:
        slots: Of each token of a batch.

    Returns:
        Slot, and the places of its tokens.
    """
    return [(slot, (slots == slot).nonzero().flatten()) for slot in slots.unique().tolist() if slot != _NONE]


def _update_metadata(self: Any, *args: Any, **kwargs: Any) -> None:
    PunicaWrapperBase.update_metadata(self, *args, **kwargs)
    self.groups = groups_of(self.token_lora_indices)


def _add_lora_linear(
    self: Any,
    y: torch.Tensor,
    x: torch.Tensor,
    lora_a_stacked: tuple[torch.Tensor, ...],
    lora_b_stacked: tuple[torch.Tensor, ...],
    scale: float,
    output_slices: tuple[int, ...],
    **_: Any,
) -> None:
    """Add each adapter's part to the rows of its tokens, in place.

    Args:
        self: The wrapper, which knows the groups.
        y: Output of the layer, (tokens, outputs); the outputs of several matrices side by side.
        x: Input of the layer, (tokens, inputs).
        lora_a_stacked: First matrices of each of these, (slots, 1, rank, inputs).
        lora_b_stacked: Second matrices, (slots, 1, outputs of the matrix, rank).
        scale: Of all parts.
        output_slices: How many outputs each matrix has.
    """
    rows_in, rows_out = x.view(-1, x.shape[-1]), y.view(-1, y.shape[-1])
    for slot, places in self.groups:
        inputs = rows_in[places]
        parts = [
            inputs @ first[slot, 0].T @ second[slot, 0].T
            for first, second in zip(lora_a_stacked, lora_b_stacked, strict=True)
        ]
        added = torch.cat([part[:, :size] for part, size in zip(parts, output_slices, strict=True)], dim=1)
        rows_out[:, : added.shape[1]].index_add_(0, places, added.to(y.dtype), alpha=scale)
