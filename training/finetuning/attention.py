"""Attention over a row of packed examples, one example after the other.

The usual implementation masks attention between examples of a row, after computing it: with four examples in a row,
three quarters of the work is discarded. Here each example's block is computed separately. Where examples share what
they begin with (`training.finetuning.prefix_trees`), a block's keys are gathered from all segments that lead to it.

On a GPU, one call of PyTorch's variable-length kernel (FlashAttention-2, Dao 2023, arXiv:2307.08691) computes all
blocks. On a CPU they are computed one by one in float32, which is more exact and takes the same time: in bfloat16,
PyTorch's backward pass prepares every small product again.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import autocast
from torch.nn.functional import scaled_dot_product_attention

PACKED = "packed"
"""Name under which transformers knows this implementation."""
LONGEST = ("max_length_q", "max_length_k")
"""Options that hold the length of the longest block of queries and of keys."""


class Bounds(NamedTuple):
    """Where the blocks of a row begin, and its end, (blocks + 1,)."""

    queries: torch.Tensor
    keys: torch.Tensor
    """The last keys of a block are those of its queries."""


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
    """Return causal attention within each example of a packed row, or of each segment to what leads to it.

    Args:
        module: The layer; unused.
        query: (1, heads, tokens, size).
        key: (1, heads or a divisor, tokens, size).
        value: As `key`.
        attention_mask: Ignored; a packed row has none.
        scaling: Factor of the scores.
        dropout: Dropout of the attention weights.
        cu_seq_lens_q: Where examples or segments begin, and the row's end.
        options: Everything else that transformers passes; `sliding_window`, `max_length_q` and, for segments,
            `key_index`, `cu_seq_lens_k` and `max_length_k` are used (`training.finetuning.packing.collate_rows`).

    Returns:
        (1, tokens, heads, size), and None in place of attention weights.
    """
    dtype, window = query.dtype, options.get("sliding_window")
    if cu_seq_lens_q is None:
        cu_seq_lens_q = torch.tensor([0, query.shape[2]], dtype=torch.int32, device=query.device)
    bounds = Bounds(cu_seq_lens_q, cu_seq_lens_q)
    if "key_index" in options:
        key, value = (_gather_tokens(tensor, options["key_index"]) for tensor in (key, value))
        bounds = Bounds(cu_seq_lens_q, options["cu_seq_lens_k"])
    if query.is_cuda and not dropout and (half := _half_dtype(query)):
        parts = query.to(half), key.to(half), value.to(half)
        longest = [options.get(name) or int(starts.diff().max()) for name, starts in zip(LONGEST, bounds, strict=True)]
        return _attend_at_once(*parts, bounds, longest, window, scaling).to(dtype), None
    if query.device.type == "cpu":
        query, key, value = query.float(), key.float(), value.float()
    with autocast("cpu", enabled=False):  # it would cast back to bfloat16; autocast of a GPU stays as it is
        blocks = _attend_by_block(query, key, value, bounds, window, scaling, dropout)
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


def _gather_tokens(tensor: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Return the tokens of an index, which may repeat; (1, heads, tokens, size) in and out."""
    return tensor[0].transpose(0, 1).index_select(0, index).transpose(0, 1)[None]


def _attend_at_once(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: Bounds,
    longest: Sequence[int],
    window: int | None,
    scaling: float | None,
) -> torch.Tensor:
    """Compute all blocks in one call; return (1, tokens, heads, size)."""
    from torch.nn.attention.varlen import varlen_attn

    group_size = query.shape[1] // key.shape[1]
    heads = (query, key.repeat_interleave(group_size, 1), value.repeat_interleave(group_size, 1))
    rows = [tensor[0].transpose(0, 1).contiguous() for tensor in heads]
    back = (window - 1, 0) if window and max(longest) > window else (-1, 0)
    attend: Any = varlen_attn
    return attend(*rows, *bounds, *longest, scale=scaling, window_size=back)[None]


def _attend_by_block(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: Bounds,
    window: int | None,
    scaling: float | None,
    dropout: float,
) -> torch.Tensor:
    """Compute block after block; return (1, tokens, heads, size)."""
    outputs: list[torch.Tensor] = []
    for (start, end), (first, last) in zip(*(pairwise(starts.tolist()) for starts in bounds), strict=True):
        block = query[:, :, start:end], key[:, :, first:last], value[:, :, first:last]
        num_queries, num_keys = end - start, last - first
        is_plain = num_queries == num_keys and not (window and num_keys > window)
        mask = None if is_plain else _block_mask(num_queries, num_keys, window, query.device)
        outputs.append(
            scaled_dot_product_attention(
                *block, attn_mask=mask, is_causal=mask is None, scale=scaling, dropout_p=dropout, enable_gqa=True
            )
        )
    return torch.cat(outputs, dim=2).transpose(1, 2).contiguous()


def _block_mask(num_queries: int, num_keys: int, window: int | None, device: torch.device) -> torch.Tensor:
    """Return which keys each query sees; the last keys are those of the queries."""
    positions = torch.arange(num_keys, device=device)
    back = positions[num_keys - num_queries :, None] - positions[None, :]
    return (back >= 0) & (back < (window or num_keys))
