"""Examples that begin alike, as trees that hold what they share once.

All questions of a world begin with the same text, and those to one person go on with the person and often the same
memories. A choice spends hundreds of tokens on it for one token of loss. In a tree, that text is computed once, and
each question follows it without seeing the others. Losses and gradients are those of the examples apart.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from training.finetuning.examples import Example

SHORTEST_SHARED = 16
"""Tokens that two examples must share for a segment of their own; below that, it costs more than it saves."""
ROOT = -1
"""Parent of the first segment of a tree."""


class Segment(NamedTuple):
    """Tokens that follow those of a parent."""

    input_ids: list[int]
    labels: list[int]
    parent: int
    """Place of the parent in the tree, which comes earlier; `ROOT` if there is none."""


def plant_trees(examples: Sequence[Example], length: int) -> list[list[Segment]]:
    """Return trees of at most `length` tokens; an example that is longer has a tree of its own.

    Args:
        examples: In any order; those that begin alike come into one tree, as long as it has room.
        length: Most tokens of a tree.

    Returns:
        Each tree as its segments, every one after its parent.
    """
    ordered = sorted(examples, key=lambda example: example.input_ids)
    shared = [_count_shared(*pair) for pair in pairwise(ordered)]
    trees: list[list[Segment]] = []
    start = 0
    for end in range(1, len(ordered) + 1):
        is_last = end == len(ordered)
        if is_last or shared[end - 1] < SHORTEST_SHARED or _count_tokens(ordered, shared, start, end + 1) > length:
            trees.append(_grow(ordered, shared, start, end, 0, ROOT, []))
            start = end
    return trees


def _count_shared(first: Example, second: Example) -> int:
    """Return how many tokens two prompts share at the start.

    The last token of either is left out: the first one of its answer is predicted from it.
    """
    most = min(len(first.prompt), len(second.prompt)) - 1
    pairs = zip(first.prompt[:most], second.prompt, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), most)


def _count_tokens(examples: Sequence[Example], shared: Sequence[int], start: int, end: int) -> int:
    """Return the number of tokens in the tree of the examples from `start` to before `end`."""
    return sum(len(segment.input_ids) for segment in _grow(examples, shared, start, end, 0, ROOT, []))


def _grow(
    examples: Sequence[Example],
    shared: Sequence[int],
    start: int,
    end: int,
    depth: int,
    parent: int,
    tree: list[Segment],
) -> list[Segment]:
    """Add the examples from `start` to before `end`, without their first `depth` tokens, to a tree; return the tree."""
    first = start
    for after in range(start + 1, end + 1):
        if after < end and shared[after - 1] - depth >= SHORTEST_SHARED:
            continue
        tokens, labels = examples[first].input_ids, examples[first].labels
        if after - first == 1:
            tree.append(Segment(tokens[depth:], labels[depth:], parent))
        else:
            common = min(shared[first : after - 1])
            tree.append(Segment(tokens[depth:common], labels[depth:common], parent))
            _grow(examples, shared, first, after, common, len(tree) - 1, tree)
        first = after
    return tree
