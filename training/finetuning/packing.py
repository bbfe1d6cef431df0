"""Rows of packed trees, and the batches that a model takes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from datasets import Dataset, concatenate_datasets
from trl.data_utils import pack_dataset

from training.finetuning.examples import Example
from training.finetuning.prefix_trees import ROOT, Segment, plant_trees

COLUMNS = ("input_ids", "labels", "offset", "to_parent")
"""Columns of a row, one value for each token. `offset`: place within its segment; `to_parent`: tokens from the start of
the parent's segment to that of its own, 0 without a parent."""


def pack_examples(
    examples: Sequence[Example], first: Collection[str], length: int, seed: int, share_prefixes: bool = True
) -> Dataset:
    """Pack examples into rows of at most `length` tokens, as many complete trees as fit (best fit decreasing).

    Args:
        examples: None is longer than `length`.
        first: Forms whose rows come before those of all others.
        length: Tokens of a row.
        seed: Seed of the order of rows, which is drawn separately for the first forms and for the others.
        share_prefixes: Whether examples that begin alike share a tree, rather than having one each.
    """
    parts = [[example for example in examples if (example.form in first) is is_first] for is_first in (True, False)]
    return concatenate_datasets([_pack_rows(part, length, share_prefixes).shuffle(seed=seed) for part in parts if part])


def collate_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Join rows, which have the columns `COLUMNS`, into one, with what the model and its attention need.

    Returns:
        `input_ids`, `labels` and `position_ids`, (1, tokens); `cu_seq_lens_q`, where segments begin, and the end. If
        there are trees of several segments, `key_index` too, the tokens that each segment sees, from the start of its
        tree to its own end, one segment after the other, and `cu_seq_lens_k`, where each one's begin, and the end.
    """
    columns = {name: torch.tensor([value for row in rows for value in row[name]]) for name in COLUMNS}
    starts = (columns["offset"] == 0).nonzero().flatten()
    bounds = torch.cat([starts, torch.tensor([len(columns["offset"])])])
    distances = columns["to_parent"][starts].tolist()
    seen: dict[int, torch.Tensor] = {}
    for start, end, distance in zip(bounds.tolist(), bounds[1:].tolist(), distances, strict=False):
        own = torch.arange(start, end)
        seen[start] = torch.cat([seen[start - distance], own]) if distance else own
    positions = [torch.arange(len(keys)) for keys in seen.values()]
    sizes = bounds.diff().tolist()
    batch = {
        "input_ids": columns["input_ids"][None],
        "labels": columns["labels"][None],
        "position_ids": torch.cat([place[-size:] for place, size in zip(positions, sizes, strict=True)])[None],
        "cu_seq_lens_q": bounds.to(torch.int32),
        "max_length_q": max(sizes),
        "max_length_k": max(map(len, seen.values())),  # on a GPU, attention would look for it in every layer
    }
    if any(distances):
        lengths = torch.tensor([0, *map(len, seen.values())])
        batch["key_index"] = torch.cat(list(seen.values()))
        batch["cu_seq_lens_k"] = lengths.cumsum(0).to(torch.int32)
    return batch


def _pack_rows(examples: Sequence[Example], length: int, share_prefixes: bool) -> Dataset:
    if share_prefixes:
        trees = plant_trees(examples, length)
    else:
        trees = [[Segment(example.input_ids, example.labels, ROOT)] for example in examples]
    rows = [_tree_row(tree) for tree in trees]
    return pack_dataset(Dataset.from_dict({name: [row[name] for row in rows] for name in COLUMNS}), length, "bfd")


def _tree_row(tree: Sequence[Segment]) -> dict[str, list[int]]:
    row: dict[str, list[int]] = {name: [] for name in COLUMNS}
    starts: list[int] = []
    for segment in tree:
        size, start = len(segment.input_ids), len(row["input_ids"])
        starts.append(start)
        row["input_ids"] += segment.input_ids
        row["labels"] += segment.labels
        row["offset"] += range(size)
        row["to_parent"] += [0 if segment.parent == ROOT else start - starts[segment.parent]] * size
    return row
