"""What `synthesizer=llm` asks of a language model: prompts and tokens for every record, by step.

    python -m benchmarks.synthesis --corpus corpus=shared 'sources=[forum_reddit_college]'
    python -m benchmarks.synthesis                      # a made-up Reddit dump

All stages run for real on one portion of the corpus, about `--records` records of whole users, synthesis and judge with
language models on vLLM. What they ask is counted as the engine counts it. How much that is depends on the logs and on
what of them the model calls fit to use; a small model's answers often fail the rules, are asked for once more, and then
are missing where later steps would build on them. The last columns are for `--plan` records that reach `synthesis`.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import msgspec

from agents.minds.vllm import VllmMind
from benchmarks.common import parser, report
from benchmarks.corpus import LOGS, SET, make_dump, of_reddit, whereto
from benchmarks.logs import WINDOW
from sandbox.errors import DataError
from sandbox.question import Answer, Question
from training.clean import SECRET
from training.corpus import CorpusConfig, configured, stages_of
from training.funnel import Count
from training.privacy import make_key
from training.stages import Folders, Stage, Unit, run_stage
from training.synthesis.asking import close_mind

ASKING = ("synthesis", "judge")


class Asked(msgspec.Struct):
    """What one step asked."""

    prompts: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    answer_tokens: int = 0
    again: int = 0
    """Prompts whose first answer was no answer to the form."""

    def add(self, answer: Answer) -> None:
        """Count one more."""
        self.prompts += 1
        self.prompt_tokens += answer.prompt_tokens
        self.cached_tokens += answer.cached_tokens
        self.answer_tokens += answer.output_tokens
        self.again += answer.retried


class Counted(VllmMind):
    """A language model whose questions are counted by step."""

    asked: ClassVar[dict[str, Asked]] = {}
    seconds: ClassVar[float] = 0.0

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Answer, and count."""
        start = time.perf_counter()
        answers = super().answer(questions)
        Counted.seconds += time.perf_counter() - start
        for question, answer in zip(questions, answers, strict=True):
            step = question.template.name.removeprefix("synthesis/")
            Counted.asked.setdefault(step, Asked()).add(answer)
        return answers


def measure(config: CorpusConfig) -> tuple[int, list[tuple[str, float, dict[str, Asked]]]]:
    """Run all stages up to the judge, those that ask on their first unit; returns the records, and what was asked."""
    config.corpus_dir.mkdir(parents=True)
    make_key(config.corpus_dir / SECRET, config.secret)
    found: list[tuple[str, float, dict[str, Asked]]] = []
    counts: list[Count] = []
    try:
        for stage in stages_of(config):
            Counted.asked, Counted.seconds = {}, 0.0
            counts += run_stage(config.corpus_dir, first_unit(stage))
            if stage.name in ASKING:
                found.append((stage.name, Counted.seconds, Counted.asked))
            if stage.name == ASKING[-1]:
                break
    finally:
        close_mind()
    entered = [one.number for one in counts if (one.stage, one.what, one.reason) == (ASKING[0], "posts", "in")]
    if not sum(entered):
        raise DataError("no record of this corpus reaches the stage that asks; name larger logs")
    return sum(entered), found


def first_unit(stage: Stage) -> Stage:
    """The stage as it is, or the first unit of it where it asks."""

    def first(folders: Folders) -> Sequence[Unit]:
        return stage.units(folders)[:1]

    return replace(stage, units=first) if stage.name in ASKING else stage


def rows_of(records: int, found: Sequence[tuple[str, float, dict[str, Asked]]], plan: int) -> list[list[object]]:
    """One step a row, with sums by stage."""
    rows: list[list[object]] = []
    for stage, seconds, asked in found:
        total = Asked()
        for step, one in asked.items():
            rows.append([stage, step, *cells(one, records, plan), ""])
            for field in Asked.__struct_fields__:
                setattr(total, field, getattr(total, field) + getattr(one, field))
        rows.append([stage, "all", *cells(total, records, plan), f"{seconds:,.0f}"])
    return rows


def cells(one: Asked, records: int, plan: int) -> list[str]:
    """Prompts, and those put twice; tokens of a prompt, cached ones, of an answer; per record; billions planned."""
    each = (one.prompt_tokens, one.cached_tokens, one.answer_tokens)
    means = [f"{number / one.prompts:,.0f}" if one.prompts else "-" for number in each]
    fresh = one.prompt_tokens - one.cached_tokens
    planned = [f"{number / records * plan / 1e9:,.1f}" for number in (fresh, one.answer_tokens)]
    return [f"{one.prompts:,}", f"{one.again:,}", *means, f"{one.prompts / records:.2f}", *planned]


def main() -> None:
    """Measure and report."""
    options = parser(__doc__)
    options.add_argument("--corpus", nargs="*", help="overrides of a corpus of one's own; default: a made-up dump")
    options.add_argument("--records", type=int, default=100, help="records of whole users that are synthesized")
    options.add_argument("--judge", default="gemma3-270m", help="the judging model")
    options.add_argument("--plan", type=int, default=LOGS, help="records that the last columns are for")
    options.add_argument("--window", type=int, default=WINDOW, help=argparse.SUPPRESS)
    args = options.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        if args.corpus is None:
            make_dump(args, folder, 20 * args.records)
        corpus = [*of_reddit(folder), *whereto(folder), *SET] if args.corpus is None else args.corpus
        records, found = measure(configured([*corpus, *asking(args), f"corpus_dir={folder / 'corpus'}"]))
    head = [
        "stage",
        "step",
        "prompts",
        "put twice",
        "prompt tokens",
        "of these cached",
        "answer tokens",
        "prompts / record",
    ]
    head += ["10^9 new prompt tokens", "10^9 answer tokens", "s"]
    report(args, head, rows_of(records, found, args.plan), {"records": records, "found": msgspec.to_builtins(found)})


def asking(args: argparse.Namespace) -> list[str]:
    """Who synthesizes and who judges."""
    counted = f"{Counted.__module__}.{Counted.__qualname__}"
    minds = ("mind=base", f"mind._target_={counted}", "mind@judge.mind=base", f"judge.mind._target_={counted}")
    rest = (f"model={args.model}", f"judge.model={args.judge}", f"synthesis.records_per_unit={args.records}")
    room = "judge.mind.max_model_len=8192"
    return ["synthesizer=llm", "cache=false", "secret=benchmark", *minds, *rest, room]


if __name__ == "__main__":
    main()
