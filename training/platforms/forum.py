"""Forums, such as Reddit: posts and comments in communities."""

from datetime import date

from training.persons.poster_templates import Medium
from training.persons.profiles import PosterProfiles
from training.sources.platform import Platform

BEGINNING = date(1980, 1, 1)
"""Usenet began in this year."""

PLATFORM = Platform("forum", PosterProfiles(Medium("a forum", "posts and comments")), since=BEGINNING)
