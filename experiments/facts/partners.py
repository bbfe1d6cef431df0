"""Comparison arms of facts about a difference: arms of the same mind that differ in a setting of the world."""

from typing import Any

from experiments.facts.evidence import ArmSettings
from experiments.facts.fact import Partner


def arm_with(name: str, value: Any) -> Partner:
    """Return the comparison arm of the same mind that differs only in one parameter of the world.

    Args:
        name: Parameter that differs.
        value: What it is in the comparison arm.
    """

    def matches(arm: ArmSettings, candidate: ArmSettings) -> bool:
        differing = arm.differing_params(candidate)
        is_control = candidate.world.get(name) == value
        return is_control and arm.mind == candidate.mind and differing == {name}

    setting = str(value).lower() if isinstance(value, bool) else value
    return Partner(f"an arm of the same mind that differs only in world.{name}={setting}", matches)
