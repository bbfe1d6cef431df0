"""Shared parts of the tests: people, questions and small worlds."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from sandbox.people import NO_MEMORY, Profile
from sandbox.question import Choose, Form, Option, Question, Template, choose
from worlds.rumor import Rumor, RumorParams, Villager


def people(number: int) -> list[Profile]:
    """Plain profiles."""
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


def belief(villager: Villager, rumor: str) -> Question:
    """Ask a villager whether a rumour is true."""
    return villager.ask("belief", {"rumor": rumor}, choose("yes", "no"))


def question(form: Form | None = None, **changes: Any) -> Question:
    """A question that can be asked anybody."""
    parts: dict[str, Any] = {
        "replicate": "main/0",
        "step": 3,
        "round": 1,
        "agent": 7,
        "role": "villager",
        "template": Template("test/drink", "You are playing a person.", "It is {{ time }}. What do you drink?"),
        "facts": {"time": "noon"},
        "form": form or Choose((Option("tea"), Option("coffee"), Option("water"))),
        "profile": people(1)[0],
        "memory": NO_MEMORY,
        "seed": 2**63 + 5,
    }
    return Question(**{**parts, **changes})


def rumor(rng: int = 0, size: int = 12, replicate: str | None = None) -> Rumor:
    """A small world."""
    graph = nx.watts_strogatz_graph(size, 4, 0.1, seed=1)
    name = replicate or f"main/{rng}"
    return Rumor(RumorParams(text="it rains", first=2), people=people(size), graph=graph, rng=rng, replicate=name)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """Where a test's run goes."""
    return tmp_path / "run"


@pytest.fixture(autouse=True)
def _own_cache_of_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep answers of tests apart from the user's; models stay where they are."""
    monkeypatch.setattr("sandbox.assembly.answers_file", lambda: tmp_path / "answers.sqlite")


Overrides = Callable[..., Sequence[str]]


@pytest.fixture
def ruled(run_dir: Path) -> Overrides:
    """Overrides of a short marketplace of rule-following people."""

    def overrides(*more: str) -> list[str]:
        return ["world=marketplace", "mind=rule", "population.size=20", "steps=5", f"run_dir={run_dir}", *more]

    return overrides


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let torch and vLLM warn about themselves; our own code runs with warnings as errors."""
    for item in items:
        if item.get_closest_marker("engine"):
            item.add_marker(pytest.mark.filterwarnings("default"))
