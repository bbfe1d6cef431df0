"""Pages of texts that live beside the code: model cards, the population's card, and the changelog."""

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
CARDS: Mapping[str, str] = {
    "smollm2-135m": "agents/humanllm/smollm2-135m/README.md",
    "gemma3-270m": "agents/humanllm/gemma3-270m/README.md",
    "population": "agents/populations/genome.card.md",
    "changelog": "CHANGELOG.md",
}
"""File of each page, by the page's name."""
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([^)]+)\)")


def write_pages() -> dict[str, str]:
    """Return every page of `reference/cards/` by the name of its file."""
    return {name: _read_card(ROOT / file) for name, file in CARDS.items()}


def _read_card(path: Path) -> str:
    pages = {(ROOT / file).resolve(): name for name, file in CARDS.items()}

    def point_to_page(link: re.Match[str]) -> str:
        page = pages.get((path.parent / link[2]).resolve())
        return f"[{link[1]}]({page}.md)" if page else link[1]

    text = _FRONT_MATTER.sub("", path.read_text(encoding="utf-8"))
    return _LINK.sub(point_to_page, text)
