"""People who heed only those who already think alike: bounded confidence, as rule agents of the opinion world.

    python -m sandbox run world=opinion mind=bounded_confidence mind.tolerance=20 world.num_seen=1

With `world.num_seen=1`, everybody meets one other person in each step and goes half of the way if their opinions differ
by less than the tolerance: the model of Deffuant, Neau, Amblard and Weisbuch (2000, doi:10.1142/S0219525900000078),
except that the other moves only when their own turn comes. If all can meet and opinions begin evenly over a range R,
about R / (2 tolerance) clusters remain.
"""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from sandbox.core import Choose, MindContext, Question, Reply
from sandbox.core.mind import RuleMind
from sandbox.errors import ConfigError
from sandbox.settings import Settings, validate


class BoundedConfidenceSettings(Settings):
    """Settings of `BoundedConfidence`."""

    tolerance: float = Field(gt=0)
    """Difference between opinions, in their unit, from which on the others are ignored."""
    pace: float = Field(gt=0, le=1)
    """Share of the way to the others that people go, the nearest step."""


class BoundedConfidence(RuleMind):
    """People who move towards those within their tolerance, and do not move otherwise."""

    name = "bounded_confidence"

    @classmethod
    def check(cls, settings: Mapping[str, Any], model: str) -> None:
        """Raise `ConfigError` if a setting is unknown or out of bounds."""
        validate(BoundedConfidenceSettings, settings, f"mind={cls.name}")

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: MindContext) -> Self:
        """Take the world's rules, except for how people revise.

        Raises:
            ConfigError: A setting is unknown or out of bounds, or people of the world revise nothing.
        """
        checked = validate(BoundedConfidenceSettings, settings, f"mind={cls.name}")
        if "revise" not in context.rules:
            raise ConfigError(
                f"mind={cls.name} answers how opinions are revised, but this world asks {', '.join(context.rules)}; "
                "use it with world=opinion"
            )

        def revise(question: Question[Any]) -> Reply:
            form, facts = question.form, question.facts
            keys = [float(option.key) for option in form.options] if isinstance(form, Choose) else []
            heeds = facts["follows"] and abs(facts["others"] - facts["own"]) < checked.tolerance
            aim = min(keys, key=lambda step: abs(step - checked.pace)) if heeds else 0.0
            return [float(step == aim) for step in keys]

        return cls({**context.rules, "revise": revise})
