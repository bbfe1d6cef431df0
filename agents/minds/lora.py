"""Adapters on a CPU: a pair of matrix products for all tokens of an adapter.

vLLM's own code for a CPU copies an adapter's matrices once for every token of a batch, prompts included, so most of an
adapter's time goes to memory. What is installed here groups a batch's tokens by adapter and multiplies each group at
once; tokens of base people are left alone. Where a group's tokens stand together, as those of an arm do, products are
added where they belong without a copy. Few tokens, as in a decode step, are multiplied in float32, by the matrices of
all parts of a layer as one: PyTorch takes longer to prepare several small products in bfloat16. An adapter that leaves
the last layer alone costs nothing there. Install it before the engine starts.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from vllm.lora.punica_wrapper.punica_base import PunicaWrapperBase
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

BY_TOKEN: Any = PunicaWrapperCPU.add_lora_linear
"""vLLM's own way."""
LOGITS_BY_TOKEN: Any = PunicaWrapperCPU.add_lora_logits
"""The same for the last layer."""
FEW = 64
"""Tokens of a group that are multiplied in float32."""

Places: TypeAlias = "slice | torch.Tensor"
"""Of tokens in a batch."""

_NONE = -1
"""Slot of a token that has no adapter."""


def install() -> None:
    """Let every engine that is started from now on in this process multiply by group."""
    wrapper: Any = PunicaWrapperCPU
    wrapper.update_metadata = _update_metadata
    wrapper.add_lora_linear = _add_lora_linear
    wrapper.add_lora_logits = _add_lora_logits


def groups_of(slots: torch.Tensor) -> list[tuple[int, Places]]:
    """Tokens by the slot of their adapter, those without one left out.

    Args:
        slots: Of each token of a batch.

    Returns:
        Slot, and the places of its tokens: a slice where they stand together, as those of an arm do.
    """
    found = [(slot, (slots == slot).nonzero().flatten()) for slot in slots.unique().tolist() if slot != _NONE]
    return [(slot, _as_slice(places)) for slot, places in found]


def _as_slice(places: torch.Tensor) -> Places:
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1) if last - first + 1 == len(places) else places


def _update_metadata(self: Any, mapping: Any, lora_index_to_id: list[int | None], *args: Any, **rest: Any) -> None:
    PunicaWrapperBase.update_metadata(self, mapping, lora_index_to_id, *args, **rest)
    self.groups = groups_of(self.token_lora_indices)
    self.adapters = tuple(lora_index_to_id)
    self.known = getattr(self, "known", {})


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
        inputs, outputs = rows_in[places], rows_out[places]
        if len(inputs) <= FEW:
            first, second = _as_one(self, slot, lora_a_stacked, lora_b_stacked, output_slices)
            outputs[:, : second.shape[1]].add_(inputs.float() @ first @ second, alpha=scale)
        else:
            start = 0
            for first, second, size in zip(lora_a_stacked, lora_b_stacked, output_slices, strict=True):
                part = outputs[:, start : start + size]
                part.addmm_(inputs @ first[slot, 0].T, second[slot, 0, :size].T, alpha=scale)
                start += size
        if not isinstance(places, slice):
            rows_out.index_copy_(0, places, outputs)


def _as_one(
    self: Any,
    slot: int,
    firsts: Sequence[torch.Tensor],
    seconds: Sequence[torch.Tensor],
    sizes: Sequence[int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """An adapter's matrices of all parts of a layer, (inputs, ranks) and (ranks, outputs) in float32; made once."""
    key = seconds[0].data_ptr(), self.adapters[slot]
    if key not in self.known:
        first = torch.cat([one[slot, 0] for one in firsts]).float().T.contiguous()
        second = torch.block_diag(*(one[slot, 0, :size].float().T for one, size in zip(seconds, sizes, strict=True)))
        self.known[key] = first, second
    return self.known[key]


def _add_lora_logits(
    self: Any, y: torch.Tensor, x: torch.Tensor, first: torch.Tensor, second: torch.Tensor, scale: float, **rest: Any
) -> None:
    """Change logits as vLLM does, where an adapter of the batch changes the last layer at all."""
    for slot, _ in self.groups:
        key = second.data_ptr(), self.adapters[slot]
        if key not in self.known:
            self.known[key] = bool(first[slot].any())
        if self.known[key]:
            LOGITS_BY_TOKEN(self, y, x, first, second, scale, **rest)
            return
