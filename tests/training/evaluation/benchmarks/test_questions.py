from pathlib import Path

import pytest

from sandbox.core.form import Choose
from sandbox.core.question import Question
from sandbox.prompting.render import render
from training.evaluation.benchmarks.items import BenchmarkItem, load_items
from training.evaluation.benchmarks.questions import MOTIVEBENCH_ORDERS, build_questions, list_option_orders

SHARED = Path(__file__).parents[5] / "shared" / "data"


def option_texts(question: Question) -> list[str]:
    """Options in displayed order."""
    assert isinstance(question.form, Choose)
    return [option.text for option in question.form.options]


def test_every_word_of_an_item_is_asked_however_long_it_is() -> None:
    english = ("A long-winded story. " * 120, "Who — well — “said” {{ it }}?")
    chinese = ("很长的故事。" * 100, "谁？")
    for language, text in (("en", english), ("zh", chinese)):
        item = BenchmarkItem("tombench", "t", "", language, "t/1", text, ("是", "no"), 0)
        prompt = "".join(render(build_questions([item], [list_option_orders(item)])[1]).user.split())
        for part in (*text, "* no: A", "* 是: B"):
            assert "".join(part.split()) in prompt


def test_motivebench_is_asked_in_its_own_orders_and_tombench_in_all_shifts(motivebench: Path, tombench: Path) -> None:
    orders = list_option_orders(load_items(motivebench)[0])
    assert len(set(orders)) == 18
    assert orders[0] == tuple(range(6))
    assert all(sorted(order) == list(range(6)) for order in orders)
    assert all(sorted(positions) == list(range(6)) for positions in zip(*MOTIVEBENCH_ORDERS[:6], strict=True))
    item = load_items(tombench)[1]
    assert list_option_orders(item) == ((0, 1, 2, 3), (1, 2, 3, 0), (2, 3, 0, 1), (3, 0, 1, 2))
    questions = build_questions([item], [list_option_orders(item)])
    assert [option_texts(question)[0] for question in questions] == ["是", "不", "也许", "从不"]
    first_keys = {question.form.options[0].key for question in questions if isinstance(question.form, Choose)}
    assert first_keys == set("ABCD")


@pytest.mark.skipif(not (SHARED / "ood_tombench").is_dir(), reason="the benchmarks are not beside the repository")
def test_the_published_benchmarks_are_read_completely() -> None:
    motivebench, tombench = (load_items(SHARED / name) for name in ("ood_motivebench", "ood_tombench"))
    assert (len(motivebench), len({item.scene for item in motivebench})) == (180, 60)
    assert (len(tombench), len({item.task for item in tombench})) == (2 * 1323, 10)
    assert all(len(item.options) == (6 if item.aspect else 4) for item in (*motivebench, *tombench))
    for item in (*motivebench[::20], *tombench[::100]):
        prompt = "".join(render(build_questions([item], [list_option_orders(item)])[0]).user.split())
        assert all("".join(part.split()) in prompt for part in (*item.text, *item.options))
