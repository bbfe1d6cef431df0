"""The methods section of a run, written from its folder: what was simulated, by whom, and how far it can be trusted."""

import inspect
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.core.question import Template
from sandbox.core.templates import template_from
from sandbox.core.world import World
from sandbox.counting import count_of
from sandbox.errors import ConfigError
from sandbox.files import replace_file, replace_text
from sandbox.folders import make_folder
from sandbox.output.formatting import format_mean
from sandbox.output.log_totals import LogTotals
from sandbox.output.metrics_table import means_by_arm
from sandbox.output.provenance import describe_agents, describe_interventions, describe_seeds, list_changes
from sandbox.output.reactions import FAILURES, failure_note, sort_weakest_first
from sandbox.output.summary import describe_network, quality_lines
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import RunConfig
from sandbox.runtime.manifest import Manifest
from sandbox.runtime.reactions import read_reactions
from sandbox.runtime.results import NETWORK, Results

if TYPE_CHECKING:
    import pandas as pd

    from sandbox.runtime.run import Run

FOLDER = Path(__file__).parent
FORMATS = {".md": "", ".tex": "latex", ".docx": "docx"}
"""By the suffix of a file: what pandoc calls its format; empty: the text as it is."""
BIB = ".bib"
MAX_VALUE = 120
"""Characters of a parameter's value."""
QUALITY = ("decisions", "data quality", "position bias")
"""Lines of a summary that say how far answers can be trusted."""
FEW_SEEDS = 8
"""With fewer seeds than this, intervals are wide and rest on the normality of few values."""


def describe_run(run: "Run") -> str:
    """Return the methods section of a run as Markdown."""
    from jinja2 import Environment, StrictUndefined

    # It is text for a file: nothing in it is ever read as HTML or as a template.
    jinja: Any = Environment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    jinja.filters.update({"count": count_of, "cell": _format_cell, "number": _format_number})
    template = jinja.from_string((FOLDER / "methods.md").read_text(encoding="utf-8"))
    return template.render(collect_facts(run))


def write_methods(text: str, path: Path) -> list[Path]:
    """Write the section in the format that a file's suffix names, and the references beside it; return the files.

    Raises:
        ConfigError: The suffix names none, or pandoc is needed and is not there or fails.
    """
    if path.suffix not in FORMATS:
        raise ConfigError(f"--to {path}: the suffix says the format; use {', '.join(FORMATS)}")
    make_folder(path.parent, "--to")
    if kind := FORMATS[path.suffix]:
        with replace_file(path) as draft:
            _convert(text, kind, draft)
    else:
        replace_text(path, text)
    bibliography = path.with_suffix(BIB)
    replace_text(bibliography, read_bibtex())
    return [path, bibliography]


def collect_facts(run: "Run") -> dict[str, Any]:
    """Return what the template says, by name."""
    manifest, results = run.manifest, run.results()
    config = manifest.segments[-1].config
    kind, params = resolve_world(config)
    with closing(run.log()) as log:
        totals = LogTotals.of(log, config.presentation.shuffle)
        questions, seal = log.count_by("template"), log.seal()
    slopes = read_reactions(run.folder, "slopes")
    if slopes is not None and slopes.empty:
        slopes = None
    arms = [arm.name for arm in config.arms()]
    return {
        "manifest": manifest,
        "config": config,
        "purpose": _describe_purpose(kind),
        "parameters": list(_list_parameters(params)),
        "seeds": describe_seeds(config.seeds),
        "treatments": {name: _join_settings(changes) for name, changes in config.treatments.items()},
        "interventions": describe_interventions(config),
        "changes": list_changes(manifest),
        "agents": describe_agents(config),
        "network": describe_network(results.tables[NETWORK]) if NETWORK in results.tables else "",
        "population": config.population.get("file", config.population["_target_"]),
        "splits": ", ".join(config.population.get("splits") or ()),
        "models": list(_list_models(manifest)),
        "order": _describe_order(config),
        "num_decisions": int(totals.sums["decisions"]),
        "questions": questions,
        "reactions": list(_list_reactions(slopes, kind)) if slopes is not None else [],
        "arms": arms,
        "outcomes": [
            (label, [format_mean(mean) for mean in means_by_arm(results.metrics, name, arms)])
            for name, label in kind.metric_labels.items()
        ],
        "quality": [line for line in quality_lines(manifest, totals) if line[0] in QUALITY],
        "seal": seal,
        "versions": ", ".join(f"{name} {version}" for name, version in manifest.versions.items()),
        "limits": _list_limits(config, results, slopes),
        "preamble": kind.wordings()[config.presentation.wording]["preamble"].strip(),
        "templates": [_find_template(kind, name, config) for name in questions],
        "sources": sorted({reaction.source for reaction in kind.reactions}),
        "bibtex": read_bibtex(),
    }


