"""One tree of random numbers. No other source of randomness exists in a run.

The root is a NumPy `SeedSequence`; graph, population, world and activation are its children. A decision's
64 bits come from a keyed BLAKE2b hash of (agent, step, template) under the same root: independent of the order in
which agents are stored or asked, and 20 times cheaper than a generator per decision (see `benchmarks/`).
Arms of one seed share the whole tree, so contrasts between them are paired; a treatment that leaves a round of
questions out leaves the draws of all others as they are.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from struct import Struct
from typing import TypeVar

import numpy as np

STREAMS: tuple[str, ...] = ("graph", "population", "world", "activation")

T = TypeVar("T")


class SeedTree:
    """All random numbers of one replicate, from one integer."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        root = np.random.SeedSequence(seed)
        children = root.spawn(len(STREAMS) + 1)
        self._streams = dict(zip(STREAMS, children, strict=False))
        self._key = children[-1].generate_state(4).tobytes()

    def rng(self, stream: str) -> np.random.Generator:
        """Return a fresh generator at the start of the named stream."""
        return np.random.default_rng(self._streams[stream])

    def integer(self, stream: str) -> int:
        """Return a 32-bit integer for libraries that want a seed rather than a generator."""
        return int(self._streams[stream].generate_state(1)[0])

    def decision(self, agent: int, step: int, round_: int) -> int:
        """Return 64 bits for one agent in one step and round; negative rounds are for draws other than answers."""
        return _hash64(b"%d/%d/%d" % (agent, step, round_), self._key)

    def question(self, agent: int, step: int, template: str, repetition: int) -> int:
        """Return 64 bits for one agent's answer.

        Args:
            agent: Id of the agent.
            step: 0-based step.
            template: Name of the template.
            repetition: Rounds of the step that asked with this template before.
        """
        return _hash64(b"%d/%d/%s/%d" % (agent, step, template.encode(), repetition), self._key)

    def order(self, step: int, purpose: str, items: Sequence[T], ids: Sequence[int]) -> list[T]:
        """Return `items` in an order that depends on their ids and the seed, not on how they are stored."""
        key = blake2b(f"{purpose}/{step}".encode(), key=self._key, digest_size=16).digest()
        return [items[i] for _, i in sorted((_hash64(b"%d" % id_, key), i) for i, id_ in enumerate(ids))]


def uniform(seed: int, purpose: bytes = b"") -> float:
    """Return the first of `uniforms`, in less time."""
    return (_EIGHT_WORDS(blake2b(b"0", key=seed.to_bytes(8, "little") + purpose).digest())[0] >> 11) * 2.0**-53


def uniforms(seed: int, purpose: bytes = b"") -> Iterator[float]:
    """Yield endless independent uniforms in [0, 1) for one decision and purpose, eight per hash."""
    key, counter = seed.to_bytes(8, "little"), 0
    while True:
        for word in _EIGHT_WORDS(blake2b(b"%d" % counter, key=key + purpose).digest()):
            yield (word >> 11) * 2.0**-53
        counter += 1


def draw(probs: Sequence[float], seed: int) -> int:
    """Draw an index with the given probabilities (inverse CDF, so common seeds couple arms)."""
    point, total = uniform(seed, b"draw") * sum(probs), 0.0
    for index, prob in enumerate(probs):
        total += prob
        if point < total:
            return index
    return max(index for index, prob in enumerate(probs) if prob > 0)


def permutation(size: int, seed: int) -> list[int]:
    """Return a uniform permutation of `range(size)` (Fisher-Yates)."""
    order, stream = list(range(size)), uniforms(seed, b"order")
    for last in range(size - 1, 0, -1):
        pick = int(next(stream) * (last + 1))
        order[last], order[pick] = order[pick], order[last]
    return order


def reseed(seed: int, salt: int) -> int:
    """Return 64 bits for other draws of the same question; a salt of 0 leaves its own."""
    return _hash64(b"salt/%d" % salt, seed.to_bytes(8, "little")) if salt else seed


def _hash64(data: bytes, key: bytes) -> int:
    return int.from_bytes(blake2b(data, key=key, digest_size=8).digest(), "little")


_EIGHT_WORDS = Struct("<8Q").unpack
"""A hash of 64 bytes as eight integers; the upper 53 bits of each make a number in [0, 1)."""
