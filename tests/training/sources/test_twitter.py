import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from sandbox.errors import DataError
from tests.training.sources.source_files import SourceContents, json_lines, read_source, run_until, write_file
from training.sources.source import Rejects
from training.sources.times import parse_time
from training.sources.twitter import Twitter

ARCHIVED = {
    "id_str": "21",
    "full_text": "@bob Bread &amp; jam",
    "created_at": "Wed Aug 27 13:08:45 +0000 2008",
    "in_reply_to_status_id_str": "20",
    "retweet_count": "4",
    "favorite_count": "9",
    "retweeted": False,
    "lang": "en",
}
PLAIN = {"id": "30", "author_id": "7", "text": "Toast.", "created_at": "2021-03-01T10:00:00.000Z", "lang": "en"}
REPLY = {
    **PLAIN,
    "id": "31",
    "author_id": "8",
    "text": "@ann With butter?",
    "conversation_id": "30",
    "referenced_tweets": [{"type": "replied_to", "id": "30"}],
    "public_metrics": {"retweet_count": 2, "like_count": 5},
}
USERS = [
    {"id": "7", "username": "ann", "name": "Ann", "description": "baker"},
    {"id": "8", "username": "bob", "name": "Bob"},
]


def read_raw(tmp_path: Path, raw: bytes, name: str = "tweets.jsonl", **settings: Any) -> SourceContents:
    """Return what is read from one file with these bytes."""
    return read_source(Twitter(name="twitter", paths=[str(write_file(tmp_path / name, raw))], **settings))


def build_archive_file(name: str, entries: list[Any]) -> bytes:
    """Return a file of an archive."""
    return f"window.YTD.{name}.part0 = {json.dumps(entries, indent=2)}".encode()


def read_archive(tmp_path: Path, tweets: list[Any], name: str = "tweets.js", **settings: Any) -> SourceContents:
    """Write an archive and return what is read from its tweets."""
    write_file(
        tmp_path / "account.js", build_archive_file("account", [{"account": {"username": "ann", "accountId": "7"}}])
    )
    write_file(
        tmp_path / "profile.js",
        build_archive_file("profile", [{"profile": {"description": {"bio": 'baker, "bread"'}}}]),
    )
    return read_raw(tmp_path, build_archive_file("tweets", tweets), name, **settings)


def build_csv(*rows: str) -> bytes:
    """Return the rows of a CSV file."""
    return "".join(f"{row}\n" for row in rows).encode()


@pytest.mark.parametrize("name", ["tweets.js", "tweet.js", "tweets-part1.js.gz", "tweets.js.zst"])
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_an_archive_becomes_records_field_by_field(tmp_path: Path, name: str, is_wrapped: bool) -> None:
    [record] = read_archive(tmp_path, [{"tweet": ARCHIVED} if is_wrapped else ARCHIVED], name).records
    assert json.loads(record.pop("extra")) == {"lang": "en", "bio": 'baker, "bread"'}
    assert record == {
        "source": "twitter",
        "platform": "microblog",
        "user": "ann",
        "time": 1219842525,
        "kind": "comment",
        "category": "",
        "id": "21",
        "item": "20",
        "thread": "20",
        "title": "",
        "context": "",
        "text": "@bob Bread & jam",
        "stars": None,
        "votes": 4,
        "price": None,
        "split": None,
    }


def test_an_archive_without_its_account_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"tweets\.js: whose tweets are they\?.*account\.js"):
        read_raw(tmp_path, build_archive_file("tweets", [{"tweet": ARCHIVED}]), "tweets.js")


def test_a_broken_account_is_named(tmp_path: Path) -> None:
    write_file(tmp_path / "account.js", b"window.YTD.account.part0 = [{")
    with pytest.raises(DataError, match=r"account\.js is not as it was in the archive"):
        read_raw(tmp_path, build_archive_file("tweets", [{"tweet": ARCHIVED}]), "tweets.js")


def test_half_an_archive_stops_with_an_explanation(tmp_path: Path) -> None:
    read_archive(tmp_path, [])
    with pytest.raises(DataError, match=r"no list of tweets.*is this the right kind of file"):
        read_raw(tmp_path, build_archive_file("tweets", [ARCHIVED, ARCHIVED])[:-9], "tweets.js")


