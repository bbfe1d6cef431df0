"""Interventions in the song market: counts that are not true."""

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from sandbox.core import Intervention
from sandbox.errors import ConfigError
from worlds.songs.songs import Songs


@Songs.intervention("promote")
class Promote(Intervention[Songs]):
    """Add downloads that nobody made to a song, in all social worlds: `{step: 5, do: promote, song: 3, downloads: 50}`.

    Social worlds show them, and sort by them, from then on.
    """

    song: NonNegativeInt
    """0-based number of the song."""
    downloads: PositiveInt
    """Downloads that are added in each social world."""

    def check(self, world: Songs) -> None:
        """Raise `ConfigError` if there is no such song."""
        if self.song >= len(world.songs):
            raise ConfigError(f"promote: there is no song {self.song}; songs are numbered 0 to {len(world.songs) - 1}")

    def apply(self, world: Songs) -> None:
        """Add them."""
        world.counts[: world.params.num_social, self.song] += self.downloads


@Songs.intervention("invert")
class Invert(Intervention[Songs]):
    """Turn the ranking of all social worlds upside down: `{step: 5, do: invert}`.

    The song with most downloads gets the count of the one with fewest, the second that of the second last, and so on;
    later downloads are added (Salganik & Watts 2008, Social Psychology Quarterly 71, 338-355). Ties are broken by
    number.
    """

    def apply(self, world: Songs) -> None:
        """Exchange the counts."""
        for counts in world.counts[: world.params.num_social]:
            ranked = np.argsort(counts, kind="stable")
            counts[ranked] = counts[ranked[::-1]]
