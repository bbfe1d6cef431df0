import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sandbox.errors import DataError
from tests.training.sources.source_files import SourceContents, read_source, run_until
from training.curation.safety import states_minor_age
from training.pipeline.funnel import Tally
from training.pipeline.keys import fingerprint
from training.sources.blogger import UNDATED, Blogger, parse_day
from training.sources.source import DOUBTFUL

NAME = "1000331.female.37.Arts.Leo.xml"
BLOG = b"""<Blog>

<date>31,May,2004</date>
<post>

\t\t  Well, fish & chips &amp; peas.\r
\r
      It was &nbsp; caf\xe9 weather\x07, see urlLink the menu .

</post>


<date>05,ao\xc3\xbbt,2004</date>
<post>Second &lt;one&gt;.</post>
</Blog>
"""
PLACES = "the bridge", "the harbour", "the mill", "the orchard"
SENTENCES = (
    "On Sunday we walked down to {0} and stayed there until the rain had stopped for good.",
    "Nobody had told us that {0} would be closed, so we turned round and went home for tea.",
    "My brother has begun to paint {0} on every wall of the house, and he is not even bad at it.",
    "They say that {0} was built in one winter, which is hard to believe when you stand before it.",
)


def build_blog(*posts: tuple[str, str]) -> bytes:
    """Return a blogger's file."""
    parts = "".join(f"<date>{date}</date>\n<post>\n{text}\n</post>\n" for date, text in posts)
    return f"<Blog>\n{parts}</Blog>".encode()


