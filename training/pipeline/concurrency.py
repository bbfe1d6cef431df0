"""Work in threads beside the main one: to read ahead, and to do several pieces at a time.

Polars, Arrow and the decompressors release Python's lock, so threads are enough.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def prefetch(pieces: Iterable[T], number: int = 1) -> Iterator[T]:
    """Yield the pieces, `number` of them computed by a thread before they are needed."""
    # Each piece is wrapped into a tuple, so that None, or a piece that is false, does not look like the end.
    wrapped = zip(pieces, strict=True)
    with ThreadPoolExecutor(1) as thread:
        pending = deque(thread.submit(next, wrapped, None) for _ in range(number))
        while piece := pending.popleft().result():
            pending.append(thread.submit(next, wrapped, None))
            yield piece[0]


def map_concurrently(function: Callable[[S], T], pieces: Iterable[S], number: int = 2) -> Iterator[T]:
    """Yield what the function returns for each piece, in order; it runs on `number` pieces at the same time."""
    pending = deque[Future[T]]()
    with ThreadPoolExecutor(number) as threads:
        for piece in pieces:
            pending.append(threads.submit(function, piece))
            if len(pending) > number:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
