"""Repeated public goods: people give to common funds, see what others gave, and may punish, reward, talk and leave.

The linear public-goods game (Isaac & Walker 1988, Quarterly Journal of Economics 103, 179-199): what members give to a
fund is multiplied and split evenly among them, so that all gain if all give, and each gains by giving nothing.
Punishment follows Fehr and Gächter (2000, doi:10.1257/aer.90.4.980); the settings are those that Alsobay, Rand, Watts
and Almaatouq (2025, arXiv:2508.17151) varied at random. The world is compared with 118 of their games, of 1,276 people.
On a social graph, every person leads a fund of their own that friends are members of (Santos, Santos & Pacheco 2008,
doi:10.1038/nature06940).
"""

from worlds.commons import interventions  # registers them
from worlds.commons.commons import Commons

__all__ = ["Commons", "interventions"]
