"""Runs of one process that follow one another share an engine, and nothing else."""

from collections.abc import Callable

import pytest

from agents.minds.shared_engine import EngineShelf
from agents.minds.vllm import VllmMind, share_engine
from sandbox.core.mind import MindContext
from tests.agents.minds.test_vllm import MODEL, ask_drinks, make_settings


class Lamp:
    """Something that burns until it is stopped."""

    def __init__(self) -> None:
        self.is_burning = True

    def stop(self) -> None:
        """Go out."""
        self.is_burning = False


@pytest.fixture
def shelf() -> EngineShelf[Lamp]:
    return EngineShelf()


def test_the_next_run_takes_over_what_is_equal(shelf: EngineShelf[Lamp]) -> None:
    with shelf.open():
        first = shelf.take("a", Lamp)
        shelf.put_back("a", first)
        assert shelf.take("a", Lamp) is first
        shelf.put_back("a", first)
        assert first.is_burning
    assert not first.is_burning


def test_an_idle_engine_stops_before_another_one_starts(shelf: EngineShelf[Lamp]) -> None:
    def start_after(lamp: Lamp) -> Callable[[], Lamp]:
        def start() -> Lamp:
            assert not lamp.is_burning
            return Lamp()

        return start

    with shelf.open():
        first, in_use = shelf.take("a", Lamp), shelf.take("b", Lamp)
        shelf.put_back("a", first)
        shelf.take("c", start_after(first))
        assert in_use.is_burning


def test_outside_of_the_context_nothing_is_kept(shelf: EngineShelf[Lamp]) -> None:
    lamp = shelf.take("a", Lamp)
    shelf.put_back("a", lamp)
    assert not lamp.is_burning


@pytest.mark.engine
def test_a_shared_engine_starts_once_and_answers_as_a_fresh_one() -> None:
    messages: list[str] = []
    context = MindContext({}, MODEL, None, messages.append)
    questions = ask_drinks(6)
    with share_engine():
        first = VllmMind.build(make_settings(), context)
        answers = first.answer(questions)
        first.close()
        second = VllmMind.build(make_settings(), context)
        assert second.engine is first.engine
        assert second.answer(questions) == answers
        second.close()
    assert messages == [f"starting vLLM with {MODEL}"]
