"""Microblogs, such as Twitter: short messages and replies, without communities but sometimes about something."""

from training.persons.poster_templates import Medium
from training.persons.profiles import PosterProfiles
from training.sources.platform import Platform

PLATFORM = Platform("microblog", PosterProfiles(Medium("a microblog", "short messages", preposition="about")))
