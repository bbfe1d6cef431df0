"""The documentation: its code runs, its links lead somewhere, its terms exist, and it builds without a warning."""

import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from docs.generate.write import REFERENCE, write_reference
from sandbox.cli.main import main as run_sandbox
from sandbox.composition import GROUPS, compose, list_choices
from training.cli import main as run_training

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.parent.parent != REFERENCE and "_build" not in path.parts)
"""Pages that are written by hand; those in folders of `reference/` are generated."""
COMMANDS = {"sandbox": run_sandbox, "training": run_training}
SIMULATIONS = ("run", "compare", "phase", "audit")
"""Commands that ask a mind; on these pages they ask rules, which answer at once."""
COMPOSED: Mapping[str, tuple[str, Sequence[str]]] = {
    "run": ("config", GROUPS),
    "compare": ("config", GROUPS),
    "sft": ("sft", ("recipe",)),
    "merge": ("merge", ()),
    "evaluate": ("evaluate", ("mind",)),
}
"""By command: the file in `conf/` that its settings change, and the groups of that file."""
RULES = {"mind=random", "mind=rule", "minds=[rule,random]"}
MAX_TERMS = 40
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
"""Stands above a block that is not executed, and says why."""
FENCE = re.compile(r"```(?:\{code-block\} )?(\w+)")
UNQUOTED_LIST = re.compile(r"\s\+?[A-Za-z_][\w.@/]*=[\[{]")
"""A list without quotes, which zsh takes for a pattern of file names."""
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")


class CodeBlock(NamedTuple):
    """A code block of a page."""

    language: str
    text: str
    caption: str
    """Name of the file that it is saved as; empty: none."""
    reason: str
    """Why it is not executed; empty: it is."""
    line: int


def name_page(path: Path) -> str:
    """Return a page's name in test reports."""
    return str(path.relative_to(DOCS))


def read_blocks(path: Path) -> Iterator[CodeBlock]:
    """Yield the code blocks of a page."""
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    previous = ""
    for number, line in lines:
        if fence := FENCE.fullmatch(line):
            body = list[str]()
            for _, inner in lines:
                if inner == "```":
                    break
                body.append(inner)
            options = [text for text in body if re.match(r":\w+: ", text)]
            caption = next((text.removeprefix(":caption: ") for text in options if text.startswith(":caption:")), "")
            reason = NOT_RUN.fullmatch(previous)
            text = "\n".join(body[len(options) :])
            yield CodeBlock(fence[1], text, caption, reason[1] if reason else "", number)
        previous = line


def read_commands(text: str) -> Iterator[list[str]]:
    """Yield the commands of a shell block as lists of words."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            yield shlex.split(line, comments=True)


def is_runnable(block: CodeBlock) -> bool:
    """Return whether a block holds Python, a file to save, or commands of ours."""
    if block.reason:
        return False
    has_our_commands = block.language == "sh" and block.text.startswith(("python -m sandbox", "python -m training"))
    return bool(block.caption) or block.language == "python" or has_our_commands


@pytest.mark.parametrize("path", PAGES, ids=name_page)
def test_a_block_runs_or_says_why_not(path: Path) -> None:
    silent = [
        f"{name_page(path)}:{block.line}"
        for block in read_blocks(path)
        if block.language in ("sh", "python", "r") and not block.reason and not is_runnable(block)
    ]
    assert silent == []


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", [path for path in PAGES if any(map(is_runnable, read_blocks(path)))], ids=name_page)
def test_the_code_of_a_page_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in filter(is_runnable, read_blocks(path)):
        location = f"{path.relative_to(ROOT)}:{block.line}"
        forget_modules(tmp_path)
        if block.caption:
            file = tmp_path / block.caption
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{block.text}\n", encoding="utf-8")
        elif block.language == "python":
            exec(compile(block.text, location, "exec"), namespace)
        else:
            for words in read_commands(block.text):
                assert words[:2] == ["python", "-m"], location
                assert words[3] not in SIMULATIONS or RULES & {*words}, f"{location} would start a language model"
                assert COMMANDS[words[2]](words[3:]) == 0, f"{location}: {shlex.join(words)}"
    forget_modules(tmp_path)


@pytest.mark.parametrize("path", PAGES, ids=name_page)
def test_the_settings_of_a_command_that_is_not_run_exist(path: Path) -> None:
    commands = [words for block in read_blocks(path) if block.reason for words in read_commands(block.text)]
    for words in commands:
        if len(words) > 3 and words[1] == "-m" and words[3] in COMPOSED:
            overrides = [text for text in words[4:] if "=" in text and not is_of_sweep(text)]
            assert compose(overrides, *COMPOSED[words[3]])


@pytest.mark.parametrize(
    "path", [*PAGES, ROOT / "README.md", ROOT / "training" / "README.md"], ids=lambda path: path.name
)
def test_lists_of_commands_are_quoted(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if "python -m" in line and UNQUOTED_LIST.search(line)]


def is_of_sweep(override: str) -> bool:
    """Return whether an override has several values, is Hydra's own, or names a world of the page's own."""
    name, _, value = override.partition("=")
    has_own_world = name == "world" and value not in list_choices("world")
    return name.startswith("hydra") or has_own_world or ("," in value and value[0] not in "[{")


def forget_modules(folder: Path) -> None:
    """Forget modules imported from a folder, whose files the next block may change."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(folder):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture(scope="module")
def reference() -> list[Path]:
    """Write the generated pages, which others link to."""
    return write_reference()


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
@pytest.mark.usefixtures("reference")
def test_links_lead_to_files(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [link for link in LINK.findall(text) if not (path.parent / link).exists()] == []


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(tmp_path)]
    environment = {**os.environ, "PYTHONWARNINGS": ""}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").is_file()


def read_glossary() -> list[list[str]]:
    """Return the rows of the glossary: term, meaning, carrier."""
    lines = (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    return rows[2:]


def test_the_glossary_is_short_and_each_term_is_one_sentence() -> None:
    rows = read_glossary()
    assert 20 < len(rows) <= MAX_TERMS
    assert len({term for term, _, _ in rows}) == len(rows)
    assert [term for term, meaning, _ in rows if not re.fullmatch(r"[A-Z][^.]*\.", meaning)] == []


@pytest.mark.parametrize("term, carrier", [(term, carrier.strip("`")) for term, _, carrier in read_glossary()])
def test_a_term_is_carried_by_something_that_exists(term: str, carrier: str) -> None:
    node: Any
    if carrier.startswith("setting: "):
        node = compose([])
        for name in carrier.removeprefix("setting: ").split("."):
            assert name in node, f"{term}: there is no {carrier}"
            node = node[name]
        return
    assert find_object(carrier), f"{term}: there is no {carrier}"


def find_object(path: str) -> bool:
    """Return whether an import path names something: a module, or what is inside one."""
    parts = path.split(".")
    for number in range(len(parts), 0, -1):
        try:
            node: Any = importlib.import_module(".".join(parts[:number]))
        except ModuleNotFoundError:
            continue
        for name in parts[number:]:
            if not (hasattr(node, name) or name in getattr(node, "__annotations__", {})):
                return False
            node = getattr(node, name, None)
        return True
    return False