def test_bad_tweets_of_an_archive_are_counted(tmp_path: Path) -> None:
    bad = [7, {"tweet": {"id_str": "2"}}, {"tweet": {**ARCHIVED, "created_at": "soon"}}]
    result = read_archive(tmp_path, [ARCHIVED, *bad], max_reject_share=1)
    assert len(result.records) == 1
    no_date = "time is 'soon', no date such as 2015-02-24 or 2015-02-24T11:35:52+01:00"
    assert result.reasons == [(2, "no tweet"), (3, "no text"), (4, no_date)]


@pytest.mark.parametrize("ending", ["jsonl", "json.gz", "zst"])
def test_tweets_of_the_api_become_records_field_by_field(tmp_path: Path, ending: str) -> None:
    post, reply = read_raw(tmp_path, json_lines([PLAIN, REPLY]), f"sample.{ending}").records
    assert (post["user"], post["kind"], post["item"], post["votes"]) == ("7", "post", "", None)
    assert post["thread"] == post["id"]
    assert (post["id"], post["text"], post["time"], post["extra"]) == ("30", "Toast.", 1614592800, '{"lang":"en"}')
    assert (reply["user"], reply["kind"], reply["item"], reply["thread"], reply["votes"]) == (
        "8",
        "comment",
        "30",
        "30",
        2,
    )


def test_responses_of_the_api_name_users_and_bring_what_is_answered(tmp_path: Path) -> None:
    response = {"data": [REPLY], "includes": {"users": USERS, "tweets": [PLAIN]}, "meta": {"result_count": 1}}
    single = {"data": PLAIN, "includes": {"users": USERS}}
    result = read_raw(tmp_path, json_lines([response, single]))
    assert [(record["user"], record["id"]) for record in result.records] == [("bob", "31"), ("ann", "30")]
    assert json.loads(result.records[1]["extra"])["bio"] == "baker"
    assert [(record["id"], record["user"], record["text"]) for record in result.items] == [("30", "ann", "Toast.")]


