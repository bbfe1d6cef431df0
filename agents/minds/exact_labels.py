"""Exact logits of the labels of a choice, whatever the number type of a model's last layer."""

from collections.abc import Sequence
from typing import Any


def compute_labels_in_float32(model: Any, label_ids: Sequence[int]) -> None:
    """Patch the model to compute the logits of the labels in float32, whatever the type of its last layer.

    In bfloat16, logits near 16 are rounded to 1/8, so a choice's probabilities come in steps. A float32 last layer
    would solve that too, but on a CPU vLLM converts the full matrix at every pass, and a choice needs only the rows of
    the labels.
    """
    import torch
    from torch.nn.functional import linear

    processor = getattr(model.logits_processor, "base_layer", model.logits_processor)
    apply_head = processor._apply_head
    columns = list(label_ids)

    def apply_head_with_exact_labels(
        lm_head: Any, hidden_NH: torch.Tensor, bias_V: torch.Tensor | None
    ) -> torch.Tensor:
        logits_NV = apply_head(lm_head, hidden_NH, bias_V).float()
        bias_L = None if bias_V is None else bias_V[columns].float()
        logits_NV[:, columns] = linear(hidden_NH.float(), lm_head.weight[columns].float(), bias_L)
        return logits_NV

    processor._apply_head = apply_head_with_exact_labels
