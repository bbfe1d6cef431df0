"""Trees of examples that begin alike, packed into rows: every example is in them once, and nothing is lost."""

from itertools import chain, pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from training.finetuning.examples import IGNORED, Example
from training.finetuning.packing import collate_rows, pack_examples
from training.finetuning.prefix_trees import ROOT, SHORTEST_SHARED, plant_trees

WORLD, MEMORY = list(range(100, 150)), list(range(200, 230))


def make_examples(person: str, number: int, memory: list[int]) -> list[Example]:
    return [
        Example("stars", [*WORLD, *memory, ord(person), 300 + question, 400], [500 + question])
        for question in range(number)
    ]


def read_examples(examples: list[Example], length: int) -> list[tuple[list[int], list[int]]]:
    """Return tokens and labels of every leaf of the trees, from the root on."""
    read: list[tuple[list[int], list[int]]] = []
    for tree in plant_trees(examples, length):
        paths: list[tuple[list[int], list[int]]] = []
        parents = {segment.parent for segment in tree}
        for place, segment in enumerate(tree):
            tokens, labels = ([], []) if segment.parent == ROOT else paths[segment.parent]
            paths.append((tokens + segment.input_ids, labels + segment.labels))
            if place not in parents:
                read.append(paths[-1])
    return read


def test_questions_to_a_person_share_world_and_memory() -> None:
    others = Example("stars", [9] * 90, [8])
    trees = plant_trees([*make_examples("a", 3, MEMORY), *make_examples("a", 2, MEMORY[::-1]), others], 1000)
    assert [[segment.parent for segment in tree] for tree in trees] == [[ROOT], [ROOT, 0, 1, 1, 1, 0, 5, 5]]
    assert [len(segment.input_ids) for segment in trees[1]] == [50, 31, 3, 3, 3, 31, 3, 3]


def test_people_who_were_told_the_same_share_it() -> None:
    tree, *others = plant_trees([*make_examples("a", 2, MEMORY), *make_examples("b", 2, MEMORY)], 1000)
    assert not others
    assert [len(segment.input_ids) for segment in tree] == [80, 4, 4, 4, 4]


def test_a_tree_is_no_longer_than_a_row() -> None:
    trees = plant_trees(make_examples("a", 40, MEMORY), 120)
    assert max(sum(len(segment.input_ids) for segment in tree) for tree in trees) <= 120
    assert len(trees) == 4, "what is shared takes 80 of 120 tokens"


def test_questions_that_are_equal_are_all_there() -> None:
    example = make_examples("a", 1, MEMORY)[0]
    assert read_examples([example, example], 1000) == [(example.input_ids, example.labels)] * 2


TOKENS = st.lists(st.integers(0, 1), min_size=1, max_size=60)


@given(st.lists(st.tuples(st.integers(0, 60), TOKENS, TOKENS), min_size=1, max_size=12))
def test_every_example_can_be_read_from_the_trees(parts: list[tuple[int, list[int], list[int]]]) -> None:
    examples = [Example("f", [7] * shared + prompt, answer) for shared, prompt, answer in parts]
    assert sorted(read_examples(examples, 150)) == sorted((example.input_ids, example.labels) for example in examples)
    for tree in plant_trees(examples, 150):
        for place, segment in enumerate(tree):
            assert segment.parent < place
            assert segment.labels[0] == IGNORED, "it would be predicted from another segment's last token"


def test_every_segment_sees_what_leads_to_it() -> None:
    examples = [*make_examples("a", 2, MEMORY), *make_examples("b", 1, MEMORY)]
    packed: Any = pack_examples(examples, (), 1000, 0)
    batch = collate_rows(list(packed))
    tokens, keys = batch["input_ids"][0], batch["key_index"]
    blocks = [tokens[keys[start:end]].tolist() for start, end in pairwise(batch["cu_seq_lens_k"].tolist())]
    assert all(example.input_ids in blocks for example in examples)
    ends = [blocks.index(example.input_ids) for example in examples]
    bounds = batch["cu_seq_lens_q"].tolist()
    for example, place in zip(examples, ends, strict=True):
        start, end = bounds[place], bounds[place + 1]
        assert batch["position_ids"][0, start:end].tolist() == list(range(len(example.input_ids)))[start - end :]
    assert batch["max_length_k"] == max(map(len, blocks))


def test_without_shared_prefixes_rows_need_no_index() -> None:
    packed: Any = pack_examples(make_examples("a", 3, MEMORY), (), 1000, 0, share_prefixes=False)
    batch = collate_rows(list(packed))
    assert "key_index" not in batch
    assert batch["cu_seq_lens_q"].tolist() == [0, 84, 168, 252]


def test_sharing_saves_tokens() -> None:
    examples = make_examples("a", 5, MEMORY)
    apart, shared = (
        sum(map(len, pack_examples(examples, (), 1000, 0, share_prefixes=share)["input_ids"]))
        for share in (False, True)
    )
    assert (apart, shared) == (5 * 84, 81 + 5 * 3)
    assert shared < SHORTEST_SHARED + apart / 3


def test_forms_that_come_first_fill_rows_of_their_own() -> None:
    examples = [Example("ab"[number % 2], [number] * 3, [number]) for number in range(40)]
    rows = pack_examples(examples, ["b"], 10, seed=1)["input_ids"]
    assert sorted(chain(*rows)) == sorted(chain(*(example.input_ids for example in examples)))
    forms = [{token % 2 for token in row} for row in rows]
    assert forms == [{1}] * 10 + [{0}] * 10
    assert max(map(len, rows)) <= 10
    assert rows != pack_examples(examples, ["b"], 10, seed=2)["input_ids"]
    assert {0, 1} in [{token % 2 for token in row} for row in pack_examples(examples, [], 10, seed=1)["input_ids"]]
