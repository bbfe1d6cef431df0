from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM

from training.finetuning.attention import PACKED, register_attention
from training.finetuning.examples import Example
from training.finetuning.packing import collate_rows, pack_examples
from training.finetuning.trainer import ResponseTrainer, token_weights, total_weight

from .tiny import tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny"))


def load_model(folder: Path, attention: str) -> Any:
    register_attention()
    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation=attention, dtype=torch.float32).eval()


EXAMPLES = [Example("a", [5, 6, 7, 8], [9, 10, 1]), Example("b", [11, 12], [13]), Example("c", [20] * 30, [21, 22])]


def pack_row(examples: list[Example], share_prefixes: bool = False) -> dict[str, Any]:
    """Return examples in one row, as the trainer gets them."""
    packed: Any = pack_examples(examples, (), 2048, 0, share_prefixes)
    return collate_rows(list(packed))


def loss_of(folder: Path, examples: list[Example], choice_weight: float = 1.0) -> float:
    trainer = object.__new__(ResponseTrainer)
    trainer.choice_weight = choice_weight
    return trainer.compute_loss(load_model(folder, PACKED), pack_row(examples)).item()


def plain_losses(folder: Path, example: Example) -> torch.Tensor:
    """Return the loss of every token of the answer, computed for one example with all logits."""
    logits = load_model(folder, "eager")(input_ids=torch.tensor([example.input_ids])).logits[0]
    start = len(example.prompt)
    return cross_entropy(logits[start - 1 : -1], torch.tensor(example.answer), reduction="none")


def test_packed_examples_do_not_see_each_other(folder: Path) -> None:
    expected = torch.cat([plain_losses(folder, example) for example in EXAMPLES]).mean()
    assert loss_of(folder, EXAMPLES) == pytest.approx(expected.item(), abs=1e-5)
    assert loss_of(folder, EXAMPLES[::-1]) == pytest.approx(expected.item(), abs=1e-5)


def test_a_choice_has_the_weight_that_is_set(folder: Path) -> None:
    losses = [plain_losses(folder, example) for example in EXAMPLES]
    weighted = losses[0].sum() + 7 * losses[1].sum() + losses[2].sum()
    assert loss_of(folder, EXAMPLES, 7.0) == pytest.approx(weighted.item() / 12, abs=1e-5)


def test_the_gradient_is_that_of_the_plain_loss(folder: Path) -> None:
    grads: list[torch.Tensor] = []
    for attention in (PACKED, "eager"):
        model = load_model(folder, attention)
        if attention == PACKED:
            trainer = object.__new__(ResponseTrainer)
            trainer.choice_weight = 1.0
            trainer.compute_loss(model, pack_row(EXAMPLES)).backward()
        else:
            parts = [
                cross_entropy(
                    model(input_ids=torch.tensor([example.input_ids])).logits[0, len(example.prompt) - 1 : -1],
                    torch.tensor(example.answer),
                    reduction="sum",
                )
                for example in EXAMPLES
            ]
            (torch.stack(parts).sum() / 6).backward()
        grads.append(torch.cat([weight.grad.flatten() for weight in model.parameters() if weight.grad is not None]))
    assert torch.allclose(grads[0], grads[1], atol=1e-5)


def test_a_sliding_window_stays_within_each_example(folder: Path) -> None:
    model = load_model(folder, PACKED)
    for layer in model.model.layers:
        layer.self_attn.sliding_window = 4
    inputs = pack_row(EXAMPLES)
    inputs.pop("labels")
    together = model(**inputs, sliding_window=4).logits[0]
    alone = model(**{**pack_row(EXAMPLES[2:]), "labels": None}, sliding_window=4).logits[0]
    assert torch.allclose(together[:32], alone, atol=1e-5)  # the longest example comes first
    unlimited = model(**{**pack_row(EXAMPLES[2:]), "labels": None}).logits[0]
    assert not torch.allclose(alone[-1], unlimited[-1], atol=1e-4)


def test_a_token_weight_depends_on_its_example() -> None:
    positions, starts = torch.tensor([2, 3, 5, 9]), torch.tensor([0, 4, 6, 10], dtype=torch.int32)
    assert token_weights(positions, starts, 5.0).tolist() == [1.0, 1.0, 5.0, 5.0]


def make_family() -> list[Example]:
    """Return examples that share a start, two of them more than that."""
    start, middle = list(range(5, 30)), list(range(30, 50))
    ends = [(start + middle + [60], [61]), (start + middle + [62, 63], [64, 65]), ([*start, *[70] * 20], [71])]
    return [Example("a", prompt, answer) for prompt, answer in ends]


def test_examples_that_share_a_start_have_the_losses_of_examples_apart(folder: Path) -> None:
    family = [*make_family(), *EXAMPLES]
    packed = pack_row(family, share_prefixes=True)
    assert packed["input_ids"].shape[1] < sum(len(example.input_ids) for example in family)
    trainer = object.__new__(ResponseTrainer)
    trainer.choice_weight = 3.0
    apart = trainer.compute_loss(load_model(folder, PACKED), pack_row(family))
    together = trainer.compute_loss(load_model(folder, PACKED), packed)
    assert together.item() == pytest.approx(apart.item(), abs=1e-5)


def test_an_example_has_the_same_weight_in_rows_of_one_and_of_many(folder: Path) -> None:
    family = make_family()
    trainer = object.__new__(ResponseTrainer)
    trainer.choice_weight = 3.0
    trainer.mean_weights = total_weight(family, 3.0), 1.0
    model = load_model(folder, PACKED).train()
    together = trainer.compute_loss(model, pack_row(family, share_prefixes=True))
    apart = [trainer.compute_loss(model, pack_row([example])) for example in family]
    assert together.item() == pytest.approx(sum(loss.item() for loss in apart), abs=1e-5)
    assert total_weight(family, 3.0) == 3 + 2 + 3


def test_examples_that_share_a_start_have_the_gradient_of_examples_apart(folder: Path) -> None:
    grads: list[torch.Tensor] = []
    for share_prefixes in (False, True):
        model = load_model(folder, PACKED)
        trainer = object.__new__(ResponseTrainer)
        trainer.choice_weight = 1.0
        trainer.compute_loss(model, pack_row(make_family(), share_prefixes)).backward()
        grads.append(torch.cat([weight.grad.flatten() for weight in model.parameters() if weight.grad is not None]))
    assert torch.allclose(grads[0], grads[1], atol=1e-5)


def test_a_sliding_window_reaches_into_what_is_shared(folder: Path) -> None:
    losses: list[float] = []
    for share_prefixes in (False, True):
        model = load_model(folder, PACKED)
        for layer in model.model.layers:
            layer.self_attn.sliding_window = 6
        trainer = object.__new__(ResponseTrainer)
        trainer.choice_weight = 1.0
        inputs = {**pack_row(make_family(), share_prefixes), "sliding_window": 6}
        losses.append(trainer.compute_loss(model, inputs).item())
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)
    assert losses[1] != pytest.approx(loss_of(folder, make_family()), abs=1e-4)