def read_both_ways(tmp_path: Path, lines: list[Any], odd: Any) -> tuple[SourceContents, SourceContents]:
    """Read these lines by Arrow, which must not fail, and after an odd line, which makes them all go the slow way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.sources.tweets.JsonLines", None)
        fast = read_raw(tmp_path, json_lines(lines), max_reject_share=1)
    return fast, read_raw(tmp_path, json_lines([odd, *lines]), max_reject_share=1)


def test_tweets_read_the_fast_way_are_those_read_the_slow_way(tmp_path: Path) -> None:
    tweets = [
        PLAIN,
        REPLY,
        {**REPLY, "author": USERS[1], "referenced_tweets": [{"type": "quoted", "id": "1"}, {"type": "retweeted"}]},
        {**REPLY, "referenced_tweets": [{"type": "quoted", "id": "1"}, {"type": "replied_to", "id": "2", "x": [1]}]},
        {**PLAIN, "author": {"id": "9", "description": "baker"}, "note_tweet": {"text": "A &amp; B"}},
        {**PLAIN, "author": None, "note_tweet": {}, "public_metrics": {"like_count": 1}, "referenced_tweets": []},
        {**PLAIN, "author_id": "", "author": {"username": ""}},
        {**PLAIN, "text": None},
        {**PLAIN, "lang": None, "created_at": "2021-03-01T10:00:00Z", "entities": {"urls": []}},
    ]
    odd = {**PLAIN, "id": 30}
    fast, slow = read_both_ways(tmp_path, tweets, odd)
    assert fast.records == slow.records[1:]
    assert len(fast.records) == len(tweets) - 2
    assert [reason for _, reason in fast.reasons] == [reason for _, reason in slow.reasons] == ["no user", "no text"]


def test_responses_read_the_fast_way_are_those_read_the_slow_way(tmp_path: Path) -> None:
    responses = [
        {"data": [REPLY], "includes": {"users": USERS, "tweets": [PLAIN]}, "meta": {"result_count": 1}},
        {"data": [{**PLAIN, "author_id": "5"}, {**REPLY, "id": "32"}], "includes": {"users": USERS}, "errors": [{}]},
        {"data": [{**PLAIN, "author": USERS[1]}]},
        {"data": [{**PLAIN, "text": ""}, REPLY], "includes": {}},
    ]
    odd = {"data": [{**PLAIN, "id": 30}]}
    fast, slow = read_both_ways(tmp_path, responses, odd)
    assert fast.records == slow.records[1:]
    assert len(fast.records) == 5
    assert fast.items == slow.items != []
    assert [reason for _, reason in fast.reasons] == [reason for _, reason in slow.reasons] == ["no text"]


@pytest.mark.parametrize(
    "line",
    [
        {"data": [{"id": "1", "text": "Hm.", "username": "ann", "retweetCount": 4}]},
        {"id": "1", "text": "Hm.", "author": {"userName": "ann"}, "public_metrics": {"retweetCount": 4}},
        {"data": [{"id": "1", "text": "Hm.", "author_id": "5", "retweet_count": 4}]}
        | {"includes": {"users": [{"id": "5", "userName": "ann"}]}},
    ],
)
def test_names_within_a_tweet_may_be_spelt_in_any_way(tmp_path: Path, line: dict[str, Any]) -> None:
    [record] = read_raw(tmp_path, json_lines([line])).records
    assert (record["user"], record["votes"]) == ("ann", 4)


@pytest.mark.parametrize("entries", [[1, 2], ["a"], [None]])
def test_an_array_without_tweets_is_rejected_entry_by_entry(tmp_path: Path, entries: list[Any]) -> None:
    result = read_raw(tmp_path, json.dumps(entries).encode(), "a.json", max_reject_share=1)
    assert result.records == []
    assert [reason for _, reason in result.reasons] == ["no tweet"] * len(entries)


def test_a_long_tweet_is_complete(tmp_path: Path) -> None:
    rows = [{**PLAIN, "note_tweet": {"text": "Toast. And so on."}}]
    rows += [{**PLAIN, "extended_tweet": {"full_text": "Toast. And on."}}]
    texts = [record["text"] for record in read_raw(tmp_path, json_lines(rows)).records]
    assert texts == ["Toast. And so on.", "Toast. And on."]


def test_tweets_of_the_first_api_are_read_too(tmp_path: Path) -> None:
    user = {"id_str": "7", "screen_name": "ann", "name": "Ann B.", "description": "baker"}
    [record] = read_raw(tmp_path, json_lines([{**ARCHIVED, "user": user}])).records
    assert (record["user"], record["item"]) == ("ann", "20")
    assert json.loads(record["extra"]) == {"lang": "en", "bio": "baker"}


@pytest.mark.parametrize(
    "mark",
    [
        {"referenced_tweets": [{"type": "retweeted", "id": "1"}]},
        {"retweeted_status": {"id": 1}},
        {"is_retweet": True},
        {"is_retweet": "True"},
        {"retweet_tweetid": "1"},
    ],
)
def test_retweets_are_marked_as_the_filter_wants_it(tmp_path: Path, mark: dict[str, Any]) -> None:
    result = read_raw(tmp_path, json_lines([{**PLAIN, **mark}, {**PLAIN, "is_retweet": "False", "retweeted": True}]))
    assert ['"is_rt":true' in record["extra"] for record in result.records] == [True, False]


def test_lines_without_a_tweet_are_passed_over_and_bad_ones_counted(tmp_path: Path) -> None:
    notices = [{"delete": {"status": {"id": 1}}}, {"meta": {"result_count": 0}}, {"errors": []}]
    bad = [b'{"id": \n', b"\xff\xfe{}\n", b"[]\n", {"id": "1", "text": "x"}, {**PLAIN, "created_at": "2021-13-01"}]
    result = read_raw(tmp_path, json_lines([PLAIN, *notices, *bad, {"data": 7}]), max_reject_share=1)
    assert len(result.records) == 1
    assert result.num_rejected == 6
    assert [line for line, _ in result.reasons] == [5, 6, 7, 8, 9, 10]
    no_date = "time is '2021-13-01', no date such as 2015-02-24 or 2015-02-24T11:35:52+01:00"
    assert [reason for _, reason in result.reasons[3:]] == ["no user", no_date, "no user"]


@pytest.mark.parametrize("raw", [b'{"meta":{"result_count":0}}\n', b'{"delete":{"status":{}}}\n' * 3, b"[]"])
def test_a_file_without_any_tweet_has_no_records(tmp_path: Path, raw: bytes) -> None:
    assert read_raw(tmp_path, raw) == SourceContents([], [], [], 0)


def test_a_tweet_may_be_wrapped_in_lines_too(tmp_path: Path) -> None:
    wrapped = {"tweet": {**ARCHIVED, "user": "ann"}}
    for rows in ([wrapped], [{"data": [wrapped]}], [PLAIN, wrapped]):
        assert read_raw(tmp_path, json_lines(rows)).records[-1]["text"] == "@bob Bread & jam"


def test_what_other_tools_write_is_read_to_the_end(tmp_path: Path) -> None:
    plain = {"tweetId": "1", "rawContent": "Toast.", "username": "ann", 'te"xt': "no"}
    rows = [*({**plain, "tweetId": str(number)} for number in range(20_000)), {**plain, "inReplyToTweetId": 7}]
    records = read_raw(tmp_path, json_lines(rows), "a.jsonl.zst").records
    assert (len(records), records[-1]["item"], records[-1]["kind"]) == (20_001, "7", "comment")


def test_an_archive_is_its_owners(tmp_path: Path) -> None:
    [record] = read_archive(tmp_path, [{**ARCHIVED, "user": {"screen_name": "bob"}}]).records
    assert record["user"] == "ann"


def test_what_a_tweet_answers_may_be_said_in_either_way(tmp_path: Path) -> None:
    flat = {**PLAIN, "id": "32", "referenced_tweets.replied_to.id": "29"}
    assert [record["item"] for record in read_raw(tmp_path, json_lines([flat, REPLY])).records] == ["29", "30"]


def test_pages_are_not_all_held_at_once(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("training.sources.lines.PIECE_ROWS", 50)
    monkeypatch.setattr("training.sources.lines.BLOCK_BYTES", 2000)
    monkeypatch.setattr("training.sources.lines.PIECE_BYTES", 10_000)
    page = {"data": [{**PLAIN, "id": str(number)} for number in range(60)]}
    path = write_file(tmp_path / "a.jsonl", json_lines([page] * 5))
    source = Twitter(name="twitter", paths=[str(path)])
    heights = [piece.height for name, piece in source.read_file(path, Rejects("twitter", path)) if name == "record"]
    assert sum(heights) == 300
    assert max(heights) == 50


def test_a_dump_without_header_is_known_by_its_six_columns(tmp_path: Path) -> None:
    raw = build_csv(
        '"0","1467810369","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","_ann_","@bob - Awww, a ""bummer"""',
        '"4","1467810370","Mon Apr 06 22:19:46 PDT 2009","NO_QUERY","bob","caf\u00e9"',
    )
    first, second = read_raw(tmp_path, raw.decode().encode("latin-1"), "training.csv.gz").records
    assert (first["user"], first["id"], first["time"]) == ("_ann_", "1467810369", 1239081585)
    assert (first["text"], first["kind"], first["extra"]) == ('@bob - Awww, a "bummer"', "post", "")
    assert second["text"] == "café"


