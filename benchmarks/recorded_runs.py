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
from agents.minds.tokenizer import PromptTokenizer
from benchmarks.common import PartSeconds, RoundTimes, add_clock, add_round, patch_attribute
from sandbox.composition import resolve_target
from sandbox.core.assignment import MindRouter
from sandbox.core.mind import MindContext
from sandbox.core.world import World
from sandbox.runtime.assembly import resolve_world
from sandbox.runtime.config import RunConfig
from sandbox.runtime.log import DecisionLog
from sandbox.runtime.runner import Progress, Runner


class EngineCall(NamedTuple):
    """One `LLM.generate` of a run: a round, or those texts of it that were asked for a second time."""

    kind: str
    """`choice`, `text`, or `mixed` if replicates are in different rounds."""
    prompts: list[list[int]]
    """Token ids."""
    params: list[Any]
    """vLLM's `SamplingParams`."""
    people: list[str]
    """Who is asked: the section of each prompt that describes the person."""
    adapters: list[Any]
    """vLLM's `LoRARequest` of each prompt; None for the base model."""


class RecordedRun(NamedTuple):
    """One timed run, with the calls of its engine and where its time went."""

    times: RoundTimes
    calls: list[EngineCall]
    parts: PartSeconds
    """Seconds inside the engine, the log, the cache, and so on."""
    tokens: list[tuple[int, int, int]]
    """Step, prompt tokens and cached prompt tokens of every decision that the model made."""


class EngineRecorder(Progress):
    """A language mind on one engine for many runs; records and times what passes through it."""

    def __init__(self, config: RunConfig) -> None:
        kind, settings = resolve_target(config.mind, "mind")
        world, _ = resolve_world(config)
        self.mind = kind.build(settings, MindContext(world.rules, config.model, None, lambda text: None))
        self.engine = self.mind.engine
        self.llm = self.engine._llm
        self._kind, self._people = "", list[str]()
        self._calls, self._times, self._mark = list[EngineCall](), RoundTimes({}, {}), 0.0
        self._llm_generate, self._engine_generate = self.llm.generate, self.engine.generate
        self.engine.generate = self._note_jobs
        self.llm.generate = self._record_call

    def record_run(self, worlds: Sequence[World], steps: int) -> RecordedRun:
        """Run `worlds` through the runner with a new log and answer cache on disk."""
        self._calls, self._times, parts = [], RoundTimes({}, {}), PartSeconds()
        with TemporaryDirectory() as folder, _time_parts(parts, self.llm):
            log = DecisionLog.create(Path(folder) / "decisions.sqlite")
            mind = type(self.mind)(self.engine, self.mind.sampling, AnswerCache(Path(folder) / "answers.sqlite"))
            router = MindRouter(mind, {})
            gc.collect()
            start = self._mark = time.perf_counter()
            Runner(worlds, lambda: router, log, max_fallback_rate=1, progress=self).run(steps)
            self._times.seconds["all"] = time.perf_counter() - start
            rows = log.decisions("source = 'model'")
            tokens = [(row["step"], row["prompt_tokens"], row["cached_tokens"]) for row in rows]
            self._times.decisions["all"] = int(log.totals()["decisions"])
            log.close()
            mind.cache.close()
        return RecordedRun(self._times, self._calls, parts, tokens)

    def replay_calls(self, calls: Sequence[EngineCall]) -> RoundTimes:
        """Time the same calls of the engine and nothing else."""
        times = RoundTimes({"all": 0.0}, {"all": 0})
        gc.collect()
        for call in calls:
            prompts = [{"prompt_token_ids": ids} for ids in call.prompts]
            start = time.perf_counter()
            self._llm_generate(prompts, call.params, lora_request=call.adapters, use_tqdm=False)
            add_round(times, call.kind, len(prompts), time.perf_counter() - start)
        return times

    def reset_prefix_cache(self) -> None:
        """Empty the engine's prefix cache."""
        if not self.llm.reset_prefix_cache():
            raise RuntimeError("the prefix cache could not be reset")

    def add_answers(self, num: int, seconds: float | None) -> None:
        """Add the time since the last round, including the world's and the log's share."""
        now = time.perf_counter()
        add_round(self._times, self._kind, num, now - self._mark)
        self._mark = now

    def _note_jobs(self, jobs: Sequence[Any]) -> Any:
        kinds = {"choice" if job.labels else "text" for job in jobs}
        self._kind = kinds.pop() if len(kinds) == 1 else "mixed"
        self._people = [job.prompt.user.split("\n\n", 1)[0] for job in jobs]
        return self._engine_generate(jobs)

    def _record_call(self, prompts: Any, params: Any, lora_request: Any = None, **options: Any) -> Any:
        ids = [prompt["prompt_token_ids"] for prompt in prompts]
        adapters = list(lora_request or [None] * len(ids))
        self._calls.append(EngineCall(self._kind, ids, list(params), self._people, adapters))
        return self._llm_generate(prompts, params, lora_request=lora_request, **options)


def save_calls(file: Path, calls: Sequence[EngineCall]) -> None:
    """Write calls for other processes."""
    file.write_bytes(msgspec.msgpack.encode(calls))


def load_calls(file: Path) -> list[EngineCall]:
    """Read what `save_calls` wrote."""
    from vllm import SamplingParams
    from vllm.lora.request import LoRARequest

    # EngineCall's fields are Any, so the types are spelled out for the decoder
    rows = tuple[str, list[list[int]], list[SamplingParams], list[str], list[LoRARequest | None]]
    return [EngineCall(*row) for row in msgspec.msgpack.decode(file.read_bytes(), type=list[rows])]


@contextmanager
def _time_parts(parts: PartSeconds, llm: Any) -> Generator[None]:
    """Time the parts of a run by wrapping functions."""
    functions: Mapping[str, tuple[Any, str]] = {
        "engine": (llm, "generate"),
        "log": (DecisionLog, "append"),
        "cache get": (AnswerCache, "get"),
        "cache put": (AnswerCache, "add"),
        "cache keys": (language.LanguageMind, "_cache_key"),
        "prompts": (language, "render"),
        "tokens": (PromptTokenizer, "encode"),
        "mind": (MindRouter, "answer"),
    }
    with ExitStack() as stack:
        for part, (owner, name) in functions.items():
            stack.enter_context(patch_attribute(owner, name, add_clock(getattr(owner, name), parts, part)))
        yield
