"""Who a person is: `Profile`, what is stable about a person.

The four levels of HumanLLM (persona, profile, stories, writing style; Lei et al., KDD 2026) and figures.
"""

from functools import cached_property
from hashlib import blake2b
from typing import Annotated, TypeAlias

import msgspec

Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Profile(msgspec.Struct, frozen=True, dict=True):
    """One person of a population."""

    id: str
    persona: str
    """Who they are, in at most 100 words."""
    profile: str = ""
    """The same at length, 100 to 400 words."""
    stories: tuple[str, ...] = ()
    """Episodes from their life, oldest first."""
    writing_style: str = ""
    """How they write, in words."""
    tastes: dict[str, float] = {}
    """Weight of each category they care about; positive, sums to 1."""
    budget: float = 0.0
    """What they usually pay for one item, in the currency of the source (median); 0 if unknown."""
    activity: Share = 0.3
    """Probability of being active in a step: the share of days with a text or a basket, of months with a review."""
    star_shares: tuple[Share, Share, Share, Share, Share] | None = None
    """Share of 1, 2, 3, 4 and 5 stars among the ratings they gave; sums to 1."""
    words: int = 30
    """Median length of what they write, in words."""
    demographics: dict[str, str] = {}
    """Only what is known: age, gender, place, ..."""
    hours: tuple[float, ...] = ()
    """Share of what they did by hour of the day, 24 of them from midnight UTC; empty where unknown."""
    platform: str = ""
    """What kind of logs they come from: forum, microblog, blog, reviews or purchases; worlds may ask for one kind."""
    split: str = ""
    """Whether a model was trained on them: train, val or test; empty where unknown."""
    source: str = ""
    """Which real logs they were distilled from, such as `amazon_reviews_2023`."""

    def digest(self) -> bytes:
        """16-byte hash of the whole profile; computed once."""
        return self._digest

    @cached_property
    def _digest(self) -> bytes:
        return blake2b(_ENCODER.encode(self), digest_size=16).digest()


_ENCODER = msgspec.json.Encoder(order="sorted")
