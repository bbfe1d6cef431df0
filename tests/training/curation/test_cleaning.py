from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from training.curation.cleaning import SECRET, clean_unit, remove_markup
from training.curation.grouping import CONTEXT_CHARACTERS
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.sources.record import RECORD, frame

from .planted import draw_planted
from .test_privacy import MAX_MISSED_SHARE

SETTINGS = {
    "language": {"min_characters": 40, "threshold": 0.5},
    "duplicate_threshold": 0.8,
    "max_toxic": 0.9,
    "min_records": 2,
    "product_platforms": ["reviews"],
}
TEXTS = (
    "The morning bus was late again, so we walked along the river and talked about the harvest.",
    "Nobody in the workshop knew how the old clock had been repaired, but it kept good time.",
    "My sister planted beans behind the shed and they grew taller than the fence this summer.",
)


def make_row(user: str, number: int, text: str, **fields: Any) -> dict[str, Any]:
    defaults = {
        "source": "s",
        "platform": "forum",
        "user": user,
        "time": number,
        "kind": "post",
        "id": f"{user}{number}",
    }
    return {**defaults, "text": text, "item": "", "thread": "", "context": "", **fields}


def clean(tmp_path: Path, rows: list[dict[str, Any]], **settings: Any) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the remaining records, and the number of records by reason in the funnel."""
    path = tmp_path / "records.parquet"
    (tmp_path / SECRET).write_bytes(b"k" * 32)
    frame(RECORD, {name: [row[name] for row in rows] for name in rows[0]}).write_parquet(path)
    tally = Tally("clean")
    unit = Unit("b", {"record": [path], "secret": [tmp_path / SECRET]})
    tables = dict(clean_unit(unit, {**SETTINGS, **settings}, tally))
    counts = {reason: number for (_, entity, reason), number in tally.counts.items() if entity == "records"}
    return tables["record"], counts


def test_markup_becomes_plain_text(tmp_path: Path) -> None:
    text = f"{TEXTS[0]}<br />So there &amp; then.<BR>\u200b[[VIDEOID:4329214518930c]]"
    rows = [make_row("a", 0, text, title="Salt &amp; pepper"), make_row("a", 1, TEXTS[1], title="")]
    remaining, counts = clean(tmp_path, rows)
    assert remaining["text"].to_list() == [f"{TEXTS[0]}\nSo there & then.", TEXTS[1]]
    assert remaining["title"][0] == "Salt & pepper"
    assert counts == {"in": 2, "out": 2}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("&amp;#x200B;", ""),
        ("salt &amp;amp; pepper", "salt & pepper"),
        ("salt &amp;amp;amp;amp; pepper", "salt & pepper"),
        ("it&amp;#39;s", "it's"),
        ("3 &amp;lt; 4", "3 < 4"),
        ("here&lt;br /&gt;there", "here\nthere"),
        ("here&amp;lt;br&amp;gt;there", "here\nthere"),
        ("a&amp;nbsp;b", "a\xa0b"),
        ("AT&T & R&D", "AT&T & R&D"),
        ("a&#7;b\x1bc", "abc"),
    ],
)
def test_entities_are_decoded_however_often_they_were_encoded(tmp_path: Path, written: str, meant: str) -> None:
    fields = {"title": f"On {written}", "context": f"Of {written}", "category": f"In {written}."}
    extra = {"extra": msgspec.json.encode({"industry": f"At {written}"}).decode()}
    rows = [make_row("a", number, f"{text} {written}.", **fields, **extra) for number, text in enumerate(TEXTS)]
    remaining, _ = clean(tmp_path, rows)
    assert remaining["text"].to_list() == [f"{text} {meant}." for text in TEXTS]
    assert set(remaining["title"]) == {f"On {meant}".strip()}
    assert set(remaining["context"]) == {f"Of {meant}".strip()}
    assert set(remaining["category"]) == {f"In {meant}."}
    assert "&" in meant or "&" not in remaining["extra"][0]


def test_a_minor_who_says_so_in_entities_is_recognised(tmp_path: Path) -> None:
    kid = [{**row, "extra": '{"bio":"I&amp;#39;m 16, and I like tea"}'} for row in good_rows("kid")]
    remaining, _ = clean(tmp_path, [*kid, *({**row, "extra": ""} for row in good_rows("ann"))])
    assert remaining.height == 3


def good_rows(user: str) -> list[dict[str, Any]]:
    return [make_row(user, number, text) for number, text in enumerate(TEXTS)]


def test_good_records_stay_under_hashed_names(tmp_path: Path) -> None:
    remaining, _ = clean(tmp_path, good_rows("ann") + good_rows("bob"))
    assert remaining.height == 6
    assert remaining["user"].n_unique() == 2
    assert not set(remaining["user"]) & {"ann", "bob"}
    assert not any("ann" in name for name in remaining["id"])


def test_a_user_who_says_that_they_are_a_minor_is_dropped_and_others_stay(tmp_path: Path) -> None:
    statement = make_row("kid", 9, "I'm 15 and my school bus is late.")
    remaining, counts = clean(tmp_path, [*good_rows("kid"), statement, *good_rows("ann")])
    assert remaining.height == 3
    assert counts["user says that they are a minor"] == 4


def test_a_record_that_answers_a_minor_is_dropped_and_its_author_stays(tmp_path: Path) -> None:
    parent = {"kind": "comment", "context": "I am 15 years old and need advice."}
    advice = make_row("ann", 9, "You could ask the librarian, who knows everybody in that town.", **parent)
    rows = [*good_rows("ann"), advice, *good_rows("bob")]
    remaining, counts = clean(tmp_path, [{"title": "", **row} for row in rows])
    assert counts["somebody says in its title or context that they are a minor"] == 1
    assert remaining["context"].to_list() == [""] * 6
    assert remaining["user"].n_unique() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "I am 15 years old, what now?", "text": TEXTS[0]},
        {"title": "I am 15 years old and love it", "text": TEXTS[0], "kind": "review"},
        {"text": TEXTS[0], "extra": '{"bio":"I\'m 16, and I like tea"}'},
        {"text": "Ich war gestern im Kino und dachte an die alte Zeit. I'm 15. Das war ein schöner Film."},
    ],
    ids=["in a title", "in a review's title", "in the description", "in another language"],
)
def test_a_minor_is_recognised_by_anything_they_write(tmp_path: Path, fields: dict[str, str]) -> None:
    kid = [make_row("kid", number, text, title="", extra="") for number, text in enumerate(TEXTS)]
    rows = [{**row, "title": "", "extra": ""} for row in good_rows("ann")]
    remaining, _ = clean(tmp_path, [*kid, {**make_row("kid", 9, "", title="", extra=""), **fields}, *rows])
    assert remaining.height == 3


def test_the_context_of_a_text_is_checked_too(tmp_path: Path) -> None:
    rows = good_rows("ann")
    rows[0]["context"] = "You are a fucking stupid bitch, go to hell and die there, you asshole."
    _, counts = clean(tmp_path, rows)
    assert counts["toxic, in its title or context"] == 1


def test_descriptions_and_names_of_own_pages_are_removed(tmp_path: Path) -> None:
    extra = '{"bio":"Tom Baker, Paris","gender":"male","is_rt":false}'
    rows = [{**row, "extra": extra, "category": "u_tom-baker"} for row in good_rows("ann")]
    remaining, _ = clean(tmp_path, rows)
    assert set(remaining["extra"]) == {'{"gender":"male"}'}
    assert set(remaining["category"]) == {"their own page"}


def test_hardly_any_planted_detail_survives_the_stage(tmp_path: Path) -> None:
    details = draw_planted(30, seed=9)
    rows = [
        {**make_row("ann", number, f"{TEXTS[0]} {'o' * number}"), "title": "", "context": "", name: detail.sentence}
        for number, detail in enumerate(details)
        for name in (("text", "title", "context")[number % 3],)
    ]
    remaining, _ = clean(
        tmp_path, rows, duplicate_threshold=1.0, max_toxic=1.0, language={"min_characters": 10**6, "threshold": 0.5}
    )
    text = "\n".join([*remaining["text"], *remaining["title"], *remaining["context"]])
    assert remaining.height > 300
    survivors = [detail for detail in details if detail.surviving_parts(text)]
    assert len(survivors) <= MAX_MISSED_SHARE * len(details), survivors


def test_a_detail_at_the_end_of_a_cut_context_is_not_cut_in_two(tmp_path: Path) -> None:
    rows = good_rows("ann")
    rows[0]["context"] = f"{'word ' * 98}faguruge@nogada.com and more words"
    remaining, _ = clean(tmp_path, rows)
    assert "faguruge" not in "".join(remaining["context"])
    assert remaining["context"].str.len_chars().max() == CONTEXT_CHARACTERS


def test_fields_of_the_source_that_stay_are_cleaned_too(tmp_path: Path) -> None:
    rows = [
        {**row, "extra": '{"topic":"call 415-555-0199","age":44}', "category": "ann@example.org"}
        for row in good_rows("ann")
    ]
    remaining, _ = clean(tmp_path, rows)
    assert set(remaining["extra"]) == {'{"topic":"call [PHONE]","age":44}'}
    assert set(remaining["category"]) == {"[EMAIL]"}


def test_other_languages_copies_and_insults_are_dropped(tmp_path: Path) -> None:
    bad = [
        make_row("ann", 10, "Der Zug war heute schon wieder zu spät und niemand wusste, warum er im Tunnel stand."),
        make_row("ann", 11, TEXTS[0]),
        make_row("ann", 12, "You are a fucking stupid bitch, go to hell and die there, you asshole."),
    ]
    remaining, counts = clean(tmp_path, [*good_rows("ann"), *bad])
    assert remaining.height == 3
    assert (counts["language"], counts["near-duplicate of the user's own"], counts["toxic"]) == (1, 1, 1)


def test_a_user_with_too_few_records_left_is_dropped(tmp_path: Path) -> None:
    remaining, counts = clean(tmp_path, [*good_rows("ann"), make_row("bob", 0, TEXTS[1])])
    assert remaining["user"].n_unique() == 1
    assert counts["user has too few records left"] == 1


def test_a_reply_still_points_at_its_parent(tmp_path: Path) -> None:
    rows = [*good_rows("ann"), *good_rows("bob")]
    rows[0]["id"] = "t3_x"
    rows[4] |= {"item": "t3_x", "kind": "comment", "thread": "t3_x"}
    remaining, _ = clean(tmp_path, rows)
    reply = remaining.filter(pl.col("kind") == "comment").row(0, named=True)
    assert reply["item"] in set(remaining.filter(pl.col("kind") == "post")["id"])
    assert reply["thread"] not in ("", "t3_x")


def test_private_details_are_replaced_everywhere(tmp_path: Path) -> None:
    rows = good_rows("ann")
    rows[0] |= {"text": TEXTS[0] + " Write to tom@example.org!", "context": "Call 415-555-0199 now."}
    remaining, _ = clean(tmp_path, rows)
    text = " ".join([*remaining["text"], *remaining["context"]])
    assert "[EMAIL]" in text
    assert "[PHONE]" in text
    assert "example.org" not in text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (
            '<p>Hi <a href="//x.y/@bob" class="u">@<span>bob</span></a> &amp;amp; all</p><p>two</p>',
            "Hi @bob & all\n\ntwo",
        ),
        ("&lt;p&gt;Fish &lt;b&gt;and&lt;/b&gt; chips&lt;/p&gt;", "Fish and chips"),
        ("One<br />two", "One\ntwo"),
        ("Use the <b> tag when 3 < 4 and <3", "Use the <b> tag when 3 < 4 and <3"),
        ("List<String> of <T>", "List<String> of <T>"),
    ],
)
def test_markup_of_pages_is_removed(text: str, plain: str) -> None:
    assert remove_markup(pl.Series([text, None]))[0] == plain
