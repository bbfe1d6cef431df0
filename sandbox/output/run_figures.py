"""The figures of a run beside chance: they need its worlds, its network and its null model."""

from pathlib import Path

from sandbox.figures.null_model import NullModel
from sandbox.output.plot import draw_figures
from sandbox.output.progress import notify, track
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.null import load_null
from sandbox.runtime.results import Results
from sandbox.runtime.run import Run


def draw_run(run: Run, results: Results) -> list[Path]:
    """Draw the figures of a finished run into its folder; return the files."""
    run.check_inputs()
    config = run.manifest.segments[0].config
    kind, _ = resolve_world(config)
    moments = load_null(run, notify, track)
    null = None if moments is None else NullModel(moments, {arm.name: arm.treatment or "main" for arm in config.arms()})
    return draw_figures(results, kind, lambda: run.build_worlds()[0].network.G, run.folder, null, run.manifest)
