"""Loss over the steps: a table that grows as the run goes on, and a figure at its end."""

import csv
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

CLOCK = "seconds"
FIELDS = ("step", "loss", "eval_loss", "learning_rate", "grad_norm")


class Curves(TrainerCallback):
    """Writes `losses.csv` at every log, and `losses.png` at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.before = _seconds(folder)
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the run has taken, all its processes together, but for what one did after its last checkpoint."""
        return self.before + time.monotonic() - self.started

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        """Note the time with every checkpoint."""
        if state.is_world_process_zero:
            replace_text(self.folder / CLOCK, f"{self.seconds:.0f}\n")

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        """Write all that is known so far; of a run that was resumed too."""
        if state.is_world_process_zero:
            with (self.folder / "losses.csv").open("w", newline="", encoding="utf-8") as file:
                writer: csv.DictWriter[str] = csv.DictWriter(file, FIELDS, extrasaction="ignore", restval="")
                writer.writeheader()
                writer.writerows(one for one in state.log_history if "loss" in one or "eval_loss" in one)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        """Draw the curves."""
        if state.is_world_process_zero:
            draw(state.log_history, self.folder / "losses.png")


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that it is there whole, or as it was before."""
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _seconds(folder: Path) -> float:
    """What processes of this run have taken until their last checkpoints."""
    path = folder / CLOCK
    return float(path.read_text(encoding="utf-8")) if path.exists() else 0.0


def draw(history: list[dict[str, Any]], path: Path) -> None:
    """Draw training and validation loss by step."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        drawn = Figure(figsize=(5.2, 3.4), layout="constrained")
        axes = drawn.subplots()
        for name, label, colour in (("loss", "training", "#9A9A9A"), ("eval_loss", "validation", "#0072B2")):
            points = [(one["step"], one[name]) for one in history if name in one]
            if points:
                axes.plot(*zip(*points, strict=True), color=colour, label=label)
        axes.set_xlabel("step")
        axes.set_ylabel("loss (nats per answer token)")
        axes.legend(frameon=False)
        drawn.savefig(path, dpi=180)
