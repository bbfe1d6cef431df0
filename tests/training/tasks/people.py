"""An invented person and their records, for tests of tasks."""

from typing import Any

from sandbox.core.memory import NO_MEMORY
from sandbox.core.profile import Profile
from training.tasks.catalog import Catalog, CatalogItem
from training.tasks.decision_points import DecisionPoint

PERSON = Profile(
    "u_1", "You like tea.", profile="You have liked tea for long.", writing_style="Short.", platform="reviews"
)


def record(number: int, **changes: Any) -> dict[str, Any]:
    """Return a review of a product that no other record is about."""
    return {
        "source": "s",
        "platform": "reviews",
        "user": "u_1",
        "time": number,
        "kind": "review",
        "category": "Tea",
        "id": f"i_{number}",
        "item": f"B{number}",
        "thread": "",
        "title": "",
        "context": f"Pot no. {number}",
        "text": f"So many pots and this is word{number}.",
        "stars": 4.0,
        "price": 10.0,
        "split": "train",
        "part": "target",
        "early": False,
        "topic": "",
        **changes,
    }


def comment(number: int, **changes: Any) -> dict[str, Any]:
    """Return a comment in a thread that no other record is in."""
    thread = {"platform": "forum", "kind": "comment", "item": "", "thread": f"t_{number}", "title": f"Tea no. {number}"}
    context = f"Do you like it, {number}?"
    return record(number, **{**thread, "context": context, "stars": None, "price": None, **changes})


def decision_point(row: dict[str, Any], past: list[dict[str, Any]] | None = None, seed: int = 0) -> DecisionPoint:
    """Return the decision point right before this record."""
    past = past or []
    owned = frozenset(entry["item"] or entry["thread"] for entry in (*past, row))
    return DecisionPoint(row, past, PERSON, NO_MEMORY, owned, seed)


def catalog(categories: int = 3, each: int = 30) -> Catalog:
    """Return products B0, B1, ... of each category, alternately cheap and expensive."""
    names = ["Tea", *(f"Place {number}" for number in range(1, categories))]
    return Catalog(
        [
            CatalogItem(f"B{n}", names[n % categories], f"Thing {n}", "", 5.0 + n, n % 2, 1)
            for n in range(categories * each)
        ]
    )
