"""Blogs: long entries with a date, on pages of one's own where nobody answers."""

from datetime import date

from training.persons.poster_templates import Medium
from training.persons.profiles import PosterProfiles
from training.sources.platform import Platform

MEDIUM = Medium("a blog of your own", "entries", has_communities=False, has_replies=False, has_hours=False)

BEGINNING = date(1994, 1, 1)
"""The first pages that are called blogs, such as Justin Hall's."""

PLATFORM = Platform("blog", PosterProfiles(MEDIUM), since=BEGINNING)