def write_blogs(path: Path, blogs: dict[str, bytes]) -> Path:
    """Write a folder of blogs, or a .zip of one; return its path."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, raw in blogs.items():
                archive.writestr(f"blogs/{name}", raw)
            archive.writestr(f"__MACOSX/blogs/._{NAME}", b"\x00")
        return path
    path.mkdir(exist_ok=True)
    for name, raw in blogs.items():
        (path / name).write_bytes(raw)
    return path


def read_blogger(path: Path, blogs: dict[str, bytes], **settings: Any) -> SourceContents:
    """Write a folder or a .zip and return what is read from it."""
    return read_source(Blogger(name="blogger", paths=[str(write_blogs(path, blogs))], **settings))


@pytest.mark.parametrize("name", ["blogs", "blogs.zip"])
def test_posts_become_records_field_by_field(tmp_path: Path, name: str) -> None:
    first, second = read_blogger(tmp_path / name, {NAME: BLOG, "README.txt": b"no blog"}).records
    assert json.loads(first.pop("extra")) == {"gender": "female", "age": 37, "industry": "Arts", "sign": "Leo"}
    assert first == {
        "source": "blogger",
        "platform": "blog",
        "user": "1000331",
        "time": 1085961600,
        "kind": "post",
        "category": "",
        "id": "1000331/00000",
        "item": "",
        "thread": "",
        "title": "",
        "context": "",
        "text": "Well, fish & chips & peas.\nIt was café weather , see the menu .",
        "stars": None,
        "votes": None,
        "price": None,
        "split": None,
    }
    assert (second["id"], second["time"], second["text"]) == ("1000331/00001", 1091664000, "Second <one>.")


@pytest.mark.parametrize(
    ("date", "month"),
    [
        ("01,January,2004", 1),
        ("01,enero,2004", 1),
        ("01,février,2004", 2),
        ("01,März,2004", 3),
        ("01,maaliskuu,2004", 3),
        ("01,abril,2004", 4),
        ("01,toukokuu,2004", 5),
        ("01,mei,2004", 5),
        ("01,juin,2004", 6),
        ("01,Czerwiec,2004", 6),
        ("01,juillet,2004", 7),
        ("01,Lipiec,2004", 7),
        ("1,agosto,2004", 8),
        ("01,elokuu,2004", 8),
        ("01,setembro,2004", 9),
        ("01,października,2004", 10),
        ("01,outubro,2004", 10),
        ("01,marraskuu,2004", 11),
        ("01,Kasım,2004", 11),
        ("01 , dezembro , 2004", 12),
    ],
)
def test_months_are_read_in_many_languages(date: str, month: int) -> None:
    assert parse_day(date) == datetime(2004, month, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("date", ["", ",,", "31,June,2004", "01,Smarch,2004", "00,May,2004", "01,May,0", "May 1, 2004"])
def test_a_date_that_is_none_leaves_the_time_open(tmp_path: Path, date: str) -> None:
    [record] = read_blogger(tmp_path / "blogs", {NAME: build_blog((date, "Undated."))}).records
    assert (record["time"], record["text"]) == (None, "Undated.")


def test_entries_without_a_time_are_counted(tmp_path: Path) -> None:
    folder, tally = tmp_path / "blogs", Tally("read")
    folder.mkdir()
    (folder / NAME).write_bytes(build_blog(("01,Smarch,2004", "Undated."), ("01,May,2004", "Dated.")))
    list(Blogger(name="blogger", paths=[str(folder)]).read_tables(folder, tally))
    assert tally.counts["blogger", DOUBTFUL, UNDATED] == 1


def test_end_tags_may_be_missing(tmp_path: Path) -> None:
    raw = b"<BLOG><date>31,May,2004</date><post>One.<date>01,June,2004<post>Two.</Blog>"
    assert [record["text"] for record in read_blogger(tmp_path / "blogs", {NAME: raw}).records] == ["One.", "Two."]


def test_what_has_no_counterpart_is_counted_with_its_reason(tmp_path: Path) -> None:
    raw = b"<post>A</post><date>1,May,2004</date><date>2,May,2004</date><post>B</post><post>C</post><date>3,May</date>"
    blogs = {
        NAME: raw,
        "2.male.24.Law.Leo.xml": b"",
        "3.male.young.Law.Leo.xml": BLOG,
        "4.male.25.Law.Leo.xml": b"<Blog>",
    }
    result = read_blogger(tmp_path / "blogs", blogs, max_reject_share=1)
    assert [record["text"] for record in result.records] == ["B"]
    assert result.num_rejected == 6
    assert result.reasons == [
        (1, f"{NAME}: a post without a date"),
        (1, f"{NAME}: a date without a post"),
        (1, f"{NAME}: a post without a date"),
        (1, f"{NAME}: a date without a post"),
        (2, "2.male.24.Law.Leo.xml: no posts"),
        (3, "3.male.young.Law.Leo.xml is not named like 1234567.female.27.Student.Leo.xml"),
    ]


def test_too_many_bad_files_stop_with_an_explanation(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 of 3 lines \(33\.3%\) cannot be read as Blogger.*page\.xml is not named"):
        read_blogger(tmp_path / "blogs", {NAME: BLOG, "page.xml": b"<html>"})


def test_a_folder_is_one_unit_however_many_files_it_has(tmp_path: Path) -> None:
    blogs = {f"{number}.male.27.Law.Leo.xml": build_blog(("1,May,2004", f"Post {number}.")) for number in range(120)}
    source = Blogger(name="blogger", paths=[str(write_blogs(tmp_path / "blogs", blogs))])
    assert source.files() == [tmp_path / "blogs"]
    assert len({record["user"] for record in read_source(source).records}) == 120


def test_a_folder_whose_files_have_changed_is_read_anew(tmp_path: Path) -> None:
    path = write_blogs(tmp_path / "blogs", {NAME: BLOG, "2.male.24.Law.Leo.xml": BLOG})
    before = fingerprint(path)
    assert fingerprint(path) == before
    (path / "2.male.24.Law.Leo.xml").unlink()
    assert fingerprint(path) != before


@pytest.mark.parametrize("name", ["blogs", "blogs.zip"])
def test_a_folder_without_blogs_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="holds no files such as"):
        read_blogger(tmp_path / name, {"README.txt": b"no blog"})


@pytest.mark.parametrize("keep", [0, 0.5, 0.9])
def test_half_a_zip_is_an_error(tmp_path: Path, keep: float) -> None:
    path = write_blogs(tmp_path / "blogs.zip", {NAME: BLOG * 100})
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * keep)])
    with pytest.raises(DataError, match=r"blogs\.zip cannot be read to its end"):
        read_source(Blogger(name="blogger", paths=[str(path)]))


def test_a_zip_with_a_damaged_blog_is_an_error(tmp_path: Path) -> None:
    path = write_blogs(tmp_path / "blogs.zip", {NAME: BLOG})
    path.write_bytes(path.read_bytes().replace(b"Well", b"Wall", 1))
    with pytest.raises(DataError, match=r"cannot be read to its end.*CRC"):
        read_source(Blogger(name="blogger", paths=[str(path)]))


@pytest.mark.parametrize(("pattern", "message"), [("*.xml", "name the folder"), ("none", "nothing at")])
def test_what_is_neither_a_folder_nor_a_zip_is_named(tmp_path: Path, pattern: str, message: str) -> None:
    write_blogs(tmp_path / "blogs", {NAME: BLOG})
    with pytest.raises(DataError, match=message):
        Blogger(name="blogger", paths=[str(tmp_path / "blogs" / pattern)]).files()


def test_bloggers_under_18_never_leave_the_cleaning(tmp_path: Path) -> None:
    texts = [" ".join(sentence.format(place) for sentence in SENTENCES) for place in PLACES]
    blogs = {
        f"{user}.female.{age}.indUnk.Leo.xml": build_blog(*((f"{n},May,2004", text) for n, text in enumerate(texts, 1)))
        for user, age in ((1, 13), (2, 17), (3, 18), (4, 44))
    }
    path = write_blogs(tmp_path / "blogs", blogs)
    overrides = ["sources=[blogger]", f"source.blogger.paths=[{path}]", "clean.duplicate_threshold=1"]
    assert run_until("group", overrides, tmp_path / "before")["user"].n_unique() == 4
    rows = run_until("clean", overrides, tmp_path / "after")
    assert {json.loads(extra)["age"] for extra in rows["extra"]} == {18, 44}
    assert rows.height == 2 * len(texts)


def test_an_age_is_read_however_the_source_writes_it() -> None:
    young = ['{"age":17}', '{"gender":"male","age":"13"}', '{"age":15.5,"sign":"Leo"}']
    not_minor = [
        '{"age":18}',
        '{"age":"44"}',
        '{"age":170}',
        '{"bio":"my \\"age\\":15"}',
        '{"page":3}',
        '{"age":null}',
        "",
    ]
    assert states_minor_age(pl.Series([*young, *not_minor])).to_list() == [True] * len(young) + [False] * len(not_minor)
