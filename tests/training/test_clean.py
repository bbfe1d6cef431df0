from pathlib import Path
from typing import Any

import polars as pl

from training.clean import SECRET, clean_unit
from training.funnel import Tally
from training.record import RECORD, frame

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
