"""Parameters of the feed."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from sandbox.core import WorldParams

Ranking: TypeAlias = Literal["chronological", "popularity", "similarity", "random", "bridging"]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
MAX_SHOWN = 20
"""Posts of a page: each is a question of its own."""


class FeedParams(WorldParams):
    """Parameters of a `Feed`; a step is about six hours."""

    fixed: ClassVar[frozenset[str]] = frozenset({"start_threads", "second_side", "openings"})

    issue: str = Field(min_length=1)
    """What people write about and are for or against."""
    openings: dict[Literal["for", "against"], Annotated[Sequence[str], Field(min_length=1)]]
    """Texts of the threads at the start, by the side of their authors; also what rule agents open threads with."""
    second_side: Share
    """Share of people who are against the issue; all others are for it."""
    start_threads: NonNegativeInt
    """Threads that are there at the start."""
    visits: PositiveFloat
    """Multiplies everybody's activity, the probability of a visit in a step."""
    num_shown: int = Field(ge=1, le=MAX_SHOWN)
    """Posts that a visitor is shown, one after another; nobody is shown a post twice or a post of their own."""
    window: PositiveInt
    """Steps for which a post can be shown after it was written."""
    ranking: Ranking
    """Which posts come first: the newest, those with the most votes for their age, those by people of the same side,
    any, or those with up-votes from both sides."""
    discovery: Share
    """Share of the places of a page that are filled from the posts of all people, rather than from those that people
    whom one follows wrote or shared. 1 is a forum, 0 a feed of followed people."""
    show_votes: bool
    """Whether people see up-votes minus down-votes."""
    seed_up: Share
    """Share of new posts that begin with one up-vote of nobody."""
    seed_down: Share
    """Share of new posts that begin with one down-vote of nobody."""

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if missing := {"for", "against"} - set(self.openings):
            raise ValueError(f"openings must have texts of both sides, found none of {missing.pop()!r}")
        if self.seed_up + self.seed_down > 1:
            raise ValueError(
                f"seed_up and seed_down must not sum to more than 1, found {self.seed_up + self.seed_down:g}"
            )
        return self
