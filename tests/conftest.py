"""Shared parts of the tests: people, questions and small worlds."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from sandbox.core.form import Choose, Form, Option, choose
from sandbox.core.memory import NO_MEMORY
from sandbox.core.profile import Profile
from sandbox.core.question import Question, Template
from sandbox.core.replicate import Replicate
from worlds.rumor import Rumor, RumorParams, Villager


def profiles(number: int) -> list[Profile]:
    """Return plain profiles."""
    return [
        Profile(
            id=f"p{place}",
            persona=f"You are person {place}, careful with money.",
            tastes={"Toys and Games": 0.6, "Electronics": 0.4} if place % 2 else {"Pet Supplies": 1.0},
            budget=20.0 + place % 7,
            activity=0.5,
            star_shares=(0.08, 0.04, 0.08, 0.14, 0.66),
        )
        for place in range(number)
    ]


def again_question(villager: Villager, rumor: str) -> Question[str]:
    """Ask a villager whether to keep spreading a rumour."""
    return villager.ask("again", {"rumor": rumor, "friend": "1", "was_new": False}, choose("yes", "no"))


def make_question(form: Form | None = None, **changes: Any) -> Question[Any]:
    """Return a question that can be put to anybody."""
    parts: dict[str, Any] = {
        "replicate": Replicate("main", 0),
        "step": 3,
        "round": 1,
        "agent": 7,
        "role": "villager",
        "template": Template("test/drink", "You are playing a person.", "It is {{ time }}. What do you drink?"),
        "facts": {"time": "noon"},
        "form": form or Choose((Option("tea"), Option("coffee"), Option("water"))),
        "profile": profiles(1)[0],
        "memory": NO_MEMORY,
        "seed": 2**63 + 5,
    }
    return Question(**{**parts, **changes})


def make_rumor(rng: int = 0, size: int = 12, replicate: Replicate | None = None) -> Rumor:
    """Return a small world."""
    graph = nx.watts_strogatz_graph(size, 4, 0.1, seed=1)
    params = RumorParams(text="it rains", first=2)
    replicate = replicate or Replicate("main", rng)
    return Rumor(params, profiles=profiles(size), graph=graph, rng=rng, replicate=replicate)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """Return the folder of a test's run."""
    return tmp_path / "run"


@pytest.fixture(autouse=True)
def _isolate_answer_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the tests' answers out of the user's cache; models stay where they are."""
    monkeypatch.setattr("sandbox.runtime.assembly.answer_cache_file", lambda: tmp_path / "answers.sqlite")


Overrides = Callable[..., Sequence[str]]


@pytest.fixture
def rule_market(run_dir: Path) -> Overrides:
    """Return overrides of a short marketplace of rule-following people."""

    def overrides(*more: str) -> list[str]:
        return ["world=marketplace", "mind=rule", "population.size=20", "steps=5", f"run_dir={run_dir}", *more]

    return overrides


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let torch and vLLM warn about themselves; our own code runs with warnings as errors."""
    for item in items:
        if item.get_closest_marker("engine"):
            item.add_marker(pytest.mark.filterwarnings("default"))
