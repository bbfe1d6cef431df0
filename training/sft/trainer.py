"""TRL's trainer with a loss that costs what it must: logits of answers only, no look across examples of a row."""

from typing import Any

import torch
from torch.nn.functional import cross_entropy
from trl.trainer.sft_trainer import SFTTrainer

from training.sft.examples import IGNORED


class ResponseTrainer(SFTTrainer):
    """Trains on packed rows; `choice_weight` is what a choice's one token counts."""

    choice_weight: float = 1.0

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Weighted mean of the negative log-likelihood of the answers' tokens, in nats.

        Args:
            model: Takes `logits_to_keep`, as every causal model of transformers does.
            inputs: One packed row: `input_ids`, `labels`, `position_ids` (1, tokens) and `cu_seq_lens_q`.
            return_outputs: Return the model's output too.
            num_items_in_batch: Ignored: a row's mean is taken, and the trainer takes that of rows.
        """
        labels = inputs["labels"][0, 1:]
        answered = (labels != IGNORED).nonzero().flatten()
        given = {name: value for name, value in inputs.items() if name != "labels"}
        output = model(**given, logits_to_keep=answered, use_cache=False)
        losses = cross_entropy(output.logits[0].float(), labels[answered], reduction="none")
        weights = token_weights(answered + 1, inputs["cu_seq_lens_q"], self.choice_weight)
        loss = (losses * weights).sum() / weights.sum().clamp(min=1)
        return (loss, output) if return_outputs else loss


def token_weights(places: torch.Tensor, starts: torch.Tensor, choice_weight: float) -> torch.Tensor:
    """What each answer's token counts: `choice_weight` where it is the only one of its example, else 1.

    Args:
        places: Of the answers' tokens in the row, ascending.
        starts: Where examples begin, and the row's end.
        choice_weight: Of lonely tokens.
    """
    example = torch.bucketize(places, starts[1:].to(places.device), right=True)
    lonely = torch.bincount(example, minlength=len(starts))[example] == 1
    return torch.where(lonely, choice_weight, 1.0)
