"""Runs on one engine whose calls are recorded and timed, and the same calls without the run."""

import gc
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from agents.cache import AnswerCache
from agents.minds import language
from agents.minds.text import Tokens
from benchmarks.common import Parts, Timed, add, clocked, patched
from sandbox.assembly import world_class
from sandbox.config import RunConfig, targeted
from sandbox.log import DecisionLog
from sandbox.mind import Context, Panel
from sandbox.runner import Progress, Runner
from sandbox.world import World


class Call(NamedTuple):
    """One `LLM.generate` of a run: a round, or the texts of it that were asked again."""

    kind: str
    """`choice`, `text`, or `mixed` where replicates are in different rounds."""
    prompts: list[list[int]]
    """Token ids."""
    params: list[Any]
    """vLLM's `SamplingParams`."""
    people: list[str]
    """Who is asked, by the section of the prompt that says so."""
    adapters: list[Any]
    """vLLM's `LoRARequest` of each, none for the base."""


class Pass(NamedTuple):
    """One timed run, with what its engine was asked and where its time went."""

    timed: Timed
    calls: list[Call]
    parts: Parts
    """Seconds inside the engine, the log, the cache, and so on."""
    tokens: list[tuple[int, int, int]]
    """Step, prompt tokens and cached prompt tokens of every decision that the model made."""


class Meter(Progress):
    """A language mind on one engine for many runs; records and times what passes through it."""

    def __init__(self, config: RunConfig) -> None:
        kind, settings = targeted(config.mind, "mind")
        world, _ = world_class(config)
        self.mind = kind.build(settings, Context(world.rule, config.model, None, lambda text: None))
        self.engine = self.mind.engine
        self.llm = self.engine._llm
        self._kind, self._people = "", list[str]()
        self._calls, self._timed, self._mark = list[Call](), Timed({}, {}), 0.0
        self._generate, self._ask = self.llm.generate, self.engine.generate
        self.engine.generate = self._asked
        self.llm.generate = self._generated

    def run(self, worlds: Sequence[World], steps: int) -> Pass:
        """Run `worlds` through the runner with a fresh log and answer cache on disk."""
        self._calls, self._timed, parts = [], Timed({}, {}), Parts()
        with TemporaryDirectory() as folder, _timing(parts, self.llm):
            log = DecisionLog.create(Path(folder) / "decisions.sqlite")
            mind = type(self.mind)(self.engine, self.mind.sampling, AnswerCache(Path(folder) / "answers.sqlite"))
            panel = Panel(mind, {})
            gc.collect()
            start = self._mark = time.perf_counter()
            Runner(worlds, lambda: panel, log, max_fallback_share=1, progress=self).run(steps)
            self._timed.seconds["all"] = time.perf_counter() - start
            rows = log.decisions("source = 'model'")
            tokens = [(row["step"], row["prompt_tokens"], row["cached_tokens"]) for row in rows]
            self._timed.decisions["all"] = int(log.totals()["decisions"])
            log.close()
            mind.cache.close()
        return Pass(self._timed, self._calls, parts, tokens)

    def bare(self, calls: Sequence[Call]) -> Timed:
        """The same calls of the engine and nothing else."""
        timed = Timed({"all": 0.0}, {"all": 0})
        gc.collect()
        for call in calls:
            prompts = [{"prompt_token_ids": ids} for ids in call.prompts]
            start = time.perf_counter()
            self._generate(prompts, call.params, lora_request=call.adapters, use_tqdm=False)
            add(timed, call.kind, len(prompts), time.perf_counter() - start)
        return timed

    def forget(self) -> None:
        """Empty the engine's prefix cache."""
        if not self.llm.reset_prefix_cache():
            raise RuntimeError("the prefix cache could not be reset")

    def answered(self, num: int, seconds: float | None) -> None:
        """Book the time since the last round, the world's and the log's included."""
        now = time.perf_counter()
        add(self._timed, self._kind, num, now - self._mark)
        self._mark = now

    def _asked(self, jobs: Sequence[Any]) -> Any:
        kinds = {"choice" if job.labels else "text" for job in jobs}
        self._kind = kinds.pop() if len(kinds) == 1 else "mixed"
        self._people = [job.prompt.user.split("\n\n", 1)[0] for job in jobs]
        return self._ask(jobs)

    def _generated(self, prompts: Any, params: Any, lora_request: Any = None, **options: Any) -> Any:
        ids = [prompt["prompt_token_ids"] for prompt in prompts]
        adapters = list(lora_request or [None] * len(ids))
        self._calls.append(Call(self._kind, ids, list(params), self._people, adapters))
        return self._generate(prompts, params, lora_request=lora_request, **options)


def write_calls(file: Path, calls: Sequence[Call]) -> None:
    """Keep calls for other processes."""
    file.write_bytes(msgspec.msgpack.encode(calls))


def read_calls(file: Path) -> list[Call]:
    """What `write_calls` wrote."""
    from vllm import SamplingParams
    from vllm.lora.request import LoRARequest

    rows = tuple[str, list[list[int]], list[SamplingParams], list[str], list[LoRARequest | None]]
    return [Call(*row) for row in msgspec.msgpack.decode(file.read_bytes(), type=list[rows])]


@contextmanager
def _timing(parts: Parts, llm: Any) -> Generator[None]:
    """Time what a run spends where, by wrapping functions."""
    places: Mapping[str, tuple[Any, str]] = {
        "engine": (llm, "generate"),
        "log": (DecisionLog, "append"),
        "cache get": (AnswerCache, "get"),
        "cache put": (AnswerCache, "put"),
        "cache keys": (language.LanguageMind, "_key"),
        "prompts": (language, "render"),
        "tokens": (Tokens, "encode"),
        "mind": (Panel, "answer"),
    }
    with ExitStack() as stack:
        for what, (owner, name) in places.items():
            stack.enter_context(patched(owner, name, clocked(getattr(owner, name), parts, what)))
        yield
