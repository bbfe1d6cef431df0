"""Purchases without words, such as a supermarket's log."""

from datetime import date

from training.persons.profiles import ShopperProfiles
from training.sources.platform import BASIC_FORMS, Platform

CURRENCY = "NT$"
"""New Taiwan dollar: the one source so far is a Taiwanese supermarket's log."""

BEGINNING = date(1974, 6, 26)
"""Day on which the first bar code was scanned in a shop."""

PLATFORM = Platform(
    "purchases",
    ShopperProfiles(CURRENCY),
    forms=BASIC_FORMS | {"purchase"},
    products="bought",
    currency=CURRENCY,
    since=BEGINNING,
)
