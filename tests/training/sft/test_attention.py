"""Attention over packed rows, on whatever is at hand, against the plain product with a mask."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch.nn import Module

from training.sft.attention import packed_attention

BOUNDS = (0, 5, 6, 40, 64)
DEVICES = ("cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")))


def plain(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, window: int | None, scaling: float
) -> torch.Tensor:
    shared = query.shape[1] // key.shape[1]
    scores = query @ key.repeat_interleave(shared, 1).transpose(2, 3) * scaling
    place = torch.arange(query.shape[2], device=query.device)
    back = place[:, None] - place[None, :]
    allowed = torch.zeros_like(back, dtype=torch.bool)
    for start, end in pairwise(BOUNDS):
        allowed[start:end, start:end] = True
    allowed &= (back >= 0) & (back < (window or len(place)))
    weights = scores.masked_fill(~allowed, -torch.inf).softmax(-1)
    return (weights @ value.repeat_interleave(shared, 1)).transpose(1, 2)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("window", [None, 8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_packed_attention_and_its_gradients_are_the_plain_ones(
    device: str, size: int, window: int | None, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    shapes = [(1, heads, BOUNDS[-1], size) for heads in (6, 2, 2)]
    given = [torch.randn(shape, device=device).to(dtype).requires_grad_() for shape in shapes]
    exact = [one.detach().float().requires_grad_() for one in given]
    starts = torch.tensor(BOUNDS, dtype=torch.int32, device=device)
    attend: Any = packed_attention
    found, _ = attend(Module(), *given, None, scaling=0.1, cu_seq_lens_q=starts, sliding_window=window)
    wanted = plain(exact[0], exact[1], exact[2], window, 0.1)
    close = 3e-2 if dtype == torch.bfloat16 else 1e-4
    torch.testing.assert_close(found.float(), wanted, atol=close, rtol=close)
    weight = torch.randn_like(wanted)
    (found.float() * weight).sum().backward()
    (wanted * weight).sum().backward()
    for mine, plainly in zip(given, exact, strict=True):
        assert mine.grad is not None
        torch.testing.assert_close(mine.grad.float(), plainly.grad, atol=10 * close, rtol=close)
