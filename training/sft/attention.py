"""Attention over a row of packed examples, one example after the other.

The usual way gives the whole row a mask that forbids to look across examples and computes what it then throws away: of
four examples in a row three quarters. Here each example's block is computed by itself, with PyTorch's own kernel. On a
GPU with FlashAttention its variable-length kernel does the same faster: `recipe.attention=flash_attention_2`.
On a CPU it computes in float32, which is more exact and takes as long: in bfloat16 PyTorch prepares every small product
of the way back anew.
"""

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
    dtype = query.dtype
    if query.device.type == "cpu":
        query, key, value = query.float(), key.float(), value.float()
    bounds = [0, query.shape[2]] if cu_seq_lens_q is None else cu_seq_lens_q.tolist()
    window = rest.get("sliding_window")
    parts: list[torch.Tensor] = []
    with autocast("cpu", enabled=False):  # it would cast back; a GPU's own autocast stays as it is
        for start, end in pairwise(bounds):
            mine = [whole[:, :, start:end] for whole in (query, key, value)]
            mask = _window_mask(end - start, window, query.device) if window and end - start > window else None
            parts.append(
                scaled_dot_product_attention(
                    *mine, attn_mask=mask, is_causal=mask is None, scale=scaling, dropout_p=dropout, enable_gqa=True
                )
            )
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous().to(dtype), None


def register() -> None:
    """Make it known to transformers, with no mask of its own."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(PACKED, packed_attention)
    AttentionMaskInterface.register(PACKED, lambda *_, **__: None)


def _window_mask(size: int, window: int, device: torch.device) -> torch.Tensor:
    places = torch.arange(size, device=device)
    back = places[:, None] - places[None, :]
    return (back >= 0) & (back < window)
