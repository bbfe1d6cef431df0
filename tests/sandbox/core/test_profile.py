"""Profiles and bounded memories."""

from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.memory import Event, Memory, MemoryBudget, MemoryView, count_tokens
from sandbox.core.profile import Profile


def count_view_tokens(view: MemoryView) -> int:
    return sum(count_tokens(event.text) for event in (*view.salient, *view.recent))


@given(st.lists(st.tuples(st.text(max_size=400), st.floats(0.1, 10)), max_size=200))
def test_a_memory_never_exceeds_its_budget(events: list[tuple[str, float]]) -> None:
    budget = MemoryBudget(recent=60, salient=40, kinds=3)
    memory = Memory(budget)
    for step, (text, importance) in enumerate(events):
        memory.add(Event(step, f"kind {step % 7}", text, importance))
        assert count_view_tokens(memory.view()) <= budget.recent + budget.salient
        assert len(memory.view().summary) <= budget.kinds


def test_nothing_is_forgotten_before_the_budget_is_full() -> None:
    memory = Memory(MemoryBudget(recent=100))
    for step in range(5):
        memory.add(Event(step, "tip", f"Tip {step}."))
    assert [event.step for event in memory.view().recent] == [0, 1, 2, 3, 4]
    assert memory.view().summary == ()


def test_what_matters_outlasts_what_does_not() -> None:
    memory = Memory(MemoryBudget(recent=40, salient=12))
    memory.add(Event(0, "wedding", "You got married.", importance=50))
    for step in range(1, 60):
        memory.add(Event(step, "tip", f"Somebody told you {step}.", importance=1))
    assert [event.kind for event in memory.view().salient] == ["wedding"]


def test_importance_fades() -> None:
    memory = Memory(MemoryBudget(recent=40, salient=12, half_life=2))
    memory.add(Event(0, "quarrel", "You quarrelled a lot.", importance=4))
    for step in range(1, 60):
        memory.add(Event(step, "tip", f"Somebody told you {step}.", importance=1))
    assert [event.kind for event in memory.view().salient] == ["tip"]


def test_condensed_events_are_counted() -> None:
    memory = Memory(MemoryBudget(recent=40, salient=12))
    for step in range(30):
        memory.add(Event(step, "tip", f"Somebody told you {step}."))
    view = memory.view()
    assert dict(view.summary)["tip"] + len(view.recent) == 30


def test_the_start_of_a_memory_stays_while_events_are_added() -> None:
    memory, changes = Memory(), 0
    last = memory.view()
    for step in range(200):
        memory.add(Event(step, "tip", f"Somebody told you {step}."))
        view = memory.view()
        changes += (view.summary, view.salient, view.recent[: len(last.recent)]) != (
            last.summary,
            last.salient,
            last.recent,
        )
        last = view
    assert changes <= 200 / 4


def test_digests_distinguish_profiles_and_memories() -> None:
    profile, twin, stranger = Profile("a", "x"), Profile("a", "x"), Profile("a", "y")
    assert profile.digest() == twin.digest() != stranger.digest()
    memory = Memory()
    empty = memory.view().digest()
    memory.add(Event(0, "tip", "x"))
    assert memory.view().digest() != empty
