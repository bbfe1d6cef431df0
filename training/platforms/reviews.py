"""Reviews of products that their writers bought, such as Amazon's."""

from training.persons.profiles import ReviewerProfiles
from training.sources.platform import BASIC_FORMS, Platform

PLATFORM = Platform(
    "reviews", ReviewerProfiles(), forms=BASIC_FORMS | {"purchase", "item_selection"}, products="reviewed"
)
