"""Rule agents in place of a language model: they answer, and what the model would have read and written is counted.

Everything but the engine is the real thing: prompts, chat template, tokenizer, sampling, answer cache and adapters are
those of the mind that a run would start. Of vLLM, the blocks of its prefix cache are kept (`PrefixCache`). Nothing is
started, fetched, sent or stored.
"""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from agents.cache import AnswerCache
from agents.minds.human import HumanMind, HumanSettings, resolve_others
from agents.minds.language import Engine, Generation, Job, LanguageMind, Sampling
from agents.minds.prefix_cache import PrefixCache
from agents.minds.server import ServerMind
from agents.minds.server_settings import ServerSettings
from agents.minds.tokenizer import PromptTokenizer
from agents.minds.vllm import VllmEngine, VllmMind, VllmSettings, check_lengths, has_gpu, name_models
from agents.models import MODELS, is_prepared, locate_model
from sandbox.core.answer import Answer
from sandbox.core.mind import Mind, MindContext, RuleMind, Rules
from sandbox.core.question import Question
from sandbox.prompting.render import Prompt
from sandbox.settings import validate

Encode: TypeAlias = Callable[[Sequence[Prompt]], Sequence[Sequence[Hashable]]]
"""Cuts prompts into tokens."""
OWN_PACKAGES = ("sandbox", "worlds", "experiments")
"""Packages whose minds cost nothing: they answer for themselves."""
SERVER_BLOCK_SIZE = 16
"""Tokens of a block of the prefix cache of `vllm serve`, by its default."""
BYTES_PER_TOKEN = 3
"""Bytes of a token in the upper bound; see `sandbox.core.memory.count_tokens`."""
PLAIN_SAMPLING = Sampling(temperature=1.0, text_temperature=1.0, top_p=1.0, min_p=0.0)


class Reading(NamedTuple):
    """How a mind's prompts are counted."""

    model: str
    """The model as a run's manifest names it, without its hash; empty: not known before a server is asked."""
    is_exact: bool
    """Whether tokens are the model's own; otherwise they are an upper bound."""
    has_prefix_cache: bool
    """Whether the prefix cache is counted."""
    knows_answers: bool
    """Whether the answer cache was looked up."""
    urls: tuple[str, ...] = ()
    """Of servers; empty: the model would run on this machine, in the run's own process."""


class CountingEngine(Engine):
    """Counts what an engine would read and write at most, and runs nothing."""

    def __init__(
        self, encode: Encode, prefixes: PrefixCache | None, base: str, adapters: Mapping[str, str], max_tokens: int = 0
    ) -> None:
        """Take over what is counted with.

        Args:
            encode: Cuts prompts into tokens.
            prefixes: The prefix cache; None: none.
            base: Name of the base model, as answers have it.
            adapters: The same of each adapter, by name.
            max_tokens: Longest prompt with its answer, in tokens; 0: not checked.
        """
        self._encode, self._prefixes = encode, prefixes
        self._base, self._adapters = base, adapters
        self._max_tokens = max_tokens

    def adapter_names(self) -> tuple[str, ...]:
        """Return the names of the adapters."""
        return tuple(self._adapters)

    def model(self, adapter: str) -> str:
        """Return the name of the model or adapter."""
        return self._adapters.get(adapter, self._base)

    def describe(self) -> dict[str, Any]:
        """Return the names of the models."""
        return {"model": self._base, "adapters": dict(self._adapters)}

    def generate(self, jobs: Sequence[Job]) -> list[Generation | None]:
        """Return the tokens of each job: those of its prompt, those that the prefix cache serves, and at most written.

        Raises:
            BackendError: A prompt is longer than the model takes, so the run would stop there.
        """
        prompts = self._encode([job.prompt for job in jobs])
        if self._max_tokens:
            check_lengths([*map(len, prompts)], jobs, self._max_tokens)
        return [self._count(*pair) for pair in zip(jobs, prompts, strict=True)]

    def _count(self, job: Job, tokens: Sequence[Hashable]) -> Generation:
        adapter = job.adapter if job.adapter in self._adapters else ""
        cached_tokens = self._prefixes.read(tokens, adapter) if self._prefixes is not None else 0
        return Generation(prompt_tokens=len(tokens), cached_tokens=cached_tokens, output_tokens=job.max_tokens)


class CountingVllm(CountingEngine):
    """The same of vLLM in this process, whose answers the answer cache may hold."""

    text_variant = VllmEngine.text_variant


class KnownAnswers(AnswerCache):
    """The answer cache, to read from: what rule agents answer is never stored."""

    def add(self, answers: Mapping[bytes, Answer]) -> None:
        """Store nothing."""


class StandIn(LanguageMind):
    """Answers by rules in place of a language model, with the token counts of the questions that the model would get.

    What the answer cache holds is answered from there, as in the run.
    """

    def __init__(
        self, name: str, engine: Engine, rules: Rules, sampling: Sampling, default_adapter: str, cache: Path | None
    ) -> None:
        """Take the place of the mind of this name.

        Args:
            name: Its name.
            engine: Counts its tokens.
            rules: The world's rules.
            sampling: How it draws answers, on which the keys of the answer cache depend.
            default_adapter: See `LanguageMind`.
            cache: File of the answer cache; None: there is none, or no answer in it can be found.
        """
        super().__init__(engine, sampling, None if cache is None else KnownAnswers(cache), default_adapter)
        self.name = name
        self._rules = RuleMind(rules)

    def _ask_engine(self, questions: Sequence[Question[Any]], jobs: Sequence[Job]) -> list[Answer]:
        if not jobs:
            return []
        answers, generations = self._rules.answer(questions), self.engine.generate(jobs)
        return [self._add_counts(*parts) for parts in zip(answers, jobs, generations, strict=True)]

    def _add_counts(self, answer: Answer, job: Job, generation: Generation | None) -> Answer:
        counts = generation or Generation()
        return msgspec.structs.replace(
            answer,
            mind=job.adapter or self.name,
            model=self.engine.model(job.adapter),
            prompt_tokens=counts.prompt_tokens,
            cached_tokens=counts.cached_tokens,
            output_tokens=counts.output_tokens,
        )


