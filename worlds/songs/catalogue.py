"""Songs that nobody knows: invented titles and bands, a style, and how they sound."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sandbox.core.seeds import permutation

STYLES = ("folk", "indie rock", "punk", "electronic", "hip hop", "soul", "country", "metal")
SOUNDS = ("off-key and dull", "a bit flat", "pleasant", "catchy", "hard to forget")
"""How a song sounds to everybody, from the least appealing to the most."""
SOUND_STEP = 0.4
"""Difference in appeal between neighbouring sounds, in log odds of a download."""
NUM_FAVOURITES = 2
"""Styles that a person likes most."""

_FIRST = (
    "Paper", "Winter", "Copper", "Velvet", "Hollow", "Northern", "Borrowed", "Quiet", "Broken", "Electric", "Salt",
    "Crooked", "Early", "Distant", "Glass", "Sleepless",
)  # fmt: skip
_SECOND = (
    "Harbor", "Letters", "Orchard", "Signals", "Staircase", "Compass", "Windows", "Avenue", "Lanterns", "Machine",
    "Garden", "Tides", "Postcards", "Shadows", "Railway", "Feathers",
)  # fmt: skip
_BANDS = (
    "Foxes", "Engines", "Neighbors", "Astronauts", "Lighthouses", "Cartographers", "Sparrows", "Mechanics", "Tenants",
    "Gardeners", "Sailors", "Librarians", "Comets", "Carpenters", "Wolves", "Umbrellas",
)  # fmt: skip


class Song(NamedTuple):
    """One song."""

    number: int
    """0-based id."""
    title: str
    band: str
    style: str
    appeal: float
    """What everybody thinks of it, in log odds of a download; 0 on average."""
    sound: int
    """Place among `SOUNDS`."""

    def describe(self) -> str:
        """Return how the song reads on a page, without counts."""
        return f'"{self.title}" by {self.band} ({self.style}), {SOUNDS[self.sound]}'

    def recall(self) -> str:
        """Return its download as a listener remembers it."""
        return f'You downloaded "{self.title}" by {self.band} ({self.style}).'


def write_songs(number: int, appeal_spread: float, rng: np.random.Generator) -> list[Song]:
    """Return songs with titles, bands, styles and appeal at random; styles are equally common."""
    titles = rng.permutation(len(_FIRST) * len(_SECOND))[:number]
    bands = rng.permutation(len(_FIRST) * len(_BANDS))[:number]
    styles = rng.permutation([place % len(STYLES) for place in range(number)])
    appeals = rng.normal(0.0, appeal_spread, number)
    return [
        Song(
            number=place,
            title=f"{_FIRST[titles[place] % len(_FIRST)]} {_SECOND[titles[place] // len(_FIRST)]}",
            band=f"The {_FIRST[bands[place] % len(_FIRST)]} {_BANDS[bands[place] // len(_FIRST)]}",
            style=STYLES[styles[place]],
            appeal=float(appeals[place]),
            sound=sound_of(float(appeals[place])),
        )
        for place in range(number)
    ]


def sound_of(appeal: float) -> int:
    """Return the sound nearest to an appeal."""
    middle = len(SOUNDS) // 2
    return min(max(round(appeal / SOUND_STEP) + middle, 0), len(SOUNDS) - 1)


def favourite_styles(seed: int) -> Sequence[str]:
    """Return the styles that a person likes most, drawn from their seed."""
    return [STYLES[place] for place in permutation(len(STYLES), seed)[:NUM_FAVOURITES]]
