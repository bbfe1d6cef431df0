r"""Items of MotiveBench and ToMBench, read from the files that their authors publish.

MotiveBench (Yong et al. 2025, arXiv:2506.13065), three questions about a scene, of which each tells it anew:
    {Persona,Amazon,Blog}/<subset>_questions.json of github.com/chicosirius/MotiveBench: a list of objects with `idx`,
    "Motivation Reasoning Question", "Options 1" (six, as "A. ..."), "Correct Answer 1" (a letter), then the same for
    "Behavior Reasoning Question" and 2, "Motivation and Behavior Reasoning Question" and 3.
ToMBench (Chen et al. 2024, doi:10.18653/v1/2024.acl-long.847), several questions about a story, in two languages:
    data/<task>.jsonl of github.com/zhchen18/ToMBench: STORY, QUESTION, OPTION-A to -D in English, 故事, 问题, 选项A to
    选项D in Chinese, and "答案\nANSWER" (a letter). An option that is NaN is none; some have their letter in front.

Both may be JSON lines with `subset` (MotiveBench) or `task` (ToMBench) in every row, and be gzipped. ToMBench has then
`task`, `story`, `question`, `options` (an object by letter), `answer`, and `story_zh`, `question_zh`, `options_zh`.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any, NamedTuple

from agents.prompt import FACT_TOKENS
from sandbox.errors import DataError
from sandbox.people import count_tokens

MOTIVEBENCH, TOMBENCH = "motivebench", "tombench"
PATTERNS = ("*_questions.json", "*.jsonl", "*.jsonl.gz")
"""Files that are looked for in a folder: the first of these that there is."""
ASPECTS = {"motivation": "Motivation", "behaviour": "Behavior", "both": "Motivation and Behavior"}
"""What MotiveBench's first, second and third question ask for, by how its questions are called."""


class Item(NamedTuple):
    """One multiple-choice question."""

    benchmark: str
    task: str
    """Of ToMBench; the subset of MotiveBench."""
    aspect: str
    """What MotiveBench asks for, as in `ASPECTS`; else empty."""
    language: str
    """`en` or `zh`."""
    scene: str
    """What the item is about. Answers about one scene resemble each other."""
    text: tuple[str, ...]
    """Paragraphs: the story where it is apart, and the question."""
    options: tuple[str, ...]
    """As printed, without letters."""
    gold: int
    """Place of the right one."""

    @property
    def forms(self) -> tuple[str, ...]:
        """What the item counts for: its benchmark, and parts of it."""
        if self.benchmark == MOTIVEBENCH:
            return MOTIVEBENCH, f"{MOTIVEBENCH}: {self.task}", f"{MOTIVEBENCH}: {self.aspect}"
        whole = f"{self.benchmark} {self.language}"
        return whole, f"{whole}: {self.task}"


def read_items(path: Path) -> list[Item]:
    """Items of one benchmark.

    Args:
        path: A file in one of the layouts above, or a folder with such files.

    Raises:
        DataError: There is nothing in these layouts.
    """
    stories: dict[tuple[str, str], list[str]] = {}
    return [_in_scene(item, stories) for file in _files(path) for item in _items(file)]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    for pattern in PATTERNS:
        if found := sorted(path.rglob(pattern)):
            return found
    raise DataError(f"there is no benchmark at {path}; name a file, or a folder with {' or '.join(PATTERNS)}")


def _items(file: Path) -> Iterator[Item]:
    for number, row in enumerate(_rows(file), 1):
        try:
            yield from _read(row, file)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"{file}, item {number}: not as MotiveBench or ToMBench is published, found {error!r}; get the file "
                "again from its authors (layouts: training/evaluate/benchmarks/layouts.py)"
            ) from error


def _rows(file: Path) -> list[Any]:
    """Objects of a JSON list, or of JSON lines; NaN is allowed, as ToMBench has it."""
    try:
        raw = file.read_bytes()
        text = (gzip.decompress(raw) if file.suffix == ".gz" else raw).decode("utf-8-sig")
        if text.lstrip().startswith("["):
            return json.loads(text)
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}; get it again from its authors") from error


def _read(row: Mapping[str, Any], file: Path) -> Iterator[Item]:
    if "Options 1" in row:
        yield from _motivebench(row, row.get("subset") or file.name.split("_questions")[0])
    elif "STORY" in row:
        parts = (("en", "STORY", "QUESTION", "OPTION-"), ("zh", "故事", "问题", "选项"))
        for language, story, question, option in parts:
            options = {letter: row.get(option + letter) for letter in "ABCD"}
            text = (row[story], row[question])
            yield _tombench(file.stem, language, text, options, row["答案\nANSWER"])
    else:
        for language, ending in (("en", ""), ("zh", "_zh")):
            text = (row["story" + ending], row["question" + ending])
            yield _tombench(row["task"], language, text, row["options" + ending], row["answer"])


def _motivebench(row: Mapping[str, Any], subset: str) -> Iterator[Item]:
    for number, (aspect, name) in enumerate(ASPECTS.items(), 1):
        options = _bare(dict(zip(ascii_uppercase, row[f"Options {number}"], strict=False)))
        gold = _place(row[f"Correct Answer {number}"], options)
        text = (_said(row[f"{name} Reasoning Question"]),)
        yield Item(MOTIVEBENCH, subset, aspect, "en", f"{subset}/{row['idx']}", text, options, gold)


def _tombench(task: str, language: str, text: tuple[str, str], by_letter: Mapping[str, Any], answer: str) -> Item:
    options = _bare(by_letter)
    paragraphs = tuple(_said(one) for one in text)
    return Item(TOMBENCH, task, "", language, "", paragraphs, options, _place(answer, options))


def _in_scene(item: Item, stories: dict[tuple[str, str], list[str]]) -> Item:
    """The item with the number of its story as its scene, where the benchmark numbers none."""
    if item.scene:
        return item
    told = stories.setdefault((item.task, item.language), [])
    if item.text[0] not in told:
        told.append(item.text[0])
    return item._replace(scene=f"{item.task}/{told.index(item.text[0]) + 1}")


def _said(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"no text: {text!r}")
    return text.strip()


def _bare(by_letter: Mapping[str, Any]) -> tuple[str, ...]:
    """Options without their letters; what is no text is no option."""
    kept = [(letter, text) for letter, text in by_letter.items() if isinstance(text, str)]
    options = tuple(_said(re.sub(rf"^\s*{letter}\s*[.:．：、]", "", text)) for letter, text in kept)
    longest = max((count_tokens(option) for option in options), default=0)
    if len(options) < 2 or longest > FACT_TOKENS:
        raise ValueError(f"{len(options)} options, the longest of {longest} tokens; a prompt shows {FACT_TOKENS}")
    return options


def _place(answer: str, options: Sequence[str]) -> int:
    return ascii_uppercase[: len(options)].index(answer.strip()[:1] or "?")