class StandIns:
    """Builds minds for an estimate, and remembers how the prompts of each are counted."""

    def __init__(self) -> None:
        self.readings: dict[str, Reading] = {}
        """By name of the mind, with a number behind a name that is taken; only of minds that would cost something."""

    def build(self, kind: type[Mind], settings: dict[str, Any], context: MindContext) -> Mind:
        """Build a mind that costs nothing; of any other, the stand-in. It is a `MindBuilder`."""
        if kind.__module__.partition(".")[0] in OWN_PACKAGES:
            return kind.build(settings, context)
        if issubclass(kind, HumanMind):  # a person costs nothing here; the others may
            others, node = resolve_others(validate(HumanSettings, settings, "mind"))
            return self.build(others, node, context)
        if issubclass(kind, VllmMind):
            reading, stand_in = _stand_in_for_vllm(kind, validate(VllmSettings, settings, "mind"), context)
        elif issubclass(kind, ServerMind):
            reading, stand_in = _stand_in_for_server(kind, validate(ServerSettings, settings, "mind"), context)
        else:
            reading = Reading(kind.name, is_exact=False, has_prefix_cache=False, knows_answers=False)
            engine = CountingEngine(cut_by_bound, None, kind.name, {})
            stand_in = StandIn(kind.name, engine, context.rules, PLAIN_SAMPLING, "", None)
        is_new = kind.name not in self.readings
        self.readings[kind.name if is_new else f"{kind.name} ({len(self.readings) + 1})"] = reading
        return stand_in


def _stand_in_for_vllm(kind: type[Mind], settings: VllmSettings, context: MindContext) -> tuple[Reading, StandIn]:
    path = locate_model(context.model)
    tokenizer = load_tokenizer(context.model, context.notify)
    prefixes = PrefixCache(settings.block_size, _count_blocks(Path(path), settings))
    cache = context.cache if context.cache is not None and context.cache.is_file() else None
    if cache is None:  # no answer is looked for, so nobody needs the hashes of the weights
        base, adapters = context.model, {name: f"{context.model}+{name}" for name in settings.adapters}
    else:
        base, adapters = name_models(context.model, path, settings)
    encode, longest = (cut_by_bound, 0) if tokenizer is None else (tokenizer.encode, settings.max_model_len)
    engine = CountingVllm(encode, prefixes, base, adapters, longest)
    reading = Reading(context.model, tokenizer is not None, True, context.cache is not None)
    default_adapter = settings.default_adapter or ""
    return reading, StandIn(kind.name, engine, context.rules, settings.sampling_only(), default_adapter, cache)


def _stand_in_for_server(kind: type[Mind], settings: ServerSettings, context: MindContext) -> tuple[Reading, StandIn]:
    """Return the stand-in for a server, which is not asked what it serves or has cached."""
    tokenizer = load_tokenizer(settings.tokenizer, context.notify) if settings.tokenizer else None
    base = settings.served_model or kind.name
    encode, prefixes = (cut_by_bound, None) if tokenizer is None else (tokenizer.encode, PrefixCache(SERVER_BLOCK_SIZE))
    engine = CountingEngine(encode, prefixes, base, settings.adapters)
    model, urls = settings.served_model or "", tuple(settings.urls)
    reading = Reading(model, tokenizer is not None, prefixes is not None, False, urls)
    return reading, StandIn(kind.name, engine, context.rules, settings.sampling_only(), "", None)


def load_tokenizer(model: str, notify: Callable[[str], None]) -> PromptTokenizer | None:
    """Return the tokenizer of a model, without fetching anything; None where it is not on this machine."""
    path = locate_model(model)
    if model in MODELS and not is_prepared(model):
        return None
    notify(f"loading the tokenizer of {model}")
    try:
        from transformers import AutoTokenizer

        return PromptTokenizer(AutoTokenizer.from_pretrained(path, local_files_only=True), model)
    except (ModuleNotFoundError, OSError, ValueError):
        return None


def cut_by_bound(prompts: Sequence[Prompt]) -> list[list[Hashable]]:
    """Cut prompts into as many parts as the bound of `Prompt.num_tokens` counts, so that equal beginnings are equal."""
    return [[token for part in prompt for token in _cut(part)] for prompt in prompts]


def _cut(text: str) -> list[Hashable]:
    content = text.encode()
    starts = range(0, len(content) // BYTES_PER_TOKEN * BYTES_PER_TOKEN, BYTES_PER_TOKEN)
    return [*(content[start : start + BYTES_PER_TOKEN] for start in starts), content[len(starts) * BYTES_PER_TOKEN :]]


def _count_blocks(folder: Path, settings: VllmSettings) -> int | None:
    """Return how many blocks the engine's memory holds; None on a GPU, and where the model's shape is not known."""
    try:
        shape = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        heads = shape.get("num_key_value_heads") or shape["num_attention_heads"]
        size = shape.get("head_dim") or shape["hidden_size"] // shape["num_attention_heads"]
        values = 2 * shape["num_hidden_layers"] * heads * size  # keys and values
        if has_gpu():
            return None
    except (OSError, ValueError, KeyError, TypeError, ModuleNotFoundError):
        return None
    num_bytes = values * (4 if settings.dtype == "float32" else 2)
    return int(settings.kv_cache_gib * 2**30) // (num_bytes * settings.block_size)