def _describe_purpose(kind: type[World[Any]]) -> str:
    """Return what the package of a world, or the world itself, says about it."""
    package = sys.modules.get(kind.__module__.rpartition(".")[0])
    return inspect.cleandoc((package and package.__doc__) or kind.__doc__ or f"The world `{kind.name}`.")


def _list_parameters(params: Any) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and meaning of every parameter."""
    for name, field in type(params).model_fields.items():
        value = str(getattr(params, name))
        is_short = len(value) <= MAX_VALUE
        yield name, value if is_short else "see manifest.json", (field.description or "").split("\n")[0]


def _join_settings(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in changes.items()) or "none"


def _list_models(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield the name of every mind, and what answered under it."""
    for name, mind in manifest.minds.items():
        adapter = mind.get("adapters", {}).get(name) or mind.get("model")
        if adapter is None:
            yield name, f"no language model (`{mind.get('mind', name)}`)"
            continue
        names = ("temperature", "text_temperature", "top_p", "min_p")
        sampling = ", ".join(f"{key.replace('_', ' ')} {mind[key]:g}" for key in names if mind.get(key) is not None)
        yield name, f"`{adapter}`" + (f", {sampling}" if sampling else "")


def _describe_order(config: RunConfig) -> str:
    presentation = config.presentation
    words = "in the world's own wording" if not presentation.wording else f"in paraphrase {presentation.wording}"
    changes = {name: value for name, value in presentation.model_dump().items() if value not in (False, 0, "A")}
    changes.pop("wording", None)
    others = f" ({_join_settings(changes)})" if changes else ""
    return f"questions are asked {words}, and options without an order of their own are shuffled by the seed{others}"


def _list_limits(config: RunConfig, results: Results, slopes: "pd.DataFrame | None") -> list[str]:
    """Return what a reader has to know before believing the results."""
    limits = [
        "Agents are simulated. If their averages match those of people, this does not show that they decide as people "
        "do."
    ]
    if slopes is None:
        limits.append("Whether agents react to what should move them was not measured in this run.")
    elif note := failure_note(slopes):
        names = sorted({str(name) for name in slopes.loc[slopes["verdict"].isin(FAILURES), "reaction"]})
        limits.append(f"{note} These fail here in at least one arm: {', '.join(names)}.")
    if len(config.seeds) < FEW_SEEDS:
        limits.append(f"With {count_of(len(config.seeds), 'seed')}, intervals are wide, or cannot be computed.")
    num_steps = int(max(results.metrics["step"], default=-1)) + 1
    if num_steps < config.steps:
        limits.append(f"The run is not finished: {num_steps} of {count_of(config.steps, 'step')}.")
    if "train" in (config.population.get("splits") or ["train"]):
        limits.append("Some of the people may be in the training data of the model that plays them.")
    return limits


def _list_reactions(slopes: "pd.DataFrame", kind: type[World[Any]]) -> Iterator[dict[str, Any]]:
    """Yield the measured reactions, the weakest first, with what each is about."""
    by_name = {reaction.name: reaction for reaction in kind.reactions}
    for row in sort_weakest_first(slopes):
        reaction = by_name[row["reaction"]]
        yield {**row, "claim": f"{reaction.effect} by {reaction.cause}", "unit": reaction.unit}


def _find_template(kind: type[World[Any]], name: str, config: RunConfig) -> Template:
    """Return the text of a question in the wording of the run."""
    return template_from(kind.name, name.rpartition("/")[2], kind.wordings()[config.presentation.wording])


def _format_cell(value: object) -> str:
    """Return a text that does not end the cell of a table."""
    return " ".join(str(value).split()).replace("|", "\\|")


def _format_number(value: float) -> str:
    return f"{value:.3g}" if isfinite(value) else "–"


def read_bibtex() -> str:
    """Return the references of every run."""
    return (FOLDER / "references.bib").read_text(encoding="utf-8")


def _convert(text: str, kind: str, path: Path) -> None:
    """Let pandoc convert Markdown."""
    if shutil.which("pandoc") is None:
        raise ConfigError(f"{kind} needs pandoc, which is not installed; write --to FILE.md, or install pandoc")
    command: Sequence[str] = ("pandoc", "--from", "gfm", "--to", kind, "--standalone", "--output", str(path))
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigError(f"pandoc failed: {' '.join(done.stderr.split())}")
