"""Parameters of the song market."""

from typing import ClassVar, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from sandbox.core import WorldParams

MAX_PAGE = 24
"""Songs of a page: with `next page` and `leave`, a question about all of them stays legal."""
MAX_SONGS = 200
"""Songs that have a title and a band of their own."""


class SongsParams(WorldParams):
    """Parameters of `Songs`."""

    fixed: ClassVar[frozenset[str]] = frozenset({"num_songs", "appeal_spread", "num_social", "num_independent"})

    num_songs: int = Field(ge=2, le=MAX_SONGS)
    """Songs on offer, the same in all worlds."""
    appeal_spread: NonNegativeFloat
    """Standard deviation of the songs' appeal, in log odds of a download."""
    num_social: PositiveInt
    """Social worlds: their people may see how often a song was downloaded in their own world."""
    num_independent: NonNegativeInt
    """Independent worlds of the same size: their people see no counts."""
    cohort: float = Field(gt=0, le=1)
    """Share of each world's people who come in a step; when all have come, the first ones come again."""
    counts: Literal["world", "friends", "hidden"]
    """What people of social worlds see beside a song: downloads in their world, by their friends, or nothing."""
    order: Literal["random", "counts"]
    """Order of songs in social worlds: random for each visit, or most downloads first."""
    page_size: int = Field(ge=1, le=MAX_PAGE)
    """Songs of a page; people choose at most one of them."""
    num_compared: PositiveInt | None
    """Downloads at which worlds are compared and close; null: worlds stay open, and as many as each has count."""
