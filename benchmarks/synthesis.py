"""What `synthesizer=llm` asks of a language model: prompts and tokens per record, by step.

    python -m benchmarks.synthesis --corpus corpus=shared 'sources=[forum_reddit_college]'
    python -m benchmarks.synthesis                      # a synthetic Reddit dump

All stages run for real on one portion of the corpus, about `--records` records with all of their users' histories;
synthesis and judge use language models on vLLM. Prompts are counted as the engine counts them. How many there are
depends on the logs and on how much of them the model judges fit to use; a small model's answers often break the rules,
are asked for a second time, and then are missing for the later steps that build on them. The last columns are
extrapolated to `--plan` records that reach `synthesis`.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, NamedTuple

import msgspec

from agents.minds.vllm import VllmMind
from benchmarks.common import make_parser, report_table
from benchmarks.corpus import LENIENT_FILTERS, PLANNED_RECORDS, folder_settings, make_dump, reddit_settings
from benchmarks.reddit_dump import WINDOW
from sandbox.core.answer import Answer
from sandbox.core.question import Question
from sandbox.errors import DataError
from training.corpus.build import list_stages
from training.corpus.config import CorpusConfig, load_corpus_config
from training.curation.cleaning import SECRET
from training.curation.pseudonyms import make_key
from training.pipeline.folders import Folders, Unit
from training.pipeline.funnel import Count
from training.pipeline.stages import Stage, run_stage
from training.synthesis.questions import close_mind

ASKING_STAGES = ("synthesis", "judge")


class PromptCounts(msgspec.Struct):
    """Prompts and tokens of one step."""

    prompts: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    answer_tokens: int = 0
    retries: int = 0
    """Prompts whose first answer did not fit the form."""

    def add_answer(self, answer: Answer) -> None:
        """Count one more answer."""
        self.prompts += 1
        self.prompt_tokens += answer.prompt_tokens
        self.cached_tokens += answer.cached_tokens
        self.answer_tokens += answer.output_tokens
        self.retries += answer.retried

    def add_counts(self, counts: "PromptCounts") -> None:
        """Add the counts of another step."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(counts, name))


class CountingMind(VllmMind):
    """A language model whose questions are counted by step, over all instances."""

    counts: ClassVar[dict[str, PromptCounts]] = {}
    seconds: ClassVar[float] = 0.0

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Answer and count."""
        start = time.perf_counter()
        answers = super().answer(questions)
        CountingMind.seconds += time.perf_counter() - start
        for question, answer in zip(questions, answers, strict=True):
            step = question.template.name.removeprefix("synthesis/")
            CountingMind.counts.setdefault(step, PromptCounts()).add_answer(answer)
        return answers


class StagePrompts(NamedTuple):
    """What one stage asked."""

    stage: str
    seconds: float
    steps: dict[str, PromptCounts]


def measure_stages(config: CorpusConfig) -> tuple[int, list[StagePrompts]]:
    """Run all stages up to the judge, those that ask on their first unit; return the number of records and the prompts.

    Raises:
        DataError: No record reaches the stage that asks.
    """
    config.corpus_dir.mkdir(parents=True)
    make_key(config.corpus_dir / SECRET, config.secret)
    stage_prompts: list[StagePrompts] = []
    counts: list[Count] = []
    try:
        for stage in list_stages(config):
            CountingMind.counts, CountingMind.seconds = {}, 0.0
            counts += run_stage(config.corpus_dir, limit_to_first_unit(stage))
            if stage.name in ASKING_STAGES:
                stage_prompts.append(StagePrompts(stage.name, CountingMind.seconds, CountingMind.counts))
            if stage.name == ASKING_STAGES[-1]:
                break
    finally:
        close_mind()
    entered = (ASKING_STAGES[0], "posts", "in")
    num_records = sum(count.number for count in counts if (count.stage, count.entity, count.reason) == entered)
    if not num_records:
        raise DataError("no record of this corpus reaches the stage `synthesis`; name larger logs")
    return num_records, stage_prompts


def limit_to_first_unit(stage: Stage) -> Stage:
    """Return the stage as it is, or with its first unit only if it asks a language model."""

    def list_first_unit(folders: Folders) -> Sequence[Unit]:
        return stage.units(folders)[:1]

    return replace(stage, units=list_first_unit) if stage.name in ASKING_STAGES else stage


def step_rows(records: int, stage_prompts: Sequence[StagePrompts], plan: int) -> list[list[object]]:
    """Return one row per step, and one with the sums of each stage."""
    rows: list[list[object]] = []
    for stage, seconds, steps in stage_prompts:
        total = PromptCounts()
        for step, counts in steps.items():
            rows.append([stage, step, *count_cells(counts, records, plan), ""])
            total.add_counts(counts)
        rows.append([stage, "all", *count_cells(total, records, plan), f"{seconds:,.0f}"])
    return rows


def count_cells(counts: PromptCounts, records: int, plan: int) -> list[str]:
    """Return prompts, retries, mean tokens of prompts, cache and answers, prompts per record, billions for `plan`."""
    tokens = (counts.prompt_tokens, counts.cached_tokens, counts.answer_tokens)
    means = [f"{number / counts.prompts:,.0f}" if counts.prompts else "-" for number in tokens]
    new_tokens = counts.prompt_tokens - counts.cached_tokens
    planned = [f"{number / records * plan / 1e9:,.1f}" for number in (new_tokens, counts.answer_tokens)]
    return [f"{counts.prompts:,}", f"{counts.retries:,}", *means, f"{counts.prompts / records:.2f}", *planned]


def mind_settings(args: argparse.Namespace) -> list[str]:
    """Return the settings of the models that write and judge."""
    target = f"{CountingMind.__module__}.{CountingMind.__qualname__}"
    minds = ("mind=base", f"mind._target_={target}", "mind@judge.mind=base", f"judge.mind._target_={target}")
    models = (f"model={args.model}", f"judge.model={args.judge}", "judge.mind.max_model_len=8192")
    size = f"synthesis.records_per_unit={args.records}"
    return ["synthesizer=llm", "cache=false", "secret=benchmark", *minds, *models, size]


def main() -> None:
    """Measure and report."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", nargs="*", help="overrides of a corpus of your own; default: a synthetic dump")
    parser.add_argument("--records", type=int, default=100, help="records that are synthesized, by complete users")
    parser.add_argument("--judge", default="gemma3-270m", help="the judging model")
    parser.add_argument("--plan", type=int, default=PLANNED_RECORDS, help="records that the last columns are for")
    parser.add_argument("--window", type=int, default=WINDOW, help=argparse.SUPPRESS)
    args = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        overrides = args.corpus
        if overrides is None:
            make_dump(args, folder, 20 * args.records)
            overrides = [*reddit_settings(folder), *folder_settings(folder), *LENIENT_FILTERS]
        config = load_corpus_config([*overrides, *mind_settings(args), f"corpus_dir={folder / 'corpus'}"])
        records, stage_prompts = measure_stages(config)
    head = ["stage", "step", "prompts", "retries", "prompt tokens", "of these cached", "answer tokens"]
    head += ["prompts / record", "10^9 new prompt tokens", "10^9 answer tokens", "s"]
    raw = {"records": records, "stages": msgspec.to_builtins(stage_prompts)}
    report_table(args, head, step_rows(records, stage_prompts, args.plan), raw)


if __name__ == "__main__":
    main()
