"""How good a purchase turned out, in words."""

EXPERIENCES = ("terrible", "poor", "somewhat disappointing", "fine", "good", "very good", "excellent")
"""Experience in words, evenly from 1 to 5 stars."""


def describe_experience(stars: float) -> str:
    """Return an experience from 1 to 5 stars as a word."""
    step = (stars - 1) / 4 * len(EXPERIENCES)
    return EXPERIENCES[min(len(EXPERIENCES) - 1, max(0, int(step)))]
