"""Adapters by groups of tokens give what vLLM's adapters by token give."""

from typing import Any

import pytest
import torch

pytestmark = pytest.mark.engine

TOKENS, INPUTS, RANK, SLOTS, OUTPUTS = 40, 24, 4, 3, (16, 8)


def test_groups_add_what_vllms_own_code_adds() -> None:
    from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

    from agents.minds.lora import BY_TOKEN, _add_lora_linear, groups_of

    torch.manual_seed(0)
    slots = torch.randint(0, SLOTS - 1, (TOKENS,))  # the last slot stays empty, as in the mind
    slots[:5] = -1
    x, y = torch.randn(TOKENS, INPUTS), torch.randn(TOKENS, sum(OUTPUTS))
    firsts = tuple(torch.randn(SLOTS, 1, RANK, INPUTS) for _ in OUTPUTS)
    seconds = tuple(torch.randn(SLOTS, 1, size, RANK) for size in OUTPUTS)
    for stack in (*firsts, *seconds):
        stack[-1] = 0
    theirs: Any = PunicaWrapperCPU(TOKENS, 4, "cpu")
    theirs.indices_len[0] = TOKENS
    theirs._token_lora_indices[:TOKENS] = slots
    theirs.groups = groups_of(slots)
    expected, found = y.clone(), y.clone()
    BY_TOKEN(theirs, expected, x, firsts, seconds, 0.5, OUTPUTS)
    _add_lora_linear(theirs, found, x, firsts, seconds, 0.5, OUTPUTS)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(found[:5], y[:5])
    assert not torch.equal(found[5:], y[5:])


def test_tokens_without_an_adapter_are_in_no_group() -> None:
    from agents.minds.lora import groups_of

    found = groups_of(torch.tensor([-1, 0, 0, 2, -1, 2]))
    assert [(slot, places.tolist()) for slot, places in found] == [(0, [1, 2]), (2, [3, 5])]
    assert groups_of(torch.tensor([-1, -1])) == []
