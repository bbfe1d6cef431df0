"""A made-up person and their records, for tests of tasks."""

from typing import Any

from sandbox.people import NO_MEMORY, Profile
from training.tasks.catalog import Catalog, Option
from training.tasks.moments import Moment

PERSON = Profile(
    "u_1", "You like tea.", profile="You have liked tea for long.", writing_style="Short.", platform="reviews"
)


def record(number: int, **known: Any) -> dict[str, Any]:
    """A review of a product of its own."""
    return {
        "source": "s",
        "platform": "reviews",
        "user": "u_1",
        "time": number,
        "kind": "review",
        "place": "Tea",
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
        **known,
    }


def comment(number: int, **known: Any) -> dict[str, Any]:
    """A comment in a thread of its own."""
    mine = {"platform": "forum", "kind": "comment", "item": "", "thread": f"t_{number}", "title": f"Tea no. {number}"}
    return record(number, **{**mine, "context": f"Do you like it, {number}?", "stars": None, "price": None, **known})


def moment(row: dict[str, Any], past: list[dict[str, Any]] | None = None, seed: int = 0) -> Moment:
    """Somebody right before this record."""
    past = past or []
    owned = frozenset(one["item"] or one["thread"] for one in (*past, row))
    return Moment(row, past, PERSON, NO_MEMORY, owned, seed)


def catalog(places: int = 3, each: int = 30) -> Catalog:
    """Products B0, B1, ... by place, cheap and dear ones in turns."""
    return Catalog(
        [
            Option(f"B{n}", "Tea" if n % places == 0 else f"Place {n % places}", f"Thing {n}", "", 5.0 + n, n % 2, 1)
            for n in range(places * each)
        ]
    )
