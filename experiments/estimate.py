"""`python -m sandbox estimate`: what a run or a comparison would ask a language model, before anything is spent.

The worlds are played to their end with the settings' own arms, seeds, people, graphs and prompts; rule agents stand in
for the language model (`experiments.stand_in`). What does not depend on what agents do, such as the questions of the
first step, is counted exactly. What does, such as who reviews or how long a memory is, is as rule agents have it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple, TypeAlias

import pandas as pd

from experiments import comparison
from experiments.frames import column, rows_where
from experiments.stand_in import Reading, StandIns
from sandbox.core.answer import Answer
from sandbox.core.mind import RuleMind
from sandbox.core.question import Question
from sandbox.runtime.assembly import build_minds, build_worlds, check_start, resolve_world
from sandbox.runtime.beginning import LOG
from sandbox.runtime.config import RunConfig, load_run_config
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.reactions import QuestionSample, measure_reactions
from sandbox.runtime.runner import Progress, Runner

Command: TypeAlias = Literal["run", "compare"]
COUNTS = (
    "decisions", "questions", "cached_answers", "prompt_tokens", "cached_tokens", "output_tokens", "text_tokens",
)  # fmt: skip
"""What is counted by arm, template and step; see `DecisionLog.count_costs`. `output_tokens` and `text_tokens` are the
most that the answers can have."""
COLUMNS = ("part", "arm", "template", "step", *COUNTS)
"""Columns of `Estimate.counts`; `part` is `steps` or, for questions that are asked again at the end, `reactions`."""


class Estimate(NamedTuple):
    """What a run or a comparison would ask."""

    command: Command
    config: RunConfig
    counts: pd.DataFrame
    """One row by part, arm, template and step, with `COLUMNS`."""
    readings: Mapping[str, Reading]
    """How the prompts of each mind with a model are counted, by its name."""
    num_batches: int
    """Rounds of questions, which are answered one after the other."""
    log_bytes: int
    """Size of the decision log with the answers of rule agents."""

    def total(self, name: str, part: str = "") -> int:
        """Return the sum of one of `COUNTS`, over everything or one part."""
        rows = rows_where(self.counts, column(self.counts, "part") == part) if part else self.counts
        return int(column(rows, name).sum())


def load_settings(overrides: Sequence[str], command: Command | None = None) -> tuple[Command, RunConfig]:
    """Return which command is estimated, and the settings that it composes.

    Args:
        overrides: Those that were typed.
        command: The command; None: `compare` where the settings name several arms, else `run`.
    """
    if command is None:
        command = "compare" if len(load_run_config(overrides).arms()) > 1 else "run"
    return command, comparison.load(overrides)[1] if command == "compare" else load_run_config(overrides)


def estimate(
    overrides: Sequence[str], command: Command | None, progress: Progress, notify: Callable[[str], None]
) -> Estimate:
    """Play the worlds that the settings describe, with rule agents in place of language models; keep nothing.

    Args:
        overrides: Those that were typed.
        command: See `load_settings`.
        progress: Receives how far it is.
        notify: Receives what may surprise about people and networks.

    Raises:
        SandboxError: The run would stop with the same error.
    """
    command, composed = load_settings(overrides, command)
    config, _ = check_start(composed, notify)
    worlds = build_worlds(config, lambda _: None)
    kind, _ = resolve_world(config)
    stand_ins = StandIns()
    minds = build_minds(config, notify, stand_ins.build)
    sample = QuestionSample(kind.reactions, config.reactions)
    with TemporaryDirectory() as folder:
        with closing(DecisionLog.create(Path(folder) / LOG)) as log:
            runner = Runner(worlds, lambda: minds, log, max_fallback_rate=1.0, progress=progress, listen=sample.add)
            with closing(runner):
                runner.run(config.steps)
                reactions = _count_reactions(sample, runner, Path(folder) / "reactions.sqlite")
            steps, num_batches = count_log(log, "steps"), log.num_batches
        log_bytes = (Path(folder) / LOG).stat().st_size
    counts = pd.concat([steps, reactions], ignore_index=True) if len(reactions) else steps
    return Estimate(command, config, counts, stand_ins.readings, num_batches, log_bytes)


def count_log(log: DecisionLog, part: str) -> pd.DataFrame:
    """Return what the decisions of a log cost, with `COLUMNS`."""
    rows = [{"part": part, **row} for row in log.count_costs()]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _count_reactions(sample: QuestionSample, runner: Runner, path: Path) -> pd.DataFrame:
    """Ask what a run asks again at its end, and return what it costs; answers are kept in a log of their own."""
    kind = type(runner.worlds[0])
    with closing(DecisionLog.create(path)) as log:

        def ask(questions: Sequence[Question[Any]]) -> list[Answer]:
            answers = runner.ask_aside(questions)
            log.append(questions, answers, 0.0, 0.0)
            return answers

        measure_reactions(list(sample.vary()), ask, RuleMind(kind.rules).answer, runner.progress.track)
        return count_log(log, "reactions")
