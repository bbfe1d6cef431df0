"""Adapters applied by groups of tokens give the results of vLLM's adapters applied by token."""

from typing import Any

import pytest
import torch

pytestmark = pytest.mark.engine

INPUTS, RANK, SLOTS, OUTPUTS = 24, 4, 3, (16, 8)


def make_wrapper(tokens: int, groups: list[tuple[int, Any]]) -> Any:
    """Return vLLM's wrapper with the attributes that our `update_metadata` sets."""
    from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU

    wrapper: Any = PunicaWrapperCPU(tokens, 4, "cpu")
    wrapper.token_groups, wrapper.adapter_ids, wrapper.adapter_cache = groups, (1, 2, None), {}
    return wrapper


@pytest.mark.parametrize("tokens", [40, 400])
@pytest.mark.parametrize("contiguous", [True, False])
def test_groups_add_what_vllms_own_code_adds(contiguous: bool, tokens: int) -> None:
    from agents.minds.lora import ADD_LINEAR_BY_TOKEN, _add_lora_linear, group_by_adapter

    torch.manual_seed(0)
    slots = torch.randint(0, SLOTS - 1, (tokens,))  # the last slot stays empty, as in the mind
    slots = slots.sort().values if contiguous else slots
    slots[:5] = -1
    x, y = torch.randn(tokens, INPUTS), torch.randn(tokens, sum(OUTPUTS))
    firsts = tuple(torch.randn(SLOTS, 1, RANK, INPUTS) for _ in OUTPUTS)
    seconds = tuple(torch.randn(SLOTS, 1, size, RANK) for size in OUTPUTS)
    for stack in (*firsts, *seconds):
        stack[-1] = 0
    wrapper = make_wrapper(tokens, group_by_adapter(slots))
    wrapper.indices_len[0] = tokens
    wrapper._token_lora_indices[:tokens] = slots
    assert all(isinstance(positions, slice) is contiguous for _, positions in wrapper.token_groups)
    expected, result = y.clone(), y.clone()
    ADD_LINEAR_BY_TOKEN(wrapper, expected, x, firsts, seconds, 0.5, OUTPUTS)
    _add_lora_linear(wrapper, result, x, firsts, seconds, 0.5, OUTPUTS)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(result[:5], y[:5])
    assert not torch.equal(result[5:], y[5:])


def test_tokens_without_an_adapter_are_in_no_group() -> None:
    from agents.minds.lora import group_by_adapter

    groups = group_by_adapter(torch.tensor([-1, 0, 0, 2, -1, 2]))
    assert [slot for slot, _ in groups] == [0, 2]
    assert groups[0][1] == slice(1, 3), "they are contiguous"
    assert torch.equal(torch.as_tensor(groups[1][1]), torch.tensor([3, 5]))
    assert group_by_adapter(torch.tensor([-1, -1])) == []


def test_the_last_layer_is_changed_by_adapters_that_change_it() -> None:
    from agents.minds.lora import ADD_LOGITS_BY_TOKEN, _add_lora_logits

    torch.manual_seed(0)
    x, y = torch.randn(6, INPUTS), torch.zeros(6, 30)
    firsts, seconds = torch.randn(SLOTS, 1, RANK, INPUTS), torch.randn(SLOTS, 1, 30, RANK)
    wrapper = make_wrapper(6, [(0, slice(1, 3)), (1, slice(3, 5))])
    wrapper.indices_len[1] = 6
    wrapper._sampler_indices[:6] = torch.tensor([-1, 0, 0, 1, 1, 0])
    firsts[0] = 0
    expected, result = y.clone(), y.clone()
    ADD_LOGITS_BY_TOKEN(wrapper, expected, x, firsts, seconds, 1.0)
    _add_lora_logits(wrapper, result, x, firsts, seconds, 1.0)
    assert torch.equal(result, expected)
    assert expected.any()
    wrapper.token_groups = [(0, slice(1, 3))]
    _add_lora_logits(wrapper, untouched := y.clone(), x, firsts, seconds, 1.0)
    assert torch.equal(untouched, y)
