"""vLLM in this process: one `LLM.generate` a batch, adapters by request.

Measured choices for a two-core CPU stand in `benchmarks/README.md`. The engine runs in this process rather than a
child of it: it starts in seconds, nothing is left behind by a killed run, and both cores do arithmetic.
"""

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, PositiveInt

from agents.cache import AnswerCache
from agents.minds.language import Engine, Job, LanguageMind, Raw, Sampling
from agents.minds.text import Tokens
from agents.models import located, resolve
from agents.shipped import adapter_folder
from agents.weights import digest
from sandbox.errors import BackendError, ConfigError, unknown
from sandbox.mind import Context
from sandbox.validation import validated


class VllmSettings(Sampling):
    """Settings of `mind=base`; the engine's own names where they are its own."""

    adapters: dict[str, str]
    """LoRA adapter folders by the voice that speaks with them; `shipped` names the project's own HumanLLM."""
    speaker: str | None
    """Adapter that speaks for everybody without a voice of their own; null: the base."""
    dtype: str
    head_dtype: str
    """Type of the last layer, `model` for the model's own; the labels of choices are float32 in any case."""
    max_model_len: PositiveInt
    """Longest prompt with its answer, in tokens."""
    max_num_seqs: PositiveInt
    """Decisions in flight at once."""
    max_num_batched_tokens: PositiveInt
    """Tokens of one forward pass; at least `max_model_len`, because prompts are never split (see `_engine_args`)."""
    block_size: PositiveInt
    """Tokens of a block of the prefix cache."""
    enforce_eager: bool
    """False compiles the model: faster by half, but the first start takes a minute."""
    kv_cache_gib: float = Field(gt=0)
    """Memory of the prefix cache on a CPU."""
    gpu_memory_utilization: float = Field(gt=0, le=1)
    """Share of a GPU's memory that the engine takes."""
    max_lora_rank: PositiveInt


class VllmMind(LanguageMind):
    """People who answer through vLLM in this process."""

    name = "base"

    @classmethod
    def check(cls, settings: Mapping[str, Any], model: str) -> None:
        """Look at settings, adapters and the model's name."""
        checked = validated(VllmSettings, settings, "mind")
        if checked.speaker not in (None, *checked.adapters):
            raise ConfigError(f"mind.speaker: {unknown('adapter', str(checked.speaker), checked.adapters)}")
        located(model)
        for voice, named in checked.adapters.items():
            if not ((path := adapter_folder(named, model)) / "adapter_config.json").is_file():
                raise BackendError(f"mind.adapters.{voice}: {path} is no LoRA adapter: it has no adapter_config.json")

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: Context) -> Self:
        """Resolve the model and start the engine."""
        cls.check(settings, context.model)
        checked = validated(VllmSettings, settings, "mind")
        engine = VllmEngine(context.model, checked, context)
        cache = AnswerCache(context.cache) if context.cache else None
        return cls(engine, checked.sampling(), cache, checked.speaker or "")


class VllmEngine(Engine):
    """One vLLM engine."""

    writing: ClassVar[str] = "ends with a turn"

    def __init__(self, model: str, settings: VllmSettings, context: Context) -> None:
        _quieten()
        self.settings = settings
        self._path = resolve(model)
        adapters = {voice: adapter_folder(named, model) for voice, named in settings.adapters.items()}
        context.say(f"starting vLLM with {model}")
        self._llm = _start(self._path, settings)
        self._tokens = Tokens(self._llm.get_tokenizer(), model)
        self._llm.apply_model(partial(_exact_labels, labels=self._tokens.labels))
        weights, types = f"{model}@{digest(self._path)[:12]}", unusual_types(settings)
        self._models = {voice: f"{weights}+{digest(str(path))[:12]}{types}" for voice, path in adapters.items()}
        self._base = weights + types
        self._lora = _lora_requests(adapters)

    def voices(self) -> tuple[str, ...]:
        """Its adapters."""
        return tuple(self.settings.adapters)

    def model(self, voice: str) -> str:
        """Name, hash of the weights, hash of the adapter, and types of numbers where they are not the usual ones."""
        return self._models.get(voice, self._base)

    def describe(self) -> dict[str, Any]:
        """Models with their hashes, and the engine's settings."""
        return {"model": self._base, "adapters": self._models, "engine": self.settings.model_dump()}

    def generate(self, jobs: Sequence[Job]) -> list[Raw | None]:
        """Run all jobs in one call."""
        prompts = [{"prompt_token_ids": ids} for ids in self._tokens.encode([job.prompt for job in jobs])]
        _check_lengths(prompts, jobs, self.settings.max_model_len)
        params = [self._params(job) for job in jobs]
        lora = [self._lora.get(job.voice) for job in jobs] if self._lora else None
        outputs = self._llm.generate(prompts, params, lora_request=lora, use_tqdm=False)
        return [self._raw(job, output) for job, output in zip(jobs, outputs, strict=True)]

    def _params(self, job: Job) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        if job.labels:
            wanted = self._tokens.label_ids(job.labels)
            return SamplingParams(max_tokens=1, temperature=0, logprob_token_ids=wanted, detokenize=False)
        return SamplingParams(
            max_tokens=job.max_tokens,
            temperature=job.sampling.text_temperature,
            top_p=job.sampling.top_p,
            min_p=job.sampling.min_p,
            seed=job.seed,
            stop=None if job.schema or job.many_lines else ["\n"],
            stop_token_ids=self._tokens.ends,
            structured_outputs=StructuredOutputsParams(json=job.schema) if job.schema else None,
        )

    def _raw(self, job: Job, output: Any) -> Raw:
        completion = output.outputs[0]
        logprobs = None
        if job.labels:
            by_token = completion.logprobs[0]
            logprobs = tuple(by_token[token].logprob for token in self._tokens.label_ids(job.labels))
        return Raw(
            logprobs,
            completion.text,
            completion.finish_reason != "length",
            len(output.prompt_token_ids),
            output.num_cached_tokens or 0,
            len(completion.token_ids),
        )

    def close(self) -> None:
        """Free the engine's memory."""
        self._llm.llm_engine.engine_core.shutdown()


