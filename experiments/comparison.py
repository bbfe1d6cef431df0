"""`python -m sandbox compare`: arms and seeds in one run, and how they compare with people, as one folder.

A comparison is an ordinary run whose arms and seeds are all asked in one batch per round, so it resumes as one. In
addition to what every run leaves, its folder gets

report.html            everything, for reading; pictures inline
report.md              its tables, for pasting
comparison/*.csv       outcomes, arms, contrasts, people, agreements, facts, scorecard, nearness, data_quality,
                       answers, position_bias; also as .parquet
reactions/             response curves and slopes, as after every run, of more people
comparison/*.png .svg  contrasts, effects beside people's, and scorecard
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from experiments.analysis import analyse_run, list_effects
from experiments.outcomes import list_outcomes
from experiments.preregistration import check_kept
from experiments.reactions import NUM_PEOPLE
from experiments.reports.charts import draw_contrasts, draw_scorecard
from experiments.reports.headline import describe_findings
from experiments.reports.people_chart import draw_people
from experiments.reports.report import write_report
from sandbox.composition import list_choices
from sandbox.errors import ConfigError
from sandbox.output.provenance import describe_origin
from sandbox.output.reactions import draw_reactions
from sandbox.quoting import drop_replaced
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import RunConfig, load_run_config
from sandbox.runtime.results import Results
from sandbox.runtime.run import Run
from sandbox.tables import write_table

TARGET = "comparison"
ARMS = "arms"
"""The experiment of a world for whose name, and for whose parents' names, there is none."""


def start(overrides: Sequence[str]) -> Run:
    """Begin a comparison with the settings that `load` composes; see there for errors."""
    return Run.start(*load(overrides))


def load(overrides: Sequence[str]) -> tuple[list[str], RunConfig]:
    """Return all overrides of a comparison, and the settings that they compose.

    Without `experiment=`, it is the experiment named after the world or a parent, or else `arms`.

    Raises:
        ConfigError: There is only one arm, an outcome names no metric, `humans` shares nothing with the comparison, or
            it differs from its preregistration.
        DataError: A file that they name is damaged or, if it is a preregistration, was edited.
    """
    overrides = drop_replaced([*default_experiment(overrides), f"reactions={NUM_PEOPLE}", *overrides])
    config = load_run_config(overrides)
    kind, _ = resolve_world(config)
    list_outcomes(config, kind)
    effects = {effect.outcome for effect in list_effects(config, kind)}
    if unmatched := [name for name in config.margins if name not in effects]:
        of_people = ", ".join(sorted(effects)) or "nothing, since humans= names nobody"
        raise ConfigError(f"margins: {unmatched[0]} is not among people's outcomes, which are {of_people}")
    if len(config.arms()) < 2:
        raise ConfigError("nothing to compare: there is one arm; name several minds=[...] or treatments={...}")
    check_kept(config)
    return overrides, config


def conclude(run: Run, results: Results, notify: Callable[[str], None]) -> list[Path]:
    """Analyse a finished run and write tables, pictures and report; the report's path comes first.

    Args:
        run: The run.
        results: Its results.
        notify: Receives the findings, line by line, and what there is no reference data for.
    """
    analysis = analyse_run(run, results)
    if analysis.missing_references:
        notify(analysis.missing_references)
    target = run.folder / TARGET
    target.mkdir(exist_ok=True)
    tables = [path for name, table in analysis.tables.items() for path in write_table(table, target / name)]
    origin = describe_origin(run.manifest)
    pictures = draw_contrasts(analysis.tables["contrasts"], analysis.labels, target, origin)
    pictures += draw_people(analysis.tables["people"], analysis.labels, target, origin)
    pictures += draw_scorecard(analysis.tables["scorecard"], analysis.titles, target, origin)
    pictures += draw_reactions(run)
    for line in describe_findings(analysis):
        notify(line)
    return [*write_report(analysis, pictures), *pictures, *tables]


def default_experiment(overrides: Sequence[str]) -> list[str]:
    """Return the override that names the experiment; empty if there is one already.

    It is the experiment named after the world or after the nearest world that it inherits from, or else `arms`.
    """
    if any(override.startswith("experiment=") for override in overrides):
        return []
    # The minds and treatments of the other overrides may only exist once the experiment is composed.
    of_world = [override for override in overrides if override.lstrip("+~").startswith(("world=", "world."))]
    kind, _ = resolve_world(load_run_config(of_world))
    experiments = list_choices("experiment")
    return [f"experiment={next((name for name in kind.lineage() if name in experiments), ARMS)}"]
