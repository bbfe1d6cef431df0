"""The Amazon reviewers: made again from the source they are the same, and nothing in them was written by a reviewer."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.population import read_population
from agents.populations.build_amazon_reviewers import CARD, POPULATION, build, read_users
from sandbox.people import Profile

REVIEWS = Path(__file__).parents[3] / "shared/data/reviews_amazon2023/reviews.jsonl.gz"
RUN = 8
WORD = re.compile(r"[a-z0-9]+")

pytestmark = pytest.mark.skipif(not REVIEWS.is_file(), reason=f"needs the reviews at {REVIEWS}, which are not ours")


def runs(text: str) -> Iterator[tuple[str, ...]]:
    """Every `RUN` words in a row, whatever their case and punctuation."""
    words = WORD.findall(html.unescape(text).lower().replace("'", "").replace("’", ""))
    yield from zip(*(words[start:] for start in range(RUN)), strict=False)


def texts(person: Profile) -> list[str]:
    return [person.persona, person.profile, person.writing_style, *person.stories]


@pytest.fixture(scope="module")
def shipped() -> list[Profile]:
    return read_population(POPULATION)


def test_a_rebuild_gives_the_shipped_people_and_card(shipped: list[Profile]) -> None:
    rebuilt, card = build(REVIEWS)
    assert rebuilt == shipped
    assert card == CARD.read_text(encoding="utf-8")


def test_no_eight_words_in_a_row_are_from_the_source(shipped: list[Profile]) -> None:
    reviews = [review for group in read_users(REVIEWS).values() for review in group]
    written = {run for one in reviews for text in (one.text, one.title, one.product or "") for run in runs(text)}
    assert len(written) > 100_000
    copied = {(one.id, " ".join(run)) for one in shipped for text in texts(one) for run in runs(text) if run in written}
    assert not copied


def test_a_copied_run_would_be_found() -> None:
    sentence = "I bought this for my cat, and she LOVES it!"
    assert set(runs(f"You once wrote: {sentence}")) & set(runs(f"Great. {sentence} Buy it."))


def test_no_hash_of_a_user_is_carried_over(shipped: list[Profile]) -> None:
    users = read_users(REVIEWS)
    assert [one.id for one in shipped] == [f"r{place:03}" for place in range(1, len(users) + 1)]
    everything = POPULATION.read_bytes() + repr(shipped).encode()
    assert not [name for name in users if name.removeprefix("a_").encode() in everything]


def test_figures_are_those_of_the_source(shipped: list[Profile]) -> None:
    for one, group in zip(shipped, read_users(REVIEWS).values(), strict=True):
        counts = {name: sum(review.category == name for review in group) for name in one.tastes}
        assert one.tastes == pytest.approx({name: count / len(group) for name, count in counts.items()}, abs=1e-3)
        assert one.star_shares is not None
        assert len(one.stories) == min(len(group), 8)
        raw = sum(review.stars == 5 for review in group) / len(group)
        assert abs(one.star_shares[4] - raw) <= 2 / (len(group) + 2)
