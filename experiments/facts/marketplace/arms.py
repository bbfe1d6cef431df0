"""Which arms of a marketplace are compared with each other."""

from experiments.facts.evidence import ArmSettings
from experiments.facts.fact import Partner


def differ_only_in(arm: ArmSettings, reference: ArmSettings, names: frozenset[str]) -> bool:
    """Return whether two arms have the same mind and differ in the world, but only in some of these parameters."""
    differing = arm.differing_params(reference)
    return arm.mind == reference.mind and bool(differing) and differing <= names


def _is_voluntary_arm(arm: ArmSettings, candidate: ArmSettings) -> bool:
    return candidate.world.get("reviews") == "on" and differ_only_in(arm, candidate, frozenset({"reviews"}))


VOLUNTARY = Partner("an arm of the same mind that differs only in world.reviews=on", _is_voluntary_arm)
