"""Reviews of products that their writers bought, such as Amazon's."""

from datetime import date

from training.persons.profiles import ReviewerProfiles
from training.sources.platform import BASIC_FORMS, Platform

BEGINNING = date(1994, 1, 1)
"""Before the first shops and sites that published what their customers thought."""

PLATFORM = Platform(
    "reviews",
    ReviewerProfiles(),
    forms=BASIC_FORMS | {"purchase", "item_selection", "experience"},
    products="reviewed",
    since=BEGINNING,
)
