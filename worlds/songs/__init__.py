"""A market for songs that nobody knows: do counts of downloads make success unequal and unpredictable?

MusicLab (Salganik, Dodds & Watts 2006, doi:10.1126/science.1121066): people see unknown songs, in some worlds with the
number of earlier downloads in their own world, and download some. The model is compared with the downloads of
experiment 1, in eight social worlds and an independent one. On a social graph, people may see the downloads of their
friends instead.
"""

from worlds.songs import interventions  # registers them
from worlds.songs.songs import Songs

__all__ = ["Songs", "interventions"]