@pytest.mark.parametrize(
    ("header", "row", "expected_cells"),
    [
        (
            "tweet_id,author_id,inbound,created_at,text,in_response_to_tweet_id",
            "5,ann,True,{when},Hm,4.0",
            {"kind": "comment", "item": "4"},
        ),
        (
            "id,conversation_id,created_at,user_id,username,tweet,retweets_count",
            "5,4,{when},77,ann,Hm,3",
            {"thread": "4", "votes": 3},
        ),
        ("tweetid,userid,user_screen_name,tweet_time,tweet_text,is_retweet", "5,77,ann,{when},Hm,True", {}),
        (
            "id,author.username,author.description,text,created_at,public_metrics.retweet_count",
            "5,ann,b,Hm,{when},3",
            {"votes": 3, "extra": '{"bio":"b"}'},
        ),
        ("date\tusername\tcontent\tid\tlang", "{when}\tann\tHm\t5\ten", {"extra": '{"lang":"en"}'}),
        (
            ",user_name,date,text,retweets,in_reply_to_status_id",
            "0,ann,{when},Hm,3,nan",
            {"id": "dump.csv/2", "votes": 3},
        ),
    ],
)
def test_dumps_are_read_by_the_names_of_their_columns(
    tmp_path: Path, header: str, row: str, expected_cells: dict[str, Any]
) -> None:
    [record] = read_raw(tmp_path, build_csv(header, row.format(when="2020-12-20 06:06:44")), "dump.csv").records
    extra = '{"is_rt":true}' if "is_retweet" in header else ""
    shared = {"user": "ann", "text": "Hm", "time": 1608444404, "id": "5", "kind": "post", "item": ""}
    expected = {**shared, "votes": None, "extra": extra, **expected_cells}
    expected = {**expected, "thread": expected.get("thread") or expected["item"] or expected["id"]}
    assert {name: record[name] for name in expected} == expected


