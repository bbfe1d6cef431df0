"""The stages of `synthesizer=llm`: after people's figures, what a model writes about them, its judge, and both joined.

An engine in this process (mind=base) works with launcher=local. With launcher=ray every worker asks on its own, so name
servers (mind=server), each of which has its own machine.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.errors import ConfigError
from sandbox.prompting.render import SECTION_FILES
from sandbox.settings import validate
from training.corpus.config import CorpusConfig
from training.pipeline.folders import derived_files, per_file, per_portion, same_file, table_named_after_unit
from training.pipeline.stages import Stage
from training.synthesis.judge import JudgeConfig, judge_unit, model_basename
from training.synthesis.people import people_unit
from training.synthesis.portions import portion_unit
from training.synthesis.questions import PROMPTS, AskConfig, resolve_mind_class
from training.synthesis.synthesizer import synthesis_unit

RENDERER = "sandbox.prompting.render"
"""The module with which a mind turns questions into text."""


def list_synthesis_stages(config: CorpusConfig, persons: Stage, platform_modules: Sequence[str]) -> list[Stage]:
    """Return the stages after the figures of persons; the last one leaves the people.

    Args:
        config: The corpus's settings.
        persons: The stage with the figures of persons.
        platform_modules: Modules that declare the platforms of the sources.
    """
    check_synthesis(config)
    prompts = [*sorted(PROMPTS.glob("*.txt")), *SECTION_FILES]
    portions = Stage(
        "portions",
        portion_unit,
        after=(persons,),
        units=per_file(
            "persons",
            "person",
            person=same_file("persons", "person"),
            record=same_file("clean", "record"),
            decided=table_named_after_unit("split"),
        ),
        settings={"records_per_unit": config.synthesis.records_per_unit},
    )
    synthesis = Stage(
        "synthesis",
        synthesis_unit,
        after=(portions,),
        units=per_portion("portions"),
        settings={"ask": _ask_settings(config, config.mind, config.model), "make": config.synthesis.model_dump()},
        source_files=prompts,
        modules=[RENDERER, *platform_modules],
    )
    judge_asks = _ask_settings(config, config.judge.mind, config.judge.model) if is_judging(config.judge) else None
    judge = Stage(
        "judge",
        judge_unit,
        after=(synthesis,),
        units=per_file(
            "synthesis", "object", object=same_file("synthesis", "object"), post=same_file("synthesis", "post")
        ),
        settings={"ask": judge_asks, "judge": config.judge.model_dump()},
        source_files=prompts,
        modules=[RENDERER],
    )
    people = per_file(
        "persons", "person", person=same_file("persons", "person"), object=derived_files("judge", "object")
    )
    return [portions, synthesis, judge, Stage("quality", people_unit, (judge,), people)]


def is_judging(judge: JudgeConfig) -> bool:
    """Return whether anything is judged at all."""
    return any(any(thresholds.values()) for thresholds in (judge.thresholds, *judge.by_platform.values()))


def check_synthesis(config: CorpusConfig) -> None:
    """Raise `ConfigError` for what would fail only after hours.

    Raises:
        ConfigError: A mind or model is not named, prompts do not fit its context, or a model would judge itself.
    """
    _check_mind(config.mind, config.model, config.synthesis.max_prompt_tokens(), "", "mind=base model=...")
    judge = config.judge
    if not is_judging(judge):
        return
    advice = "mind@judge.mind=server judge.model=..., or judge=none to keep all that passes the rules"
    _check_mind(judge.mind, judge.model, judge.max_prompt_tokens(), "judge.", advice)
    if model_basename(judge.model or "") == model_basename(config.model or "") and not judge.allow_self_judge:
        raise ConfigError(
            f"judge.model is {judge.model}, which makes the objects too: a model prefers its own; name another, or set "
            "judge.allow_self_judge=true"
        )


def _ask_settings(config: CorpusConfig, mind: dict[str, Any] | None, model: str | None) -> dict[str, Any]:
    return validate(AskConfig, {"mind": mind, "model": model, "cache": config.cache, "seed": config.seed}).model_dump()


def _check_mind(node: Mapping[str, Any] | None, model: str | None, num_tokens: int, where: str, example: str) -> None:
    if node is None or model is None:
        raise ConfigError(f"synthesizer=llm needs {where}mind and {where}model: {example}")
    resolve_mind_class(node, f"{where}mind")
    context = node.get("max_model_len")
    if isinstance(context, int) and num_tokens > context:
        raise ConfigError(
            f"prompts with their answers take up to {num_tokens} tokens but {where}mind.max_model_len is {context}; "
            f"raise it, or show less of the source (max_source_tokens of {where.strip('.') or 'synthesis'})"
        )
