"""One engine for several runs of a process, such as the comparisons of a suite, so that it starts once.

    with share_engine():
        first.resume(...)
        second.resume(...)

Runs that follow one another take over the engine if model and settings are equal. Otherwise it stops before theirs
starts, since two engines need twice the memory.
"""

from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Stoppable(Protocol):
    """What holds memory until it is stopped."""

    def stop(self) -> None:
        """Free it."""
        ...


T = TypeVar("T", bound=Stoppable)


class EngineShelf(Generic[T]):
    """Keeps the engine of the last run for the next one, while it is open."""

    def __init__(self) -> None:
        self._idle: dict[Hashable, T] = {}
        self._is_open = False

    @contextmanager
    def open(self) -> Generator[None]:
        """Keep engines within this context, and stop them at its end."""
        self._is_open = True
        try:
            yield
        finally:
            self._is_open = False
            self._stop_all()

    def take(self, key: Hashable, start: Callable[[], T]) -> T:
        """Return the idle engine of this key; without one, stop the others that are idle and start one."""
        if key in self._idle:
            return self._idle.pop(key)
        self._stop_all()
        return start()

    def put_back(self, key: Hashable, engine: T) -> None:
        """Keep an engine that a run has closed, or stop it if the shelf is not open."""
        if self._is_open:
            self._idle[key] = engine
        else:
            engine.stop()

    def _stop_all(self) -> None:
        while self._idle:
            self._idle.popitem()[1].stop()
