r"""Items of MotiveBench and ToMBench, read from the files that their authors publish.

MotiveBench (Yong et al. 2025, arXiv:2506.13065), three questions about a scene, each of which describes it again:
    {Persona,Amazon,Blog}/<subset>_questions.json of github.com/chicosirius/MotiveBench: a list of objects with `idx`,
    "Motivation Reasoning Question", "Options 1" (six, as "A. ..."), "Correct Answer 1" (a letter), then the same for
    "Behavior Reasoning Question" and 2, "Motivation and Behavior Reasoning Question" and 3.
ToMBench (Chen et al. 2024, doi:10.18653/v1/2024.acl-long.847), several questions about a story, in two languages:
    data/<task>.jsonl of github.com/zhchen18/ToMBench: STORY, QUESTION, OPTION-A to -D in English, 故事, 问题, 选项A to
    选项D in Chinese, and "答案\nANSWER" (a letter). An option that is NaN does not exist; some begin with their letter.

Both may also be JSON lines with `subset` (MotiveBench) or `task` (ToMBench) in every row, and may be gzipped. ToMBench
then has `task`, `story`, `question`, `options` (an object by letter), `answer`, and `story_zh`, `question_zh`,
`options_zh`.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any, NamedTuple

from sandbox.core.memory import count_tokens
from sandbox.errors import DataError
from sandbox.prompting.render import FACT_TOKENS

MOTIVEBENCH, TOMBENCH = "motivebench", "tombench"
PATTERNS = ("*_questions.json", "*.jsonl", "*.jsonl.gz")
"""Files that are looked for in a folder; the first pattern with any file counts."""
ASPECTS = {"motivation": "Motivation", "behaviour": "Behavior", "both": "Motivation and Behavior"}
"""What MotiveBench's first, second and third question ask for, and how its files name them."""


class BenchmarkItem(NamedTuple):
    """One multiple-choice question."""

    benchmark: str
    task: str
    """Task of ToMBench, subset of MotiveBench."""
    aspect: str
    """What MotiveBench asks for, a key of `ASPECTS`; else empty."""
    language: str
    """`en` or `zh`."""
    scene: str
    """What the item is about. Answers about one scene resemble each other."""
    text: tuple[str, ...]
    """Paragraphs: the story, if it is separate, and the question."""
    options: tuple[str, ...]
    """As printed, without letters."""
    gold: int
    """Index of the right option."""

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms that the item belongs to: its benchmark, and parts of it."""
        if self.benchmark == MOTIVEBENCH:
            return MOTIVEBENCH, f"{MOTIVEBENCH}: {self.task}", f"{MOTIVEBENCH}: {self.aspect}"
        benchmark = f"{self.benchmark} {self.language}"
        return benchmark, f"{benchmark}: {self.task}"


def load_items(path: Path) -> list[BenchmarkItem]:
    """Load the items of one benchmark.

    Args:
        path: A file in one of the formats above, or a folder with such files.

    Raises:
        DataError: There is nothing in these formats.
    """
    stories: dict[tuple[str, str], list[str]] = {}
    return [_number_scene(item, stories) for file in _list_files(path) for item in _load_file(file)]


def _list_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    for pattern in PATTERNS:
        if files := sorted(path.rglob(pattern)):
            return files
    raise DataError(f"there is no benchmark at {path}; name a file, or a folder with {' or '.join(PATTERNS)}")


def _load_file(file: Path) -> Iterator[BenchmarkItem]:
    for number, row in enumerate(_read_rows(file), 1):
        try:
            yield from _parse_row(row, file)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"{file}, item {number}: not in the format that MotiveBench or ToMBench publishes, found {error!r}; "
                "download the file again (formats: training/evaluation/benchmarks/items.py)"
            ) from error


def _read_rows(file: Path) -> list[Any]:
    """Read a JSON list or JSON lines; NaN is allowed because ToMBench has it."""
    try:
        raw = file.read_bytes()
        text = (gzip.decompress(raw) if file.suffix == ".gz" else raw).decode("utf-8-sig")
        if text.lstrip().startswith("["):
            return json.loads(text)
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}; download it again") from error


def _parse_row(row: Mapping[str, Any], file: Path) -> Iterator[BenchmarkItem]:
    if "Options 1" in row:
        yield from _parse_motivebench(row, row.get("subset") or file.name.split("_questions")[0])
    elif "STORY" in row:
        parts = (("en", "STORY", "QUESTION", "OPTION-"), ("zh", "故事", "问题", "选项"))
        for language, story, question, option in parts:
            options = {letter: row.get(option + letter) for letter in "ABCD"}
            text = (row[story], row[question])
            yield _parse_tombench(file.stem, language, text, options, row["答案\nANSWER"])
    else:
        for language, suffix in (("en", ""), ("zh", "_zh")):
            text = (row["story" + suffix], row["question" + suffix])
            yield _parse_tombench(row["task"], language, text, row["options" + suffix], row["answer"])


def _parse_motivebench(row: Mapping[str, Any], subset: str) -> Iterator[BenchmarkItem]:
    for number, (aspect, name) in enumerate(ASPECTS.items(), 1):
        options = _strip_letters(dict(zip(ascii_uppercase, row[f"Options {number}"], strict=False)))
        gold = _letter_index(row[f"Correct Answer {number}"], options)
        text = (_require_text(row[f"{name} Reasoning Question"]),)
        yield BenchmarkItem(MOTIVEBENCH, subset, aspect, "en", f"{subset}/{row['idx']}", text, options, gold)


def _parse_tombench(
    task: str, language: str, text: tuple[str, str], by_letter: Mapping[str, Any], answer: str
) -> BenchmarkItem:
    options = _strip_letters(by_letter)
    paragraphs = tuple(_require_text(paragraph) for paragraph in text)
    return BenchmarkItem(TOMBENCH, task, "", language, "", paragraphs, options, _letter_index(answer, options))


def _number_scene(item: BenchmarkItem, stories: dict[tuple[str, str], list[str]]) -> BenchmarkItem:
    """Return the item with the number of its story as its scene, if the benchmark does not number scenes."""
    if item.scene:
        return item
    task_stories = stories.setdefault((item.task, item.language), [])
    if item.text[0] not in task_stories:
        task_stories.append(item.text[0])
    return item._replace(scene=f"{item.task}/{task_stories.index(item.text[0]) + 1}")


def _require_text(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"no text: {text!r}")
    return text.strip()


def _strip_letters(by_letter: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the options without their letters; NaN and other values that are not text are dropped."""
    printed = [(letter, text) for letter, text in by_letter.items() if isinstance(text, str)]
    options = tuple(_require_text(re.sub(rf"^\s*{letter}\s*[.:．：、]", "", text)) for letter, text in printed)
    longest = max((count_tokens(option) for option in options), default=0)
    if len(options) < 2 or longest > FACT_TOKENS:
        raise ValueError(f"{len(options)} options, the longest of {longest} tokens; a prompt shows {FACT_TOKENS}")
    return options


def _letter_index(answer: str, options: Sequence[str]) -> int:
    return ascii_uppercase[: len(options)].index(answer.strip()[:1] or "?")
