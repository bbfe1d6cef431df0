"""The stage that turns experiments and panels into people and tasks."""

import msgspec

from sandbox.paths import POPULATIONS_DIR
from sandbox.prompting.render import SECTION_FILES
from training.corpus.config import CorpusConfig
from training.curation import cleaning
from training.panels.build import STAGE, build_panel, panel_unit
from training.panels.panel import default_memory
from training.pipeline.folders import Unit
from training.pipeline.stages import Stage
from training.tasks.worlds import find_world, list_wordings

POPULATION = "genome.parquet"
"""Population that comes with the project; its train people lend their personas."""


def panel_stage(config: CorpusConfig) -> Stage:
    """Return the stage, one unit for each panel; it depends on the worlds' code, settings and prompts."""
    panels = {name: build_panel(name, config.panel[name]) for name in config.panels}
    files = {name: list(panel.files()) for name, panel in panels.items()}
    secret, population = config.corpus_dir / cleaning.SECRET, POPULATIONS_DIR / POPULATION
    shared = {"secret": [secret], "population": [population]}
    units = [Unit(name, {"raw": paths, **shared}) for name, paths in files.items()]
    worlds = sorted({panel.world for panel in panels.values()})
    return Stage(
        STAGE,
        panel_unit,
        units=lambda _: units,
        settings={
            "panels": {name: config.panel[name] for name in config.panels},
            "worlds": {name: [find_world(name).settings, list_wordings(name)] for name in worlds},
            "memory": msgspec.to_builtins(default_memory()),
            "families": config.tasks.families,
            "per_user": config.tasks.per_user,
            "varied_share": config.tasks.varied_share,
            "forgetful_share": config.tasks.forgetful_share,
            "seed": config.seed,
        },
        source_files=[*(path for paths in files.values() for path in paths), secret, population, *SECTION_FILES],
        modules=sorted({type(panel).__module__ for panel in panels.values()}),
    )
