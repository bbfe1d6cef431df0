"""Benchmark items as questions, each with its options in enough orders that a preference for a letter shows."""

from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from textwrap import wrap
from typing import TypeAlias

from sandbox.core.form import Choose, Option
from sandbox.core.memory import NO_MEMORY
from sandbox.core.profile import Profile
from sandbox.core.question import Question, Template
from training.evaluation.benchmarks.items import MOTIVEBENCH, BenchmarkItem
from training.tasks.decision_points import stable_hash
from training.tasks.forms import TASK_REPLICATE

OptionOrder: TypeAlias = tuple[int, ...]
"""Index of the option that is displayed at each position."""

_PUBLISHED = (
    "123456 654321 316542 235614 541263 462135 143256 254361 312546 235416 341265 562134 132456 654231 315642 236514 "
    "541623 426135"
)
MOTIVEBENCH_ORDERS: tuple[OptionOrder, ...] = tuple(
    tuple(int(digit) - 1 for digit in digits) for digits in _PUBLISHED.split()
)
"""The 18 orders of MotiveBench's own evaluation (`order_list` in MotiveBench/client_eval.py of
github.com/microsoft/AnthropomorphicIntelligence). The first six show every option once at every position; the others
do not, so one letter can be right in more than a sixth of all cases: see the baseline `always one letter`."""

PREAMBLES = {
    "en": "You are given a situation, a question about it, and answers to choose from. Choose the answer that is most "
    "likely right.",
    "zh": "下面是一个情境、一个问题和若干选项。请选择最可能正确的选项。",
}
READERS = {
    "en": Profile(id="reader", persona="You understand what people think, feel and do."),
    "zh": Profile(id="reader", persona="你了解人们的想法、感受和行为。"),
}
"""Who answers: nobody in particular."""
SEPARATORS = {"en": " ", "zh": ""}
"""What joins the pieces of a paragraph."""
SITUATION = "{%% for parts in paragraphs %%}{%% for part in parts %%}{{ part }}%s{%% endfor %%}\n\n{%% endfor %%}"
TEMPLATES = {
    language: Template(f"benchmarks/{language}", preamble, SITUATION % SEPARATORS[language])
    for language, preamble in PREAMBLES.items()
}
PIECE_CHARACTERS = 150
"""A prompt cuts every fact to a budget of tokens, so a paragraph goes in as pieces of at most this length."""


def list_option_orders(item: BenchmarkItem) -> tuple[OptionOrder, ...]:
    """Return the orders in which an item is asked, the printed one first.

    They are MotiveBench's own 18 for its items, and every cyclic shift for any other.
    """
    size = len(item.options)
    if item.benchmark == MOTIVEBENCH and size == len(MOTIVEBENCH_ORDERS[0]):
        return MOTIVEBENCH_ORDERS
    return tuple(tuple((position + shift) % size for position in range(size)) for shift in range(size))


def build_questions(items: Sequence[BenchmarkItem], orders: Sequence[Sequence[OptionOrder]]) -> list[Question]:
    """Return all items in all their orders, item by item; an option's key is the letter it was printed with.

    Args:
        items: The items.
        orders: Orders of the options, for each item.
    """
    return [
        question
        for item, item_orders in zip(items, orders, strict=True)
        for question in _item_questions(item, item_orders)
    ]


def _item_questions(item: BenchmarkItem, orders: Sequence[OptionOrder]) -> Iterator[Question]:
    facts = {"paragraphs": [_split_paragraph(text, item.language) for text in item.text]}
    printed = [Option(letter, text) for letter, text in zip(ascii_uppercase, item.options, strict=False)]
    for order in orders:
        yield Question(
            replicate=TASK_REPLICATE,
            step=0,
            round=0,
            agent=0,
            role="reader",
            template=TEMPLATES[item.language],
            facts=facts,
            form=Choose(tuple(printed[index] for index in order), ordered=True),
            profile=READERS[item.language],
            memory=NO_MEMORY,
            seed=stable_hash(item.benchmark, item.scene, *order),
        )


def _split_paragraph(text: str, language: str) -> list[str]:
    if language == "en":
        return wrap(text, PIECE_CHARACTERS, break_on_hyphens=False)
    return [text[start : start + PIECE_CHARACTERS] for start in range(0, len(text), PIECE_CHARACTERS)]
