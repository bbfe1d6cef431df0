"""Sphinx: `make docs` builds the site from this folder, without a network and without running any notebook."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from docs.generate.write import write_reference  # noqa: E402  # the path comes first
from sandbox import __version__  # noqa: E402

write_reference()

project = "Social Sandbox"
author = copyright = "The Social Sandbox authors"
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "generate"]
nb_execution_mode = "off"
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
nitpicky = False

autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True

html_theme = "furo"
html_title = f"Social Sandbox {release}"
html_static_path = ["static"]
html_css_files = ["tables.css"]


def quote_code(app: Sphinx, kind: str, name: str, target: object, options: object, lines: list[str]) -> None:
    """Turn the code spans of our docstrings, which are Markdown, into those of reStructuredText.

    Colons of attributes are hidden from napoleon, which would take what stands before one for a type.
    """
    text = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", "\n".join(lines))
    lines[:] = (text.replace(":", _COLON) if kind in ("attribute", "data") else text).split("\n")


def restore_colons(app: Sphinx, kind: str, name: str, target: object, options: object, lines: list[str]) -> None:
    """Undo what `quote_code` does to colons."""
    lines[:] = [line.replace(_COLON, ":") for line in lines]


def setup(app: Sphinx) -> None:
    """Register what Sphinx should call before and after napoleon, which has priority 500."""
    app.connect("autodoc-process-docstring", quote_code, priority=400)
    app.connect("autodoc-process-docstring", restore_colons, priority=600)


_COLON = "\N{RATIO}"
