"""Write all generated pages into `docs/reference/`; unchanged files are left alone, so that Sphinx reads them once."""

import os
from pathlib import Path

from docs.generate import card_pages, command_pages, data_pages, fact_pages, setting_pages

REFERENCE = Path(__file__).parents[1] / "reference"
_NOTICE = "<!-- Written by docs/generate from the code. Do not edit. -->\n\n"


def write_reference(folder: Path = REFERENCE) -> list[Path]:
    """Write the pages of commands, settings and data; return their files."""
    pages = {"commands/index.md": command_pages.write_page(), "data/index.md": data_pages.write_page()}
    pages["facts/index.md"] = fact_pages.write_page()
    pages |= {f"settings/{name}.md": text for name, text in setting_pages.write_pages().items()}
    pages |= {f"cards/{name}.md": text for name, text in card_pages.write_pages().items()}
    for name, text in pages.items():
        _write_if_changed(folder / name, _NOTICE + text)
    return [folder / name for name in pages]


def _write_if_changed(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
