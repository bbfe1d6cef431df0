from pathlib import Path
from typing import Any

import polars as pl
import pytest

from training.clean import SECRET, clean_unit
from training.funnel import Tally
from training.record import RECORD, frame

from .test_privacy import left_of, planted

SETTINGS = {
    "language": {"min_characters": 40, "threshold": 0.5},
    "duplicate_threshold": 0.8,
    "max_toxic": 0.9,
    "min_records": 2,
}
TEXTS = (
    "The morning bus was late again, so we walked along the river and talked about the harvest.",
    "Nobody in the workshop knew how the old clock had been repaired, but it kept good time.",
    "My sister planted beans behind the shed and they grew taller than the fence this summer.",
)


def row(user: str, number: int, text: str, **known: Any) -> dict[str, Any]:
    plain = {"source": "s", "platform": "forum", "user": user, "time": number, "kind": "post", "id": f"{user}{number}"}
    return {**plain, "text": text, "item": "", "thread": "", "context": "", **known}


def cleaned(tmp_path: Path, rows: list[dict[str, Any]], **settings: Any) -> tuple[pl.DataFrame, dict[str, int]]:
    """Records that are left, and how many records were lost by reason."""
    path = tmp_path / "group" / "bucket=0000of0001" / "b.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / SECRET).write_bytes(b"k" * 32)
    frame(RECORD, {name: [one[name] for one in rows] for name in rows[0]}).write_parquet(path)
    tally = Tally("clean")
    tables = dict(clean_unit([path], {**SETTINGS, **settings}, tally))
    lost = {reason: number for (_, what, reason), number in tally.counts.items() if what == "records"}
    return tables["record"], lost


def test_mark_up_becomes_plain_text(tmp_path: Path) -> None:
    text = f"{TEXTS[0]}<br />So there &amp; then.<BR>\u200b[[VIDEOID:4329214518930c]]"
    rows, lost = cleaned(tmp_path, [row("a", 0, text, title="Salt &amp; pepper"), row("a", 1, TEXTS[1], title="")])
    assert rows["text"].to_list() == [f"{TEXTS[0]}\nSo there & then.", TEXTS[1]]
    assert rows["title"][0] == "Salt & pepper"
    assert lost == {"in": 2, "out": 2}


def good(user: str) -> list[dict[str, Any]]:
    return [row(user, number, text) for number, text in enumerate(TEXTS)]


def test_good_records_stay_under_hashed_names(tmp_path: Path) -> None:
    left, _ = cleaned(tmp_path, good("ann") + good("bob"))
    assert left.height == 6
    assert left["user"].n_unique() == 2
    assert not set(left["user"]) & {"ann", "bob"}
    assert not any("ann" in one for one in left["id"])


def test_a_user_who_says_that_they_are_a_minor_goes_and_others_stay(tmp_path: Path) -> None:
    left, lost = cleaned(tmp_path, [*good("kid"), row("kid", 9, "I'm 15 and my school bus is late."), *good("ann")])
    assert left.height == 3
    assert lost["user says that they are a minor"] == 4


def test_what_answers_a_minor_goes_and_its_author_stays(tmp_path: Path) -> None:
    asked = {"kind": "comment", "context": "I am 15 years old and need advice."}
    advice = row("ann", 9, "You could ask the librarian, who knows everybody in that town.", **asked)
    rows = [*good("ann"), advice, *good("bob")]
    left, lost = cleaned(tmp_path, [{"title": "", **one} for one in rows])
    assert lost["somebody says in its title or context that they are a minor"] == 1
    assert left["context"].to_list() == [""] * 6
    assert left["user"].n_unique() == 2


