"""The stages of `synthesizer=llm`: after the figures of people, what a model says of them, its judge, and both as one.

An engine in this process (mind=base) works with launcher=local; with launcher=ray every worker asks for itself, so
name servers (mind=server) of which each has its own machine.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.prompt import SECTIONS
from sandbox.errors import ConfigError
from sandbox.validation import validated
from training.stages import Stage
from training.synthesis.asking import PROMPTS, AskConfig, mind_class
from training.synthesis.judge import JudgeConfig, bare, judge_unit, judge_units
from training.synthesis.people import people_unit, people_units
from training.synthesis.portions import portion_unit, portion_units
from training.synthesis.synthesizer import synthesis_unit, synthesis_units

if TYPE_CHECKING:
    from training.corpus import CorpusConfig

RENDERER = ("agents.prompt",)
"""The module by which a mind turns questions into text."""


def synthesis_stages(config: "CorpusConfig", persons: Stage) -> list[Stage]:
    """What comes after the figures of persons; the last one leaves the people."""
    check(config)
    prompts = [*sorted(PROMPTS.glob("*.txt")), *SECTIONS]
    size = {"records_per_unit": config.synthesis.records_per_unit}
    portions = Stage("portions", portion_unit, (persons,), portion_units, size)
    make = {"ask": _ask(config, config.mind, config.model), "make": config.synthesis.model_dump()}
    made = Stage("synthesis", synthesis_unit, (portions,), synthesis_units, make, prompts, RENDERER)
    judge = _ask(config, config.judge.mind, config.judge.model) if judges(config.judge) else None
    scored = {"ask": judge, "judge": config.judge.model_dump()}
    judged = Stage("judge", judge_unit, (made,), judge_units, scored, prompts, RENDERER)
    return [portions, made, judged, Stage("quality", people_unit, (judged,), people_units)]


def judges(judge: JudgeConfig) -> bool:
    """Whether anything is judged at all."""
    return any(any(thresholds.values()) for thresholds in (judge.thresholds, *judge.by_platform.values()))


def check(config: "CorpusConfig") -> None:
    """Raise `ConfigError` for what would fail only after hours.

    Raises:
        ConfigError: A mind or model is not named, prompts do not fit it, or a model would judge itself.
    """
    _check_mind(config.mind, config.model, config.synthesis.room(), "", "mind=base model=...")
    judge = config.judge
    if not judges(judge):
        return
    advice = "mind@judge.mind=server judge.model=..., or judge=none to keep all that passes the rules"
    _check_mind(judge.mind, judge.model, judge.room(), "judge.", advice)
    if bare(judge.model or "") == bare(config.model or "") and not judge.allow_self_judge:
        raise ConfigError(
            f"judge.model is {judge.model}, which makes the objects too: a model prefers its own; name another, or set "
            "judge.allow_self_judge=true"
        )


def _ask(config: "CorpusConfig", mind: dict[str, Any] | None, model: str | None) -> dict[str, Any]:
    return validated(AskConfig, {"mind": mind, "model": model, "cache": config.cache, "seed": config.seed}).model_dump()


def _check_mind(node: Mapping[str, Any] | None, model: str | None, needed: int, where: str, advice: str) -> None:
    if node is None or model is None:
        raise ConfigError(f"synthesizer=llm needs {where}mind and {where}model: {advice}")
    mind_class(node, f"{where}mind")
    room = node.get("max_model_len")
    if isinstance(room, int) and needed > room:
        raise ConfigError(
            f"prompts with their answers take up to {needed} tokens but {where}mind.max_model_len is {room}; raise it, "
            f"or show less of the source (max_source_tokens of {where.strip('.') or 'synthesis'})"
        )