def unusual_types(settings: VllmSettings) -> str:
    """The types of numbers that a model's name must tell, since answers depend on them."""
    found = {name: getattr(settings, name) for name in USUAL_TYPES}
    return "".join(f" {name}={value}" for name, value in found.items() if value != USUAL_TYPES[name])


USUAL_TYPES: Mapping[str, str] = {"dtype": "bfloat16", "head_dtype": "model"}
"""What a model's name leaves unsaid; to change one here gives every kept answer and every manifest another model."""


def _start(path: str, settings: VllmSettings) -> Any:
    try:
        from vllm import LLM
    except ModuleNotFoundError as error:
        raise BackendError(
            f"mind=base needs vLLM ({error.name} is missing): pip install -e '.[cpu]' or '.[gpu]'; without it, "
            "mind=rule, mind=random and mind=server work"
        ) from error
    try:
        return LLM(path, **_engine_args(settings))
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise BackendError(
            f"vLLM cannot start with model {path}: {reason}; `python -m sandbox doctor` says what this machine can do"
        ) from error


def _engine_args(settings: VllmSettings) -> dict[str, Any]:
    """Arguments of `vllm.LLM`.

    Chunked prefill is off: a prompt that is split over two passes crashes the CPU engine where the request has a
    seed ("CPU Generator does not use offset"), and whole prompts were no slower. There is one adapter slot more than
    adapters: on a CPU, a base person's rows in a mixed batch take the last slot (index -1), which must stay empty.
    """
    return {
        "dtype": settings.dtype,
        "max_model_len": settings.max_model_len,
        "max_num_seqs": settings.max_num_seqs,
        "max_num_batched_tokens": max(settings.max_num_batched_tokens, settings.max_model_len),
        "block_size": settings.block_size,
        "enforce_eager": settings.enforce_eager,
        "gpu_memory_utilization": settings.gpu_memory_utilization,
        "enable_chunked_prefill": False,
        "enable_prefix_caching": True,
        "disable_log_stats": True,
        "use_tqdm_on_load": False,
        "hf_overrides": {"head_dtype": settings.head_dtype},
        "enable_lora": bool(settings.adapters),
        "max_lora_rank": settings.max_lora_rank,
        "max_loras": len(settings.adapters) + 1,
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
        **_cpu_args(settings),
    }


def _exact_labels(model: Any, labels: Sequence[int]) -> None:
    """Make the model compute the logits of the labels in float32, whatever the type of its last layer.

    In bfloat16 logits near 16 are rounded to 1/8, so a choice's probabilities come in steps. A float32 last layer
    mends that too, but on a CPU vLLM converts the whole matrix at every pass; a choice needs only the labels' rows.
    """
    import torch
    from torch.nn.functional import linear

    processor = getattr(model.logits_processor, "base_layer", model.logits_processor)
    apply_head = processor._apply_head
    columns = list(labels)

    def applied(lm_head: Any, hidden_NH: torch.Tensor, bias_V: torch.Tensor | None) -> torch.Tensor:
        logits_NV = apply_head(lm_head, hidden_NH, bias_V).float()
        bias_L = None if bias_V is None else bias_V[columns].float()
        logits_NV[:, columns] = linear(hidden_NH.float(), lm_head.weight[columns].float(), bias_L)
        return logits_NV

    processor._apply_head = applied


def _cpu_args(settings: VllmSettings) -> dict[str, Any]:
    if _has_gpu():
        return {}
    memory = {"kv_cache_memory_bytes": int(settings.kv_cache_gib * 2**30)}
    if not settings.enforce_eager:
        return memory
    from agents.minds import lora
    from agents.minds.kernels import PRIORITY  # registers them

    lora.install()
    return {**memory, "ir_op_priority": PRIORITY}


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _lora_requests(adapters: Mapping[str, Path]) -> dict[str, Any]:
    from vllm.lora.request import LoRARequest

    return {voice: LoRARequest(voice, number, str(path)) for number, (voice, path) in enumerate(adapters.items(), 1)}


def _check_lengths(prompts: Sequence[Mapping[str, Any]], jobs: Sequence[Job], longest: int) -> None:
    for prompt, job in zip(prompts, jobs, strict=True):
        if (length := len(prompt["prompt_token_ids"]) + job.max_tokens) > longest:
            raise BackendError(f"a prompt needs {length} tokens but mind.max_model_len is {longest}; raise it")


def _quieten() -> None:
    """Keep the engine's and its libraries' notes out of the user's terminal; errors stay. Call before any import."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    for library in ("vllm", "transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"vllm\..*")


QUIET = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "auto",
    "VLLM_NO_USAGE_STATS": "1",
}
"""Environment of the engine, where the user has not said otherwise."""
