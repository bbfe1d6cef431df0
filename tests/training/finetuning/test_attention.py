"""Attention over packed rows, on the devices there are, against the plain product with a mask."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch.nn import Module

from training.finetuning.attention import packed_attention

BOUNDS = (0, 5, 6, 40, 64)
DEVICES = ("cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")))


def plain_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, window: int | None, scaling: float
) -> torch.Tensor:
    group_size = query.shape[1] // key.shape[1]
    scores = query @ key.repeat_interleave(group_size, 1).transpose(2, 3) * scaling
    positions = torch.arange(query.shape[2], device=query.device)
    back = positions[:, None] - positions[None, :]
    allowed = torch.zeros_like(back, dtype=torch.bool)
    for start, end in pairwise(BOUNDS):
        allowed[start:end, start:end] = True
    allowed &= (back >= 0) & (back < (window or len(positions)))
    weights = scores.masked_fill(~allowed, -torch.inf).softmax(-1)
    return (weights @ value.repeat_interleave(group_size, 1)).transpose(1, 2)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("window", [None, 8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_packed_attention_and_its_gradients_are_the_plain_ones(
    device: str, size: int, window: int | None, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    shapes = [(1, heads, BOUNDS[-1], size) for heads in (6, 2, 2)]
    inputs = [torch.randn(shape, device=device).to(dtype).requires_grad_() for shape in shapes]
    exact = [tensor.detach().float().requires_grad_() for tensor in inputs]
    starts = torch.tensor(BOUNDS, dtype=torch.int32, device=device)
    attend: Any = packed_attention
    output, _ = attend(Module(), *inputs, None, scaling=0.1, cu_seq_lens_q=starts, sliding_window=window)
    expected = plain_attention(exact[0], exact[1], exact[2], window, 0.1)
    tolerance = 3e-2 if dtype == torch.bfloat16 else 1e-4
    torch.testing.assert_close(output.float(), expected, atol=tolerance, rtol=tolerance)
    weight = torch.randn_like(expected)
    (output.float() * weight).sum().backward()
    (expected * weight).sum().backward()
    for tensor, exact_tensor in zip(inputs, exact, strict=True):
        assert tensor.grad is not None
        torch.testing.assert_close(tensor.grad.float(), exact_tensor.grad, atol=10 * tolerance, rtol=tolerance)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("window", [None, 8])
def test_a_segment_sees_all_segments_that_lead_to_it(device: str, window: int | None) -> None:
    """Two branches of a tree are those of two rows that repeat what they share."""
    torch.manual_seed(0)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    shapes = [(1, heads, 30, 64) for heads in (6, 2, 2)]
    tree = [torch.randn(shape, device=device).to(dtype) for shape in shapes]
    segments = [torch.arange(*bounds, device=device) for bounds in ((0, 12), (12, 20), (20, 30))]
    seen = [segments[0], *(torch.cat([segments[0], branch]) for branch in segments[1:])]
    options = {
        "cu_seq_lens_q": torch.tensor([0, 12, 20, 30], dtype=torch.int32, device=device),
        "cu_seq_lens_k": torch.tensor([0, 12, 32, 54], dtype=torch.int32, device=device),
        "key_index": torch.cat(seen),
        "sliding_window": window,
    }
    attend: Any = packed_attention
    output, _ = attend(Module(), *tree, None, scaling=0.1, **options)
    for branch in seen[1:]:
        alone, _ = attend(
            Module(), *(tensor[:, :, branch] for tensor in tree), None, scaling=0.1, sliding_window=window
        )
        torch.testing.assert_close(output[:, branch[12:]], alone[:, 12:], atol=1e-2, rtol=1e-2)
