"""Microblogs, such as Twitter: short messages and replies, without communities but sometimes about something."""

from datetime import date

from training.persons.poster_templates import Medium
from training.persons.profiles import PosterProfiles
from training.sources.platform import Platform

MEDIUM = Medium("a microblog", "short messages", preposition="about")
BEGINNING = date(2006, 3, 21)
"""Day of the first tweet."""

PLATFORM = Platform("microblog", PosterProfiles(MEDIUM), since=BEGINNING)
