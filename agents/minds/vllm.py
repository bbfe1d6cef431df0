"""vLLM in this process: one `LLM.generate` per batch, adapters by request.

Measurements behind the choices for a two-core CPU are in `benchmarks/README.md`. The engine runs in this process and
not in a child process: it starts in seconds, a killed run leaves nothing behind, and all cores do arithmetic.
"""

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, PositiveInt

from agents.adapters import check_adapters, describe_other_base
from agents.cache import AnswerCache
from agents.minds.adapter_proof import prove_change
from agents.minds.exact_labels import compute_labels_in_float32
from agents.minds.language import Engine, Generation, Job, LanguageMind, Sampling
from agents.minds.shared_engine import EngineShelf
from agents.minds.tokenizer import PromptTokenizer
from agents.models import locate_model, resolve_model
from agents.shipped import adapter_folder
from agents.weights import weights_digest
from sandbox.core.mind import MindContext
from sandbox.errors import BackendError, ConfigError, unknown
from sandbox.settings import validate

USUAL_TYPES: Mapping[str, str] = {"dtype": "bfloat16", "head_dtype": "model"}
"""Number types that a model's name omits. Changing one here changes the model's name in every manifest and in the
keys of all cached answers."""
QUIET_ENVIRONMENT = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "auto",
    "VLLM_NO_USAGE_STATS": "1",
}
"""Environment of the engine, for variables that the user has not set."""


class VllmSettings(Sampling):
    """Settings of `mind=base`, with the engine's own names for its own settings."""

    adapters: dict[str, str]
    """LoRA adapter folders by name; `shipped` stands for the project's own HumanLLM."""
    default_adapter: str | None
    """Adapter for agents that are assigned no mind; null: the base model."""
    dtype: str
    head_dtype: str
    """Type of the last layer; `model`: the model's own type. The logits of labels are float32 in any case."""
    max_model_len: PositiveInt
    """Longest prompt with its answer, in tokens."""
    max_num_seqs: PositiveInt
    """Decisions in flight at once."""
    max_num_batched_tokens: PositiveInt
    """Tokens of one forward pass; at least `max_model_len`, because prompts are never split (see `_engine_args`)."""
    block_size: PositiveInt
    """Tokens of a block of the prefix cache."""
    enforce_eager: bool
    """False compiles the model: text is somewhat faster, but the start takes up to a minute longer."""
    kv_cache_gib: float = Field(gt=0)
    """Memory of the prefix cache on a CPU."""
    gpu_memory_utilization: float = Field(gt=0, le=1)
    """Share of a GPU's memory that the engine takes."""
    max_lora_rank: PositiveInt


class VllmMind(LanguageMind):
    """A mind that answers through vLLM in this process."""

    name = "base"

    @classmethod
    def check(cls, settings: Mapping[str, Any], model: str) -> None:
        """Check settings, adapters and the model's name."""
        checked = validate(VllmSettings, settings, "mind")
        if checked.default_adapter not in (None, *checked.adapters):
            raise ConfigError(
                f"mind.default_adapter: {unknown('adapter', str(checked.default_adapter), checked.adapters)}"
            )
        check_adapters(adapter_folders(checked, model), locate_model(model), checked.max_lora_rank)

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        """Resolve the model and start the engine."""
        cls.check(settings, context.model)
        checked = validate(VllmSettings, settings, "mind")
        engine = _SHELF.take(_shelf_key(context.model, checked), lambda: VllmEngine(context.model, checked, context))
        cache = AnswerCache(context.cache) if context.cache else None
        return cls(engine, checked.sampling_only(), cache, checked.default_adapter or "")


