"""Register vLLM's fused RMSNorm for a CPU.

vLLM has the kernel on every platform, but on a CPU it runs PyTorch's separate operations unless the model is compiled,
and those take a quarter of a batch's time. The implementations here call the kernel; they are registered through
vLLM's own interface for custom implementations. Import this module before the engine starts.
"""

from typing import Any

import torch
from vllm import ir
from vllm.platforms import current_platform

NAME = "fused_cpu"
PRIORITY = {"rms_norm": [NAME, "native"], "fused_add_rms_norm": [NAME, "native"]}
"""Value of `ir_op_priority` of `vllm.LLM`."""

current_platform.import_kernels()
_OPS: Any = torch.ops._C


def _norm_is_supported(
    x: torch.Tensor, weight: torch.Tensor | None, epsilon: float, variance_size: int | None = None
) -> bool:
    return _is_supported(x, weight, variance_size)


def _add_norm_is_supported(
    x: torch.Tensor,
    x_residual: torch.Tensor,
    weight: torch.Tensor | None,
    epsilon: float,
    variance_size: int | None = None,
) -> bool:
    return _is_supported(x, weight, variance_size) and x_residual.is_contiguous()


@ir.ops.rms_norm.register_impl(NAME, supports_args=_norm_is_supported)
def rms_norm(
    x: torch.Tensor, weight: torch.Tensor | None, epsilon: float, variance_size: int | None = None
) -> torch.Tensor:
    """Return the weighted root-mean-square normalisation of `x`."""
    result = torch.empty_like(x)
    _OPS.rms_norm(result, x, weight, epsilon)
    return result


@ir.ops.fused_add_rms_norm.register_impl(NAME, supports_args=_add_norm_is_supported, inplace=True)
def fused_add_rms_norm(
    x: torch.Tensor,
    x_residual: torch.Tensor,
    weight: torch.Tensor | None,
    epsilon: float,
    variance_size: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalise the sum of `x` and `x_residual` in place; return the result and the sum."""
    _OPS.fused_add_rms_norm(x, x_residual, weight, epsilon)
    return x, x_residual


def _is_supported(x: torch.Tensor, weight: torch.Tensor | None, variance_size: int | None) -> bool:
    """Return whether the kernels apply: contiguous rows, a weight of the same type, variance over the full row."""
    return x.is_contiguous() and variance_size is None and weight is not None and weight.dtype == x.dtype
