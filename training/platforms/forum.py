"""Forums, such as Reddit: posts and comments in communities."""

from training.persons.poster_templates import Medium
from training.persons.profiles import PosterProfiles
from training.sources.platform import Platform

PLATFORM = Platform("forum", PosterProfiles(Medium("a forum", "posts and comments")))