class VllmEngine(Engine):
    """One vLLM engine."""

    text_variant: ClassVar[str] = "ends with a turn"

    def __init__(self, model: str, settings: VllmSettings, context: MindContext) -> None:
        _silence_libraries()
        self.settings = settings
        self._key = _shelf_key(model, settings)
        self._path = resolve_model(model)
        folders = adapter_folders(settings, model)
        check_adapters(folders, self._path, settings.max_lora_rank)  # a named model may have been fetched just now
        for warning in filter(None, (describe_other_base(folder, model) for folder in folders.values())):
            context.notify(warning)
        context.notify(f"starting vLLM with {model}")
        self._llm = _start_engine(self._path, settings)
        self._tokenizer = PromptTokenizer(self._llm.get_tokenizer(), model)
        self._llm.apply_model(partial(compute_labels_in_float32, label_ids=self._tokenizer.letter_ids))
        self._base, self._models = name_models(model, self._path, settings)
        self._lora_requests = _make_lora_requests(folders)
        prove_change(self, tuple(folders), settings.sampling_only())
        self._llm.reset_prefix_cache()  # which leaves no trace of the proof

    def adapter_names(self) -> tuple[str, ...]:
        """Return the names of the adapters."""
        return tuple(self.settings.adapters)

    def model(self, adapter: str) -> str:
        """Return the name, hash of the weights, hash of the adapter, and number types that are not the usual ones."""
        return self._models.get(adapter, self._base)

    def describe(self) -> dict[str, Any]:
        """Return the models with their hashes, and the engine's settings."""
        return {"model": self._base, "adapters": self._models, "engine": self.settings.model_dump()}

    def generate(self, jobs: Sequence[Job]) -> list[Generation | None]:
        """Run all jobs in one call."""
        token_ids = self._tokenizer.encode([job.prompt for job in jobs])
        check_lengths([*map(len, token_ids)], jobs, self.settings.max_model_len)
        prompts = [{"prompt_token_ids": ids} for ids in token_ids]
        params = [self._sampling_params(job) for job in jobs]
        lora = [self._lora_requests.get(job.adapter) for job in jobs] if self._lora_requests else None
        outputs = self._llm.generate(prompts, params, lora_request=lora, use_tqdm=False)
        return [self._to_generation(job, output) for job, output in zip(jobs, outputs, strict=True)]

    def _sampling_params(self, job: Job) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        if job.labels:
            label_ids = self._tokenizer.label_ids(job.labels)
            return SamplingParams(max_tokens=1, temperature=0, logprob_token_ids=label_ids, detokenize=False)
        return SamplingParams(
            max_tokens=job.max_tokens,
            temperature=job.sampling.text_temperature,
            top_p=job.sampling.top_p,
            min_p=job.sampling.min_p,
            seed=job.seed,
            stop=None if job.schema or job.multiline else ["\n"],
            stop_token_ids=self._tokenizer.end_ids,
            structured_outputs=StructuredOutputsParams(json=job.schema) if job.schema else None,
        )

    def _to_generation(self, job: Job, output: Any) -> Generation:
        completion = output.outputs[0]
        logprobs = None
        if job.labels:
            by_token = completion.logprobs[0]
            logprobs = tuple(by_token[token].logprob for token in self._tokenizer.label_ids(job.labels))
        return Generation(
            logprobs,
            completion.text,
            completion.finish_reason != "length",
            len(output.prompt_token_ids),
            output.num_cached_tokens or 0,
            len(completion.token_ids),
        )

    def close(self) -> None:
        """Free the engine's memory, or leave it to the next run if runs share an engine."""
        self._llm.reset_prefix_cache()  # the next run's tokens are counted as if it were the first
        _SHELF.put_back(self._key, self)

    def stop(self) -> None:
        """Free the engine's memory."""
        self._llm.llm_engine.engine_core.shutdown()


_SHELF: EngineShelf[VllmEngine] = EngineShelf()
share_engine = _SHELF.open
"""Context in which runs that follow one another share an engine; see `agents.minds.shared_engine`."""


def _shelf_key(model: str, settings: VllmSettings) -> tuple[str, str]:
    return model, settings.model_dump_json()


def adapter_folders(settings: VllmSettings, model: str) -> dict[str, Path]:
    """Return the folder of each adapter, by name."""
    return {name: adapter_folder(adapter, model) for name, adapter in settings.adapters.items()}


def unusual_types(settings: VllmSettings) -> str:
    """Return the number types that a model's name must state, because answers depend on them."""
    types = {name: getattr(settings, name) for name in USUAL_TYPES}
    return "".join(f" {name}={value}" for name, value in types.items() if value != USUAL_TYPES[name])


def name_models(model: str, path: str, settings: VllmSettings) -> tuple[str, dict[str, str]]:
    """Return the names of a model that is loaded from `path`, and of its adapters; see `VllmEngine.model`."""
    weights, types = f"{model}@{weights_digest(path)[:12]}", unusual_types(settings)
    digests = {name: weights_digest(str(folder))[:12] for name, folder in adapter_folders(settings, model).items()}
    return weights + types, {name: f"{weights}+{digest}{types}" for name, digest in digests.items()}


def _start_engine(path: str, settings: VllmSettings) -> Any:
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
    """Return the arguments of `vllm.LLM`.

    Chunked prefill is off: if a request has a seed and its prompt is split over two passes, the CPU engine crashes
    ("CPU Generator does not use offset"); unsplit prompts were no slower. There is one adapter slot more than there
    are adapters: on a CPU, the base model's rows in a mixed batch use the last slot (index -1), which must stay empty.
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


def _cpu_args(settings: VllmSettings) -> dict[str, Any]:
    if has_gpu():
        return {}
    memory = {"kv_cache_memory_bytes": int(settings.kv_cache_gib * 2**30)}
    if not settings.enforce_eager:
        return memory
    from agents.minds import lora
    from agents.minds.kernels import PRIORITY  # importing the module registers the kernels

    lora.install()
    return {**memory, "ir_op_priority": PRIORITY}


def has_gpu() -> bool:
    """Return whether the engine will run on a GPU."""
    import torch

    return torch.cuda.is_available()


def _make_lora_requests(folders: Mapping[str, Path]) -> dict[str, Any]:
    from vllm.lora.request import LoRARequest

    return {name: LoRARequest(name, number, str(path)) for number, (name, path) in enumerate(folders.items(), 1)}


def check_lengths(lengths: Sequence[int], jobs: Sequence[Job], limit: int) -> None:
    """Raise `BackendError` if a prompt, given its tokens, does not leave room for its answer."""
    for prompt_tokens, job in zip(lengths, jobs, strict=True):
        if (length := prompt_tokens + job.max_tokens) > limit:
            raise BackendError(f"a prompt needs {length} tokens but mind.max_model_len is {limit}; raise it")


def _silence_libraries() -> None:
    """Keep the notices of the engine and its libraries off the terminal; errors stay. Call before importing them."""
    for name, value in QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for library in ("vllm", "transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"vllm\..*")
