"""The Blog Authorship Corpus (Schler et al. 2006): a folder, or a .zip of it, with one file for every blogger.

A file is named `ID.GENDER.AGE.INDUSTRY.SIGN.xml`. It looks like XML but is none: ampersands are bare, some bytes are
Windows-1252 and some control characters. So it is not parsed but scanned for the tags `date`, `post` and `Blog`: what
stands behind the first two reaches to the next of these tags, and a date and the post that follows it are one record.
The files of a folder are many and small, so that all of them together are one unit.
"""

import html
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import msgspec
import polars as pl
from pydantic import Field

from sandbox.errors import DataError
from training.record import RECORD, frame
from training.sources.lines import decoded, in_pieces
from training.sources.source import Rejects, Source, paths_of

EXAMPLE = "1234567.female.27.Student.Leo.xml"
MONTHS = {
    beginning: number
    for number, beginnings in enumerate(
        (
            "jan gen ene ian tam sty oca",
            "feb fev peb hel lut sub",
            "mar maa mac",
            "apr abr avr huh kwi nis",
            "may mai maj mei mag tou",
            "jun juin iun giu kes cze haz hun",
            "jul juil iul lug hei lip tem hul",
            "aug ago agu aou elo sie ogo",
            "sep set sze syy wrz eyl",
            "oct okt out ott lok paz eki",
            "nov nob noi nop marr lis kas",
            "dec dez des dic dis jou gru ara",
        ),
        start=1,
    )
    for beginning in beginnings.split()
}
"""How months begin, without accents, in the languages of Western Europe, Finnish, Hungarian, Indonesian, Malay, Polish,
Romanian, Tagalog and Turkish: Blogger wrote dates in each blogger's own."""

_NAME = re.compile(r"(?P<user>\w+)\.(?P<gender>\w+)\.(?P<age>\d{1,3})\.(?P<industry>[^.]+)\.(?P<sign>[^.]+)\.xml")
_TAG = re.compile(rb"<(/?)(date|post|blog)>", re.IGNORECASE)
_DATE = re.compile(r"\s*(\d{1,2})\s*,\s*(\w{3,})\s*,\s*(\d{4})\s*")
_NOISE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|(?i:\burllink\b)")  # urlLink: here was a link
_BLANKS = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" ?\n\s*")


class Blogger(Source):
    """Settings: where the files are."""

    platform: ClassVar[str] = "blog"

    paths: list[str] = Field(min_length=1)
    """Folders of bloggers' files, or .zip files of such folders."""

    def files(self) -> Sequence[Path]:
        """The folders and .zip files, each read as one."""
        found = paths_of(self.paths, Path(), f"source.{self.name}.paths")
        if wrong := [path for path in found if not path.is_dir() and path.suffix != ".zip"]:
            raise DataError(f"{wrong[0]}: name the folder that holds the files such as {EXAMPLE}, or a .zip of it")
        return found

    def read(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Posts as records; nobody answers them here, so there are no items."""
        for some in in_pieces(_records(path, rejects)):
            columns = {name: [one[name] for one in some] for name in some[0]}
            yield "record", frame(RECORD, {**columns, "source": self.name, "platform": self.platform, "kind": "post"})


def _records(path: Path, rejects: Rejects) -> Iterator[dict[str, Any]]:
    number = 0
    for number, (name, raw) in enumerate(blogs(path), start=1):
        known = _NAME.fullmatch(name)
        if known is None:
            rejects.add(number, f"{name} is not named such as {EXAMPLE}", raw[:200])
            continue
        stated = {**known.groupdict(), "age": int(known["age"])}
        user = str(stated.pop("user"))
        extra = msgspec.json.encode(stated).decode()
        for place, (date, text) in enumerate(posts(raw, name, number, rejects)):
            yield {"user": user, "id": f"{user}/{place:05}", "time": date, "text": text, "extra": extra}
    if not number:
        raise DataError(f"{path} holds no files such as {EXAMPLE}")


def blogs(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each blogger's file, in the order of the paths."""
    if path.is_dir():
        yield from ((one.name, one.read_bytes()) for one in sorted(path.rglob("[!.]*.xml")))
        return
    try:
        with zipfile.ZipFile(path) as folder:
            for one in sorted(folder.namelist()):
                name = PurePosixPath(one).name
                if name.endswith(".xml") and not name.startswith("."):
                    yield name, folder.read(one)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        raise DataError(f"{path} cannot be read to its end ({error}); fetch the file anew") from error


def posts(raw: bytes, name: str, number: int, rejects: Rejects) -> Iterator[tuple[int | None, str]]:
    """Time and text of each post of a file; what lacks its counterpart goes to `rejects`."""
    date: bytes | None = None
    for tag, found in [*_parts(raw), ("date", b"")]:
        if tag == "post" and date is not None:
            yield day(decoded(date)), written(decoded(found))
            date = None
        elif tag == "post":
            rejects.add(number, f"{name}: a post without a date", found)
        else:
            if date is not None:
                rejects.add(number, f"{name}: a date without a post", date)
            date = found
    if not _TAG.search(raw):
        rejects.add(number, f"{name}: no posts", raw[:200])


def day(found: str) -> int | None:
    """Unix seconds of the beginning of a day such as `31,May,2004`; None for what is no date."""
    match = _DATE.fullmatch(found)
    if match is None:
        return None
    name = "".join(one for one in unicodedata.normalize("NFKD", match[2].lower()) if not unicodedata.combining(one))
    month = MONTHS.get(name[:4]) or MONTHS.get(name[:3], 0)
    try:
        return int(datetime(int(match[3]), month, int(match[1]), tzinfo=UTC).timestamp())
    except ValueError:
        return None


def written(found: str) -> str:
    """A post's text with its entities read, without noise and needless blanks."""
    text = _NOISE.sub(" ", html.unescape(found))
    return _BREAKS.sub("\n", _BLANKS.sub(" ", text)).strip()


def _parts(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Every tag `date` and `post` with what stands behind it."""
    tags = [*_TAG.finditer(raw)]
    ends = [*(tag.start() for tag in tags), len(raw)]
    for tag, end in zip(tags, ends[1:], strict=True):
        kind = tag[2].decode().lower()
        if kind != "blog" and not tag[1]:
            yield kind, raw[tag.end() : end]
