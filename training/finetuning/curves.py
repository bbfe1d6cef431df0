"""Loss over the steps: a table that grows during the run, and a figure at its end."""

import csv
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from sandbox.files import replace_file, replace_text

CLOCK_FILE = "seconds"
FIELDS = ("step", "loss", "eval_loss", "learning_rate", "grad_norm")


class LossCurves(TrainerCallback):
    """Writes `losses.csv` at every log, and `losses.png` at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.earlier_seconds = _read_clock(folder)
        self.start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Duration of the run over all its processes, without what a killed one did after its last checkpoint."""
        return self.earlier_seconds + time.monotonic() - self.start

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        """Write the duration with every checkpoint."""
        if state.is_world_process_zero:
            replace_text(self.folder / CLOCK_FILE, f"{self.seconds:.0f}\n")

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        """Write the complete log so far, including what happened before the run was resumed."""
        if state.is_world_process_zero:
            path = self.folder / "losses.csv"
            with replace_file(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
                writer: csv.DictWriter[str] = csv.DictWriter(file, FIELDS, extrasaction="ignore", restval="")
                writer.writeheader()
                writer.writerows(entry for entry in state.log_history if "loss" in entry or "eval_loss" in entry)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        """Draw the curves."""
        if state.is_world_process_zero:
            draw_curves(state.log_history, self.folder / "losses.png")


def draw_curves(history: list[dict[str, Any]], path: Path) -> None:
    """Draw training and validation loss by step."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(5.2, 3.4), layout="constrained")
        axes = figure.subplots()
        for name, label, colour in (("loss", "training", "#9A9A9A"), ("eval_loss", "validation", "#0072B2")):
            points = [(entry["step"], entry[name]) for entry in history if name in entry]
            if points:
                axes.plot(*zip(*points, strict=True), color=colour, label=label)
        axes.set_xlabel("step")
        axes.set_ylabel("loss (nats per answer token)")
        axes.legend(frameon=False)
        with replace_file(path) as draft:
            figure.savefig(draft, format="png", dpi=180)


def _read_clock(folder: Path) -> float:
    """Return the duration of this run's earlier processes, up to their last checkpoints."""
    path = folder / CLOCK_FILE
    return float(path.read_text(encoding="utf-8")) if path.exists() else 0.0
