"""Attention over a row of packed examples, one example after the other.

The usual implementation masks attention between examples of a row, after computing it: with four examples in a row,
three quarters of the work is discarded. Here each example's block is computed separately. On a GPU, one call of
PyTorch's variable-length kernel (FlashAttention-2, Dao 2023, arXiv:2307.08691) computes all blocks. On a CPU they are
computed one by one in float32, which is more exact and takes the same time: in bfloat16, PyTorch's backward pass
prepares every small product again.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import autocast
from torch.nn.functional import scaled_dot_product_attention

PACKED = "packed"
"""Name under which transformers knows this implementation."""


@torch.compiler.disable
def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    cu_seq_lens_q: torch.Tensor | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Return causal attention within each example of a packed row.

    Args:
        module: The layer; unused.
        query: (1, heads, tokens, size).
        key: (1, heads or a divisor, tokens, size).
        value: As `key`.
        attention_mask: Ignored; a packed row has none.
        scaling: Factor of the scores.
        dropout: Dropout of the attention weights.
        cu_seq_lens_q: Where examples begin, and the row's end.
        options: Everything else that transformers passes; `sliding_window` and `max_length_q` are used.

    Returns:
        (1, tokens, heads, size), and None in place of attention weights.
    """
    dtype, window = query.dtype, options.get("sliding_window")
    if cu_seq_lens_q is None:
        cu_seq_lens_q = torch.tensor([0, query.shape[2]], dtype=torch.int32, device=query.device)
    if query.is_cuda and not dropout and (half := _half_dtype(query)):
        parts = query.to(half), key.to(half), value.to(half)
        longest = options.get("max_length_q") or int(cu_seq_lens_q.diff().max())
        return _attend_at_once(*parts, cu_seq_lens_q, longest, window, scaling).to(dtype), None
    if query.device.type == "cpu":
        query, key, value = query.float(), key.float(), value.float()
    with autocast("cpu", enabled=False):  # it would cast back to bfloat16; autocast of a GPU stays as it is
        blocks = _attend_by_block(query, key, value, cu_seq_lens_q.tolist(), window, scaling, dropout)
    return blocks.to(dtype), None


def register_attention() -> None:
    """Register the implementation with transformers, without an attention mask."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(PACKED, packed_attention)
    AttentionMaskInterface.register(PACKED, lambda *_, **__: None)


def _half_dtype(query: torch.Tensor) -> torch.dtype | None:
    """Return the 16-bit type that attention is computed in; None for float32, which the kernel does not support."""
    dtype = torch.get_autocast_dtype("cuda") if torch.is_autocast_enabled("cuda") else query.dtype
    return dtype if dtype in (torch.bfloat16, torch.float16) else None


def _attend_at_once(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: torch.Tensor,
    longest: int,
    window: int | None,
    scaling: float | None,
) -> torch.Tensor:
    """Compute all blocks in one call; return (1, tokens, heads, size)."""
    from torch.nn.attention.varlen import varlen_attn

    group_size = query.shape[1] // key.shape[1]
    heads = (query, key.repeat_interleave(group_size, 1), value.repeat_interleave(group_size, 1))
    rows = [tensor[0].transpose(0, 1).contiguous() for tensor in heads]
    back = (window - 1, 0) if window and longest > window else (-1, 0)
    attend: Any = varlen_attn
    return attend(*rows, bounds, bounds, longest, longest, scale=scaling, window_size=back)[None]


def _attend_by_block(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: Sequence[int],
    window: int | None,
    scaling: float | None,
    dropout: float,
) -> torch.Tensor:
    """Compute block after block; return (1, tokens, heads, size)."""
    outputs: list[torch.Tensor] = []
    for start, end in pairwise(bounds):
        block = [tensor[:, :, start:end] for tensor in (query, key, value)]
        mask = _window_mask(end - start, window, query.device) if window and end - start > window else None
        outputs.append(
            scaled_dot_product_attention(
                *block, attn_mask=mask, is_causal=mask is None, scale=scaling, dropout_p=dropout, enable_gqa=True
            )
        )
    return torch.cat(outputs, dim=2).transpose(1, 2).contiguous()


def _window_mask(size: int, window: int, device: torch.device) -> torch.Tensor:
    positions = torch.arange(size, device=device)
    back = positions[:, None] - positions[None, :]
    return (back >= 0) & (back < window)
