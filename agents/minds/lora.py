"""Fast LoRA adapters on a CPU: one pair of matrix products for all tokens of an adapter.

vLLM's own code for a CPU copies an adapter's matrices once for every token of a batch, prompts included, so most of an
adapter's time goes to memory. The functions installed here group a batch's tokens by adapter and multiply each group
at once; tokens of the base model are left alone.

- If a group's tokens are contiguous, as those of an arm are, products are added in place without a copy.
- Few tokens, as in a decode step, are multiplied in float32, by the matrices of all parts of a layer merged into one:
  PyTorch takes longer to prepare several small products in bfloat16.
- An adapter that does not change the last layer costs nothing there.

Install before the engine starts.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from vllm.lora.punica_wrapper.punica_base import PunicaWrapperBase
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

ADD_LINEAR_BY_TOKEN: Any = PunicaWrapperCPU.add_lora_linear
"""vLLM's own implementation."""
ADD_LOGITS_BY_TOKEN: Any = PunicaWrapperCPU.add_lora_logits
"""The same for the last layer."""
MAX_FLOAT32_TOKENS = 64
"""Largest group of tokens that is multiplied in float32."""
NO_ADAPTER = -1
"""Slot of a token that has no adapter."""

TokenIndex: TypeAlias = "slice | torch.Tensor"
"""Positions of tokens in a batch."""


def install() -> None:
    """Make every engine that starts from now on in this process multiply by group."""
    wrapper: Any = PunicaWrapperCPU
    wrapper.update_metadata = _update_metadata
    wrapper.add_lora_linear = _add_lora_linear
    wrapper.add_lora_logits = _add_lora_logits


def group_by_adapter(slots: torch.Tensor) -> list[tuple[int, TokenIndex]]:
    """Group tokens by the slot of their adapter, without tokens that have none.

    Args:
        slots: The adapter slot of each token of a batch, (tokens,).

    Returns:
        Each slot with the positions of its tokens: a slice if they are contiguous, as those of an arm are.
    """
    return [
        (slot, _to_slice((slots == slot).nonzero().flatten())) for slot in slots.unique().tolist() if slot != NO_ADAPTER
    ]


def _to_slice(positions: torch.Tensor) -> TokenIndex:
    first, last = int(positions[0]), int(positions[-1])
    return slice(first, last + 1) if last - first + 1 == len(positions) else positions


def _update_metadata(self: Any, mapping: Any, lora_index_to_id: list[int | None], *args: Any, **rest: Any) -> None:
    PunicaWrapperBase.update_metadata(self, mapping, lora_index_to_id, *args, **rest)
    self.token_groups = group_by_adapter(self.token_lora_indices)
    self.adapter_ids = tuple(lora_index_to_id)
    # What is computed from an adapter's matrices. A slot may get another adapter, so keys hold the adapter's id.
    self.adapter_cache = getattr(self, "adapter_cache", {})


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
    """Add each adapter's contribution to the rows of its tokens, in place.

    Args:
        self: vLLM's wrapper, which holds the groups.
        y: Output of the layer, (tokens, outputs); the outputs of several matrices side by side.
        x: Input of the layer, (tokens, inputs).
        lora_a_stacked: The first LoRA matrix for each of these, (slots, 1, rank, inputs).
        lora_b_stacked: The second LoRA matrix, (slots, 1, outputs of the matrix, rank).
        scale: Factor of all contributions.
        output_slices: Number of outputs of each matrix.
    """
    rows_in, rows_out = x.view(-1, x.shape[-1]), y.view(-1, y.shape[-1])
    for slot, positions in self.token_groups:
        inputs, outputs = rows_in[positions], rows_out[positions]
        if len(inputs) <= MAX_FLOAT32_TOKENS:
            first, second = _merge_parts(self, slot, lora_a_stacked, lora_b_stacked, output_slices)
            outputs[:, : second.shape[1]].add_(inputs.float() @ first @ second, alpha=scale)
        else:
            start = 0
            for first, second, size in zip(lora_a_stacked, lora_b_stacked, output_slices, strict=True):
                part = outputs[:, start : start + size]
                part.addmm_(inputs @ first[slot, 0].T, second[slot, 0, :size].T, alpha=scale)
                start += size
        if not isinstance(positions, slice):  # then `outputs` is a copy
            rows_out.index_copy_(0, positions, outputs)


def _merge_parts(
    self: Any,
    slot: int,
    firsts: Sequence[torch.Tensor],
    seconds: Sequence[torch.Tensor],
    sizes: Sequence[int],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return an adapter's matrices for all parts of a layer, (inputs, ranks) and (ranks, outputs), in float32.

    They are computed once per layer and adapter.
    """
    key = seconds[0].data_ptr(), self.adapter_ids[slot]
    if key not in self.adapter_cache:
        first = torch.cat([matrix[slot, 0] for matrix in firsts]).float().T.contiguous()
        parts = [matrix[slot, 0, :size].float().T for matrix, size in zip(seconds, sizes, strict=True)]
        self.adapter_cache[key] = first, torch.block_diag(*parts)
    return self.adapter_cache[key]


def _add_lora_logits(
    self: Any, y: torch.Tensor, x: torch.Tensor, first: torch.Tensor, second: torch.Tensor, scale: float, **rest: Any
) -> None:
    """Change logits as vLLM does, but only if an adapter of the batch changes the last layer at all."""
    for slot, _ in self.token_groups:
        key = second.data_ptr(), self.adapter_ids[slot]
        if key not in self.adapter_cache:
            self.adapter_cache[key] = bool(first[slot].any())
        if self.adapter_cache[key]:
            ADD_LOGITS_BY_TOKEN(self, y, x, first, second, scale, **rest)
            return
