"""The Blog Authorship Corpus (Schler et al. 2006): a folder, or a .zip of it, with one file for every blogger.

A file is named `ID.GENDER.AGE.INDUSTRY.SIGN.xml`. It looks like XML but is not: ampersands are not escaped, some bytes
are Windows-1252, and some are control characters. So it is not parsed but scanned for the tags `date`, `post` and
`Blog`. The content of the first two reaches to the next of these tags, and a date and the post that follows it are one
record. The files of a folder are many and small, so all of them together are one unit.
"""

import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import polars as pl
from pydantic import Field

from sandbox.errors import DataError
from training.sources.entities import decode_entities
from training.sources.lines import decode_text, split_pieces
from training.sources.record import RECORD, frame
from training.sources.source import Rejects, Source, resolve_paths

UNDATED = "the date cannot be read, so the entry has no time"
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
"""How names of months begin, without accents, in the languages of Western Europe and in Finnish, Hungarian, Indonesian,
Malay, Polish, Romanian, Tagalog and Turkish: Blogger wrote dates in each blogger's language."""

_NAME = re.compile(r"(?P<user>\w+)\.(?P<gender>\w+)\.(?P<age>\d{1,3})\.(?P<industry>[^.]+)\.(?P<sign>[^.]+)\.xml")
_TAG = re.compile(rb"<(/?)(date|post|blog)>", re.IGNORECASE)
_DATE = re.compile(r"\s*(\d{1,2})\s*,\s*(\w{3,})\s*,\s*(\d{4})\s*")
_NOISE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|(?i:\burllink\b)")  # urlLink marks where a link was removed
_BLANKS = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" ?\n\s*")


class Blogger(Source):
    """Settings: where the files are."""

    platform: str = "blog"
    """Name of the platform that its records are from."""
    paths: list[str] = Field(min_length=1)
    """Folders of bloggers' files, or .zip files of such folders."""

    def files(self) -> Sequence[Path]:
        """Return the folders and .zip files, each of which is read as one."""
        paths = resolve_paths(self.paths, Path(), f"source.{self.name}.paths")
        if unsuitable := [path for path in paths if not path.is_dir() and path.suffix != ".zip"]:
            raise DataError(f"{unsuitable[0]}: name the folder that holds files such as {EXAMPLE}, or a .zip of it")
        return paths

    def count_doubtful(self, records: pl.DataFrame) -> dict[str, int]:
        """Count entries whose date cannot be read, of which nobody knows when they were written."""
        return {UNDATED: records["time"].null_count()}

    def read_file(self, path: Path, rejects: Rejects) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield posts as records; nobody answers them here, so there are no items."""
        for records in split_pieces(_read_records(path, rejects)):
            columns = {name: [record[name] for record in records] for name in records[0]}
            yield "record", frame(RECORD, {**columns, "source": self.name, "platform": self.platform, "kind": "post"})


def _read_records(path: Path, rejects: Rejects) -> Iterator[dict[str, Any]]:
    number = 0
    for number, (name, raw) in enumerate(read_blogs(path), start=1):
        match = _NAME.fullmatch(name)
        if match is None:
            rejects.add(number, f"{name} is not named like {EXAMPLE}", raw[:200])
            continue
        demographics = {**match.groupdict(), "age": int(match["age"])}
        user = str(demographics.pop("user"))
        extra = msgspec.json.encode(demographics).decode()
        for index, (time, text) in enumerate(extract_posts(raw, name, number, rejects)):
            yield {"user": user, "id": f"{user}/{index:05}", "time": time, "text": text, "extra": extra}
    if not number:
        raise DataError(f"{path} holds no files such as {EXAMPLE}")


def read_blogs(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each blogger's file, in the order of the paths."""
    if path.is_dir():
        yield from ((file.name, file.read_bytes()) for file in sorted(path.rglob("[!.]*.xml")))
        return
    try:
        with zipfile.ZipFile(path) as folder:
            for member in sorted(folder.namelist()):
                name = PurePosixPath(member).name
                if name.endswith(".xml") and not name.startswith("."):
                    yield name, folder.read(member)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        raise DataError(f"{path} cannot be read to its end ({error}); download the file again") from error


def extract_posts(raw: bytes, name: str, number: int, rejects: Rejects) -> Iterator[tuple[int | None, str]]:
    """Yield time and text of each post of a file; a date or post without its counterpart goes to `rejects`."""
    date: bytes | None = None
    for tag, content in [*_scan_tags(raw), ("date", b"")]:
        if tag == "post" and date is not None:
            yield parse_day(decode_text(date)), clean_post(decode_text(content))
            date = None
        elif tag == "post":
            rejects.add(number, f"{name}: a post without a date", content)
        else:
            if date is not None:
                rejects.add(number, f"{name}: a date without a post", date)
            date = content
    if not _TAG.search(raw):
        rejects.add(number, f"{name}: no posts", raw[:200])


def parse_day(text: str) -> int | None:
    """Return unix seconds of the beginning of a day such as `31,May,2004`; None for what is no date."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    letters = unicodedata.normalize("NFKD", match[2].lower())
    name = "".join(letter for letter in letters if not unicodedata.combining(letter))
    month = MONTHS.get(name[:4]) or MONTHS.get(name[:3], 0)
    try:
        return int(datetime(int(match[3]), month, int(match[1]), tzinfo=UTC).timestamp())
    except ValueError:
        return None


def clean_post(content: str) -> str:
    """Return a post's text with its entities decoded, without noise and superfluous blanks."""
    text = _NOISE.sub(" ", decode_entities(content))
    return _BREAKS.sub("\n", _BLANKS.sub(" ", text)).strip()


def _scan_tags(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield every tag `date` and `post` with its content."""
    tags = [*_TAG.finditer(raw)]
    ends = [*(tag.start() for tag in tags), len(raw)]
    for tag, end in zip(tags, ends[1:], strict=True):
        kind = tag[2].decode().lower()
        if kind != "blog" and not tag[1]:
            yield kind, raw[tag.end() : end]
