"""Items as questions, in as many orders of their options as it takes for a liking of letters to show."""

from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from textwrap import wrap
from typing import TypeAlias

from sandbox.people import NO_MEMORY, Profile
from sandbox.question import Choose, Option, Question, Template
from training.evaluate.benchmarks.layouts import MOTIVEBENCH, Item
from training.tasks.example import NEXT
from training.tasks.moments import hashed

Order: TypeAlias = tuple[int, ...]
"""Options by the place where they are shown."""

_PUBLISHED = (
    "123456 654321 316542 235614 541263 462135 143256 254361 312546 235416 341265 562134 132456 654231 315642 236514 "
    "541623 426135"
)
MOTIVEBENCH_ORDERS: tuple[Order, ...] = tuple(tuple(int(one) - 1 for one in order) for order in _PUBLISHED.split())
"""The 18 orders of MotiveBench's own evaluation (`order_list` in MotiveBench/client_eval.py of
github.com/microsoft/AnthropomorphicIntelligence). The first six show every option once at every place; the others do
not, so that a letter can still be right in more than a sixth of all cases: see the guess `always one letter`."""

RULES = {
    "en": "You are given a situation, a question about it, and answers to choose from. Choose the answer that is most "
    "likely right.",
    "zh": "下面是一个情境、一个问题和若干选项。请选择最可能正确的选项。",
}
READERS = {
    "en": Profile(id="reader", persona="You understand what people think, feel and do."),
    "zh": Profile(id="reader", persona="你了解人们的想法、感受和行为。"),
}
"""Who answers: nobody in particular."""
GAPS = {"en": " ", "zh": ""}
"""Between the parts of a paragraph."""
SITUATION = "{%% for parts in paragraphs %%}{%% for part in parts %%}{{ part }}%s{%% endfor %%}\n\n{%% endfor %%}"
TEMPLATES = {
    language: Template(f"benchmarks/{language}", rules, SITUATION % GAPS[language]) for language, rules in RULES.items()
}
PART = 150
"""Characters of a part. A prompt cuts every text that it is given to a budget, so a long one is given in parts."""


def orders_of(item: Item) -> tuple[Order, ...]:
    """The orders in which an item is asked, as printed first: MotiveBench's own 18; else every cyclic shift."""
    size = len(item.options)
    if item.benchmark == MOTIVEBENCH and size == len(MOTIVEBENCH_ORDERS[0]):
        return MOTIVEBENCH_ORDERS
    return tuple(tuple((place + shift) % size for place in range(size)) for shift in range(size))


def questions_of(items: Sequence[Item], orders: Sequence[Sequence[Order]]) -> list[Question]:
    """All items in all their orders, order by order within an item; an option's key is the letter it was printed with.

    Args:
        items: What is asked.
        orders: Of each item.
    """
    return [one for item, mine in zip(items, orders, strict=True) for one in _asked(item, mine)]


def _asked(item: Item, orders: Sequence[Order]) -> Iterator[Question]:
    facts = {"paragraphs": [_parts(text, item.language) for text in item.text]}
    printed = [Option(letter, text) for letter, text in zip(ascii_uppercase, item.options, strict=False)]
    for order in orders:
        yield Question(
            replicate=NEXT,
            step=0,
            round=0,
            agent=0,
            role="reader",
            template=TEMPLATES[item.language],
            facts=facts,
            form=Choose(tuple(printed[index] for index in order), ordered=True),
            profile=READERS[item.language],
            memory=NO_MEMORY,
            seed=hashed(item.benchmark, item.scene, *order),
        )


def _parts(text: str, language: str) -> list[str]:
    if language == "en":
        return wrap(text, PART, break_on_hyphens=False)
    return [text[start : start + PART] for start in range(0, len(text), PART)]