@pytest.mark.parametrize(
    "said",
    [
        {"title": "I am 15 years old, what now?", "text": TEXTS[0]},
        {"title": "I am 15 years old and love it", "text": TEXTS[0], "kind": "review"},
        {"text": TEXTS[0], "extra": '{"bio":"I\'m 16, and I like tea"}'},
        {"text": "Ich war gestern im Kino und dachte an die alte Zeit. I'm 15. Das war ein schöner Film."},
    ],
    ids=["in a title", "in a review's title", "in the description", "in what goes for its language"],
)
def test_a_minor_is_known_by_all_that_they_say(tmp_path: Path, said: dict[str, str]) -> None:
    kid = [row("kid", number, text, title="", extra="") for number, text in enumerate(TEXTS)]
    rows = [{**one, "title": "", "extra": ""} for one in good("ann")]
    left, _ = cleaned(tmp_path, [*kid, {**row("kid", 9, "", title="", extra=""), **said}, *rows])
    assert left.height == 3


def test_what_a_text_is_shown_with_is_looked_at_too(tmp_path: Path) -> None:
    rows = good("ann")
    rows[0]["context"] = "You are a fucking stupid bitch, go to hell and die there, you asshole."
    _, lost = cleaned(tmp_path, rows)
    assert lost["toxic, in its title or context"] == 1


def test_descriptions_and_pages_of_ones_own_do_not_stay(tmp_path: Path) -> None:
    extra = '{"bio":"Tom Baker, Paris","gender":"male","is_rt":false}'
    rows = [{**one, "extra": extra, "place": "u_tom-baker"} for one in good("ann")]
    left, _ = cleaned(tmp_path, rows)
    assert set(left["extra"]) == {'{"gender":"male"}'}
    assert set(left["place"]) == {"their own page"}


def test_of_two_hundred_planted_details_none_survives_the_stage(tmp_path: Path) -> None:
    details = planted()
    rows = [
        {**row("ann", number, f"{TEXTS[0]} {number}"), "title": "", "context": "", name: sentence}
        for number, (_, _, sentence) in enumerate(details)
        for name in (("text", "title", "context")[number % 3],)
    ]
    left, _ = cleaned(
        tmp_path, rows, duplicate_threshold=1.0, max_toxic=1.0, language={"min_characters": 10**6, "threshold": 0.5}
    )
    said = "\n".join([*left["text"], *left["title"], *left["context"]])
    assert left.height > 150
    assert [detail for _, detail, _ in details if left_of(detail, said)] == []


def test_other_languages_copies_and_insults_go(tmp_path: Path) -> None:
    bad = [
        row("ann", 10, "Der Zug war heute schon wieder zu spät und niemand wusste, warum er im Tunnel stand."),
        row("ann", 11, TEXTS[0]),
        row("ann", 12, "You are a fucking stupid bitch, go to hell and die there, you asshole."),
    ]
    left, lost = cleaned(tmp_path, [*good("ann"), *bad])
    assert left.height == 3
    assert (lost["language"], lost["near-duplicate of the user's own"], lost["toxic"]) == (1, 1, 1)


def test_who_has_too_little_left_goes(tmp_path: Path) -> None:
    left, lost = cleaned(tmp_path, [*good("ann"), row("bob", 0, TEXTS[1])])
    assert left["user"].n_unique() == 1
    assert lost["user has too few left"] == 1


def test_a_reply_still_points_at_what_it_answers(tmp_path: Path) -> None:
    rows = [*good("ann"), *good("bob")]
    rows[0]["id"] = "t3_x"
    rows[4] |= {"item": "t3_x", "kind": "comment", "thread": "t3_x"}
    left, _ = cleaned(tmp_path, rows)
    reply = left.filter(pl.col("kind") == "comment").row(0, named=True)
    assert reply["item"] in set(left.filter(pl.col("kind") == "post")["id"])
    assert reply["thread"] not in ("", "t3_x")


def test_private_details_are_replaced_everywhere(tmp_path: Path) -> None:
    rows = good("ann")
    rows[0] |= {"text": TEXTS[0] + " Write to tom@example.org!", "context": "Call 415-555-0199 now."}
    left, _ = cleaned(tmp_path, rows)
    said = " ".join([*left["text"], *left["context"]])
    assert "[EMAIL]" in said
    assert "[PHONE]" in said
    assert "example.org" not in said
