"""Adapters by groups of tokens give what vLLM's adapters by token give."""

from typing import Any

import pytest
import torch

pytestmark = pytest.mark.engine

INPUTS, RANK, SLOTS, OUTPUTS = 24, 4, 3, (16, 8)


@pytest.mark.parametrize("tokens", [40, 400])
@pytest.mark.parametrize("together", [True, False])
def test_groups_add_what_vllms_own_code_adds(together: bool, tokens: int) -> None:
    from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

    from agents.minds.lora import BY_TOKEN, _add_lora_linear, groups_of

    torch.manual_seed(0)
    slots = torch.randint(0, SLOTS - 1, (tokens,))  # the last slot stays empty, as in the mind
    slots = slots.sort().values if together else slots
    slots[:5] = -1
    x, y = torch.randn(tokens, INPUTS), torch.randn(tokens, sum(OUTPUTS))
    firsts = tuple(torch.randn(SLOTS, 1, RANK, INPUTS) for _ in OUTPUTS)
    seconds = tuple(torch.randn(SLOTS, 1, size, RANK) for size in OUTPUTS)
    for stack in (*firsts, *seconds):
        stack[-1] = 0
    theirs: Any = PunicaWrapperCPU(tokens, 4, "cpu")
    theirs.indices_len[0] = tokens
    theirs._token_lora_indices[:tokens] = slots
    theirs.groups, theirs.adapters, theirs.known = groups_of(slots), (1, 2, None), {}
    assert all(isinstance(places, slice) is together for _, places in theirs.groups)
    expected, found = y.clone(), y.clone()
    BY_TOKEN(theirs, expected, x, firsts, seconds, 0.5, OUTPUTS)
    _add_lora_linear(theirs, found, x, firsts, seconds, 0.5, OUTPUTS)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(found[:5], y[:5])
    assert not torch.equal(found[5:], y[5:])


def test_tokens_without_an_adapter_are_in_no_group() -> None:
    from agents.minds.lora import groups_of

    found = groups_of(torch.tensor([-1, 0, 0, 2, -1, 2]))
    assert [slot for slot, _ in found] == [0, 2]
    assert found[0][1] == slice(1, 3), "they stand together"
    assert torch.equal(torch.as_tensor(found[1][1]), torch.tensor([3, 5]))
    assert groups_of(torch.tensor([-1, -1])) == []


def test_the_last_layer_is_changed_by_adapters_that_change_it() -> None:
    from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

    from agents.minds.lora import LOGITS_BY_TOKEN, _add_lora_logits

    torch.manual_seed(0)
    x, y = torch.randn(6, INPUTS), torch.zeros(6, 30)
    firsts, seconds = torch.randn(SLOTS, 1, RANK, INPUTS), torch.randn(SLOTS, 1, 30, RANK)
    theirs: Any = PunicaWrapperCPU(6, 4, "cpu")
    theirs.indices_len[1] = 6
    theirs._sampler_indices[:6] = torch.tensor([-1, 0, 0, 1, 1, 0])
    theirs.groups, theirs.adapters, theirs.known = [(0, slice(1, 3)), (1, slice(3, 5))], (1, 2, None), {}
    firsts[0] = 0
    expected, found = y.clone(), y.clone()
    LOGITS_BY_TOKEN(theirs, expected, x, firsts, seconds, 1.0)
    _add_lora_logits(theirs, found, x, firsts, seconds, 1.0)
    assert torch.equal(found, expected)
    assert expected.any()
    theirs.groups = [(0, slice(1, 3))]
    _add_lora_logits(theirs, untouched := y.clone(), x, firsts, seconds, 1.0)
    assert torch.equal(untouched, y)
