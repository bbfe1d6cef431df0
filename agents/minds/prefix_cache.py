"""What an engine's prefix cache serves: the blocks of vLLM, counted without running it.

vLLM cuts a prompt into blocks of `block_size` tokens and keeps their keys and values. A later prompt takes over the
blocks that its own begin with, as long as adapter and all tokens before are equal (Kwon et al. 2023,
doi:10.1145/3600006.3613165). The last token is always computed, since its logits are the answer.
"""

import math
from collections import OrderedDict
from collections.abc import Hashable, Sequence


class PrefixCache:
    """The blocks that an engine holds, of which the least recently used are given up first."""

    def __init__(self, block_size: int, capacity: int | None = None) -> None:
        """Begin with no block.

        Args:
            block_size: Tokens of a block.
            capacity: Most blocks that the engine's memory holds; None: no bound.
        """
        self._block_size = block_size
        self._capacity = capacity
        self._blocks: OrderedDict[Hashable, None] = OrderedDict()
        """Full blocks by their content, least recently used first. vLLM reuses the others at once."""

    def read(self, tokens: Sequence[Hashable], adapter: str) -> int:
        """Return how many tokens of a prompt the cache serves, and keep the prompt's blocks."""
        keys = self._block_keys(tokens, adapter)
        num_hits = self._count_hits(keys, (len(tokens) - 1) // self._block_size)
        self._keep(keys, num_hits)
        return num_hits * self._block_size

    def _block_keys(self, tokens: Sequence[Hashable], adapter: str) -> list[Hashable]:
        """Return the key of each full block: a hash of the block and of all before it."""
        keys: list[Hashable] = []
        key = hash(adapter)
        for start in range(0, len(tokens) - self._block_size + 1, self._block_size):
            key = hash((key, *tokens[start : start + self._block_size]))
            keys.append(key)
        return keys

    def _count_hits(self, keys: Sequence[Hashable], most: int) -> int:
        for num, key in enumerate(keys[:most]):
            if key not in self._blocks:
                return num
        return min(len(keys), most)

    def _keep(self, keys: Sequence[Hashable], num_hits: int) -> None:
        """Make room for the new blocks of a prompt, and mark all of its blocks as used, the first ones last."""
        for key in keys[:num_hits]:
            self._blocks.move_to_end(key)
        room = math.inf if self._capacity is None else self._capacity - (len(keys) - num_hits)
        while len(self._blocks) > max(room, 0):
            self._blocks.popitem(last=False)
        for key in reversed(keys):
            self._blocks[key] = None
            self._blocks.move_to_end(key)
