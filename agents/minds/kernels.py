"""vLLM's fused RMSNorm for a CPU, put to use.

vLLM has the kernel on every platform, but on a CPU it runs PyTorch's separate operations unless the model is compiled,
and a quarter of a batch's time goes to those. What is registered here calls the kernel, by the way in which vLLM lets
anybody bring an implementation. Import it before the engine starts.
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


def _norm_fits(x: torch.Tensor, weight: torch.Tensor | None, epsilon: float, variance_size: int | None = None) -> bool:
    return _fits(x, weight, variance_size)


def _add_norm_fits(
    x: torch.Tensor,
    x_residual: torch.Tensor,
    weight: torch.Tensor | None,
    epsilon: float,
    variance_size: int | None = None,
) -> bool:
    return _fits(x, weight, variance_size) and x_residual.is_contiguous()


@ir.ops.rms_norm.register_impl(NAME, supports_args=_norm_fits)
def rms_norm(
    x: torch.Tensor, weight: torch.Tensor | None, epsilon: float, variance_size: int | None = None
) -> torch.Tensor:
    """Weighted root-mean-square layer normalization."""
    normed = torch.empty_like(x)
    _OPS.rms_norm(normed, x, weight, epsilon)
    return normed


@ir.ops.fused_add_rms_norm.register_impl(NAME, supports_args=_add_norm_fits, inplace=True)
def fused_add_rms_norm(
    x: torch.Tensor,
    x_residual: torch.Tensor,
    weight: torch.Tensor | None,
    epsilon: float,
    variance_size: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same of a sum, in place."""
    _OPS.fused_add_rms_norm(x, x_residual, weight, epsilon)
    return x, x_residual


def _fits(x: torch.Tensor, weight: torch.Tensor | None, variance_size: int | None) -> bool:
    """Whether the kernels can take it: contiguous rows, a weight of the same type, no part of the row left out."""
    return x.is_contiguous() and variance_size is None and weight is not None and weight.dtype == x.dtype