def test_bad_rows_of_a_dump_are_counted(tmp_path: Path) -> None:
    good = "1,ann,none,2020-12-20"
    bad = ["2,,x,2020-12-20", "3,ann,,2020-12-20", "4,ann,x,5/1/2017 10:20", "5,ann,x", "6,ann,x,1e999"]
    raw = build_csv("id,user,text,created_at", good, *bad)
    result = read_raw(tmp_path, raw, "dump.csv", max_reject_share=1)
    assert [record["text"] for record in result.records] == ["none"]
    assert result.num_rejected == 5
    reasons = {reason for _, reason in result.reasons}
    assert reasons > {"no user", "no text", "3 columns instead of 4"}
    assert any(reason.startswith("time is '5/1/2017 10:20', no date") for reason in reasons)


def test_a_dump_without_users_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column has the user or the text of a tweet; found ItemID, Sentiment"):
        read_raw(tmp_path, build_csv("ItemID,Sentiment,SentimentText", "1,0,Hm"), "dump.csv")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1614592800", 1614592800),
        ("1614592800000", 1614592800),
        ("2021-03-01T10:00:00Z", 1614592800),
        ("2021-03-01 11:00:00+01:00", 1614592800),
        ("2021-03-01 10:00:00 UTC", 1614592800),
        ("2021-03-01", 1614556800),
        ("Mon Mar 01 10:00:00 2021", 1614592800),
    ],
)
def test_times_are_read_as_they_are_written(text: str, expected: int | None) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize("text", ["soon", "9" * 30, "9" * 400, "2021-02-30"])
def test_a_time_that_is_no_date_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        parse_time(text)


@pytest.mark.parametrize(("ending", "pack"), [("jsonl.gz", gzip.compress), ("zst", zstandard.compress)])
def test_half_a_file_is_an_error(tmp_path: Path, ending: str, pack: Any) -> None:
    raw = pack(json_lines({**PLAIN, "id": str(number)} for number in range(2000)))
    (tmp_path / f"a.{ending}").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DataError, match="cannot be read to its end"):
        read_source(Twitter(name="twitter", paths=[str(tmp_path / f"a.{ending}")]))


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl.gz", "a.zst"])
def test_an_empty_file_has_no_records(tmp_path: Path, name: str) -> None:
    assert read_raw(tmp_path, b"", name) == SourceContents([], [], [], 0)


def test_too_many_bad_lines_stop_with_an_explanation(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 of 2 lines \(50\.0%\) cannot be read as Twitter.*line 2: no user"):
        read_raw(tmp_path, json_lines([PLAIN, {"id": "1"}]))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(DataError, match=r"source\.twitter\.paths: nothing at 'no/tweets\.js'"):
        Twitter(name="twitter", paths=["no/tweets.js"]).files()


def test_replies_meet_what_they_answer_and_retweets_and_companies_go(tmp_path: Path) -> None:
    company = {**PLAIN, "id": "40", "author_id": "9"}
    retweet = {**PLAIN, "id": "41", "referenced_tweets": [{"type": "retweeted", "id": "1"}]}
    users = [*USERS, {"id": "9", "username": "bunco", "description": "Buns & Co, a company"}]
    response = {"data": [REPLY, company, retweet], "includes": {"users": users, "tweets": [PLAIN]}}
    path = write_file(tmp_path / "page.jsonl", json_lines([response]))
    rules = "[{rule: no_retweet}, {rule: no_company, words: [company]}]"
    overrides = [
        f"source.twitter.paths=[{path}]",
        f"filters.microblog.rules={rules}",
        "filters.microblog.k_core.min_records=0",
    ]
    [row] = run_until("group", ["sources=[twitter]", *overrides], tmp_path / "corpus").to_dicts()
    assert (row["id"], row["user"], row["context"]) == ("31", "bob", "Toast.")
