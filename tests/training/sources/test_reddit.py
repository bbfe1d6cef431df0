import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from sandbox.errors import DataError
from tests.training.sources.source_files import SourceContents, json_lines, read_source, run_until, write_file
from training.sources import source
from training.sources.reddit import Reddit, parse_times

SUBMISSION = {
    "id": "5abc",
    "author": "ann",
    "subreddit": "Gardening",
    "created_utc": 1420070400,
    "title": "Which beans?",
    "selftext": "Mine never climb – why?",
    "score": 12,
    "num_comments": 3,
    "is_self": True,
    "over_18": False,
    "distinguished": None,
    "permalink": "/r/Gardening/comments/5abc/",
}
COMMENT = {
    "id": "c1",
    "author": "bob",
    "subreddit": "Gardening",
    "created_utc": "1420070460",
    "link_id": "t3_5abc",
    "parent_id": "t3_5abc",
    "body": "Give them a pole.",
    "score": -1,
    "distinguished": "moderator",
}


def read_reddit(
    tmp_path: Path, submissions: list[Any], comments: list[Any], ending: str = "json", **settings: Any
) -> SourceContents:
    """Write both files and return what is read from them."""
    paths = {
        kind: str(write_file(tmp_path / f"{name}.{ending}", json_lines(rows)))
        for kind, name, rows in (("submissions", "RS_2015-01", submissions), ("comments", "RC_2015-01", comments))
    }
    return read_source(
        Reddit(name="reddit", submissions=[paths["submissions"]], comments=[paths["comments"]], **settings)
    )


@pytest.mark.parametrize("ending", ["json", "json.gz", "zst"])
def test_submissions_and_comments_become_records_field_by_field(tmp_path: Path, ending: str) -> None:
    post, comment = read_reddit(tmp_path, [SUBMISSION], [COMMENT], ending).records
    assert json.loads(post.pop("extra")) == {"is_self": True, "num_comments": 3}
    assert post == {
        "source": "reddit",
        "platform": "forum",
        "user": "ann",
        "time": 1420070400,
        "kind": "post",
        "category": "Gardening",
        "id": "t3_5abc",
        "item": "",
        "thread": "t3_5abc",
        "title": "Which beans?",
        "context": "",
        "text": "Mine never climb – why?",
        "stars": None,
        "votes": 12,
        "price": None,
        "split": None,
    }
    assert comment == {
        "source": "reddit",
        "platform": "forum",
        "user": "bob",
        "time": 1420070460,
        "kind": "comment",
        "category": "Gardening",
        "id": "t1_c1",
        "item": "t3_5abc",
        "thread": "t3_5abc",
        "title": "",
        "context": "",
        "text": "Give them a pole.",
        "stars": None,
        "votes": -1,
        "price": None,
        "split": None,
        "extra": '{"distinguished":"moderator"}',
    }


def test_what_is_missing_is_empty_and_deleted_authors_are_called_so(tmp_path: Path) -> None:
    minimal = {"id": "x", "subreddit": "s", "created_utc": 1.5e9, "author": None, "removed_by_category": "deleted"}
    [post] = read_reddit(tmp_path, [minimal], []).records
    assert (post["user"], post["text"], post["title"], post["votes"]) == ("[deleted]", "", "", None)
    assert (post["time"], post["extra"]) == (1_500_000_000, '{"removed":"deleted"}')


def test_old_dumps_number_the_parent_of_a_comment_on_the_post(tmp_path: Path) -> None:
    [comment] = read_reddit(tmp_path, [], [{**COMMENT, "parent_id": 77}]).records
    assert comment["item"] == "t3_5abc"


@pytest.mark.parametrize("bad", ["soon", "", "²", "NaN", 10**25, -5, "9" * 400])
def test_a_time_that_is_no_date_is_unknown(bad: float | str) -> None:
    assert parse_times([bad, 5, "6.9"]) == [None, 5, 6]


def test_bad_lines_are_counted_with_their_reasons(tmp_path: Path) -> None:
    bad = [b'{"id": "x", \n', {"id": "y"}, b"\xff\xfe\n", {**SUBMISSION, "score": 10**30}, b"[1]\n", b"\n"]
    result = read_reddit(tmp_path, [SUBMISSION, *bad, SUBMISSION], [], max_reject_share=1)
    assert len(result.records) == 2
    assert result.num_rejected == 5
    assert [line for line, _ in result.reasons] == [2, 3, 4, 5, 6]
    assert "missing required field `subreddit`" in result.reasons[1][1]
    assert "score" in result.reasons[3][1]
    assert result.rejects[0] == {
        "source": "reddit",
        "file": "RS_2015-01.json",
        "line": 2,
        "reason": result.reasons[0][1],
        "sample": '{"id": "a", ',
    }


def test_of_many_bad_lines_a_sample_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_SAMPLES", 3)
    result = read_reddit(tmp_path, [b"no\n"] * 9, [], max_reject_share=1)
    assert (result.num_rejected, len(result.rejects)) == (9, 3)


def test_too_many_bad_lines_stop_with_an_explanation(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"RS_2015-01\.json: 2 of 3 lines \(66\.7%\) cannot be read as Reddit.*line 2"):
        read_reddit(tmp_path, [SUBMISSION, b"no\n", b"no\n"], [])


@pytest.mark.parametrize(("ending", "pack"), [("json.gz", gzip.compress), ("zst", zstandard.compress)])
def test_half_a_file_is_an_error(tmp_path: Path, ending: str, pack: Any) -> None:
    raw = pack(json_lines({**SUBMISSION, "id": f"{number:05}"} for number in range(2000)))
    path = tmp_path / f"RS.{ending}"
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DataError, match="cannot be read to its end"):
        read_source(Reddit(name="reddit", submissions=[str(path)], comments=[]))


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    assert read_reddit(tmp_path, [], []) == SourceContents([], [], [], 0)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(DataError, match=r"source\.reddit\.comments: nothing at '/nowhere/RC\.zst'"):
        Reddit(name="reddit", submissions=[], comments=["/nowhere/RC.zst"]).files()


def test_comments_meet_what_they_answer_by_id(tmp_path: Path) -> None:
    answer = {**COMMENT, "id": "c2", "parent_id": "t1_c1", "body": "Or a net.", "author": "eve"}
    stray = {**COMMENT, "id": "c3", "parent_id": "t1_gone", "body": "Never mind."}
    rs = write_file(tmp_path / "RS.zst", json_lines([SUBMISSION]))
    rc = write_file(tmp_path / "RC.zst", json_lines([COMMENT, answer, stray]))
    core = "filters.forum.k_core"
    overrides = [
        f"{core}.min_posts=0",
        f"{core}.min_records=0",
        f"{core}.needs_answered=false",
        "filters.forum.rules=[]",
    ]
    files = [f"source.reddit.submissions=[{rs}]", f"source.reddit.comments=[{rc}]"]
    rows = run_until("group", ["sources=[reddit]", *files, *overrides], tmp_path / "corpus").to_dicts()
    contexts = {row["id"]: row["context"] for row in rows}
    assert contexts.pop("t1_c1").endswith("Mine never climb – why?")
    assert contexts == {"t3_5abc": "", "t1_c2": "Give them a pole.", "t1_c3": ""}
