"""Attention over a row of packed examples, one example after the other.

The usual way gives the whole row a mask that forbids to look across examples and computes what it then throws away: of
four examples in a row three quarters. Here each example's block is computed by itself. On a GPU one call of the
variable-length kernel that PyTorch brings along (FlashAttention-2, Dao 2023, arXiv:2307.08691) does all blocks; on a
CPU they are done one by one, in float32, which is more exact and takes as long: in bfloat16 PyTorch prepares every
small product of the way back anew.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import autocast
from torch.nn.functional import scaled_dot_product_attention

PACKED = "packed"
"""Name under which transformers knows it."""


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
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention within each example of a packed row.

    Args:
        module: The layer, which is asked for nothing.
        query: (1, heads, tokens, size).
        key: (1, heads or a divisor, tokens, size).
        value: As `key`.
        attention_mask: Ignored; a packed row has none.
        scaling: Of the scores.
        dropout: Of the attention weights.
        cu_seq_lens_q: Where examples begin, and the row's end.
        rest: Whatever else transformers passes.

    Returns:
        (1, tokens, heads, size), and None where other functions give weights.
    """
    dtype, window = query.dtype, rest.get("sliding_window")
    if cu_seq_lens_q is None:
        cu_seq_lens_q = torch.tensor([0, query.shape[2]], dtype=torch.int32, device=query.device)
    if query.is_cuda and not dropout and (half := _half(query)):
        parts = query.to(half), key.to(half), value.to(half)
        longest = rest.get("max_length_q") or int(cu_seq_lens_q.diff().max())
        return _at_once(*parts, cu_seq_lens_q, longest, window, scaling).to(dtype), None
    if query.device.type == "cpu":
        query, key, value = query.float(), key.float(), value.float()
    with autocast("cpu", enabled=False):  # it would cast back; a GPU's own autocast stays as it is
        blocks = _one_by_one(query, key, value, cu_seq_lens_q.tolist(), window, scaling, dropout)
    return blocks.to(dtype), None


def register() -> None:
    """Make it known to transformers, with no mask of its own."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(PACKED, packed_attention)
    AttentionMaskInterface.register(PACKED, lambda *_, **__: None)


def _half(query: torch.Tensor) -> torch.dtype | None:
    """The 16-bit type that attention is computed in; None for float32, which the kernel does not do."""
    dtype = torch.get_autocast_dtype("cuda") if torch.is_autocast_enabled("cuda") else query.dtype
    return dtype if dtype in (torch.bfloat16, torch.float16) else None


def _at_once(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: torch.Tensor,
    longest: int,
    window: int | None,
    scaling: float | None,
) -> torch.Tensor:
    """All blocks in one call; (1, tokens, heads, size)."""
    from torch.nn.attention.varlen import varlen_attn

    shared = query.shape[1] // key.shape[1]
    heads = (query, key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1))
    rows = [whole[0].transpose(0, 1).contiguous() for whole in heads]
    back = (window - 1, 0) if window and longest > window else (-1, 0)
    attend: Any = varlen_attn
    return attend(*rows, bounds, bounds, longest, longest, scale=scaling, window_size=back)[None]


def _one_by_one(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bounds: Sequence[int],
    window: int | None,
    scaling: float | None,
    dropout: float,
) -> torch.Tensor:
    """Block after block; (1, tokens, heads, size)."""
    parts: list[torch.Tensor] = []
    for start, end in pairwise(bounds):
        mine = [whole[:, :, start:end] for whole in (query, key, value)]
        mask = _window_mask(end - start, window, query.device) if window and end - start > window else None
        parts.append(
            scaled_dot_product_attention(
                *mine, attn_mask=mask, is_causal=mask is None, scale=scaling, dropout_p=dropout, enable_gqa=True
            )
        )
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous()


def _window_mask(size: int, window: int, device: torch.device) -> torch.Tensor:
    places = torch.arange(size, device=device)
    back = places[:, None] - places[None, :]
    return (back >= 0) & (back < window)
