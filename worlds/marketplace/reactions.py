"""What should move what in the marketplace: the facts of one offer, of a purchase, and of a seller's listing.

An offer is varied by its facts, and its text follows. Which of the offers of a search is varied is drawn
from the question's seed, so that the place in the list says nothing.
"""

from collections.abc import Callable, Mapping
from math import log2
from typing import Any

from sandbox.core import (
    Choose,
    Level,
    PeopleSlope,
    Question,
    Reaction,
    Row,
    VariedFact,
    change_facts,
    expected_number,
    grid,
    log_odds,
    plain_fact,
)
from sandbox.core.seeds import uniform
from worlds.marketplace.experiences import EXPERIENCES
from worlds.marketplace.goods import STYLES, format_dollars, style_fit
from worlds.marketplace.offers import label_offer
from worlds.marketplace.people import NOBODY, PRICE_MOVES

PRICE_RATIOS = (0.5, 0.71, 1.0, 1.41, 2.0)
GOOD_RATING = 4.5
"""Stars from which more reviews should speak for an offer: above what a buyer expects of an unknown one."""
FINE = EXPERIENCES.index("fine")
EXTREMENESS = {EXPERIENCES[index]: abs(index - FINE) for index in (0, 1, FINE, 5, 6)}
"""By experience: steps away from `fine`."""


def varied_place(question: Question[Any]) -> int:
    """Return the 0-based place of the offer whose facts are varied."""
    return int(uniform(question.seed, b"varied offer") * len(question.facts["offers"]))


def varied_offer(question: Question[Any]) -> Row:
    """Return the facts of the offer that is varied."""
    return question.facts["offers"][varied_place(question)]


def change_offer(question: Question[Any], changes: Mapping[str, Any]) -> Question[Any]:
    """Return the question with other facts of the varied offer."""
    place, offers = varied_place(question), list(question.facts["offers"])
    offers[place] = {**offers[place], **changes}
    return change_facts(question, {"offers": offers}, {place: label_offer(offers[place])})


def offer_fact(name: str, applies: Callable[[Row], bool]) -> VariedFact:
    """Return how to vary a fact of the varied offer, where `applies` holds of it."""

    def read(question: Question[Any]) -> Any:
        offer = varied_offer(question)
        return offer[name] if applies(offer) else None

    return VariedFact(read, lambda question, value: change_offer(question, {name: value}))


def _read_price_ratio(question: Question[Any]) -> float | None:
    """Return 1, the price over itself, where the buyer could also pay the highest price of the grid."""
    price, cash = varied_offer(question)["price"], question.facts["cash"]
    is_payable = price is not None and (not cash or float(price) * PRICE_RATIOS[-1] <= _read_dollars(cash))
    return 1.0 if is_payable else None


def _write_price_ratio(question: Question[Any], ratio: float) -> Question[Any]:
    price = float(varied_offer(question)["price"] or 0)
    return change_offer(question, {"price": max(0.01, round(price * ratio, 2))})


def _read_fit(question: Question[Any]) -> float | None:
    style, own = str(varied_offer(question)["style"]), question.facts["style"]
    return style_fit(style, own) if style and own else None


def _write_fit(question: Question[Any], fit: float) -> Question[Any]:
    """Return the question with the offer in another style: the nearest one that fits the buyer's as well as that."""
    offer, own = varied_offer(question), question.facts["style"]
    style = min(STYLES, key=lambda style: (abs(style_fit(style, own) - fit), style != offer["style"]))
    title = str(offer["title"]).removeprefix(str(offer["style"]))
    return change_offer(question, {"style": style, "title": f"{style}{title}"})


def _write_margin(question: Question[Any], margin: float) -> Question[Any]:
    """Return the question with another cost at the same price and tax."""
    facts = question.facts
    if margin == facts["margin"]:
        return question
    kept = 100 * _read_dollars(facts["price"]) * (1 - float((facts["tax"] or "0%").removesuffix("%")) / 100)
    cost = max(1, round(kept * (1 - margin)))
    changes = {"margin": margin, "cost": format_dollars(cost), "earned": format_dollars(kept - cost)}
    return change_facts(question, changes)


def _read_dollars(text: str) -> float:
    return float(text.removeprefix("$").replace(",", ""))


def _friends_to_tell(question: Question[Any]) -> set[str]:
    form = question.form
    return {option.key for option in form.options} - {NOBODY[0]} if isinstance(form, Choose) else set()


def _is_rated(offer: Row) -> bool:
    return bool(offer["reviews"])


def _is_rated_well(offer: Row) -> bool:
    return float(offer["stars"] or 0) >= GOOD_RATING


_CHOSEN = log_odds(lambda question: {str(varied_offer(question)["id"])})
_TOLD = log_odds(_friends_to_tell)
_PRICE_CHANGE = expected_number({key: 100 * (move.change - move.discount) for key, move in PRICE_MOVES.items()})


def _choice_reaction(**parts: Any) -> Reaction:
    """Return a reaction of buyers to one fact of one offer."""
    return Reaction(
        effect="the choice of an offer",
        template="choose",
        outcome=_CHOSEN,
        outcome_label="log odds of choosing the offer",
        **parts,
    )


# Measured by `python -m experiments.facts.measure_reactions`.
CAR_BUYERS = PeopleSlope(
    -1.396,
    -1.576,
    -1.268,
    325,
    "Helveston et al. 2015, doi:10.1016/j.tra.2015.01.002: choices among three cars; conditional logit",
)
_HOUSEHOLDS = (
    "Jain, Vilcassim & Chintagunta 1994, doi:10.1080/07350015.1994.10524547: {goods} bought by households; "
    "conditional logit"
)
HOUSEHOLDS = (
    PeopleSlope(-1.831, -2.315, -1.435, 100, _HOUSEHOLDS.format(goods="yogurt")),
    PeopleSlope(-3.63, -4.025, -3.265, 300, _HOUSEHOLDS.format(goods="ketchup")),
    PeopleSlope(-1.915, -3.09, -0.823, 136, _HOUSEHOLDS.format(goods="crackers")),
)
REVIEWERS = PeopleSlope(
    0.418,
    0.329,
    0.528,
    209,
    "Amazon Reviews 2023, Hou et al. 2024, arXiv:2403.03952: stars of reviews whose text uses just one of the words "
    "for an experience; least squares",
)

STARS_BY_EXPERIENCE = Reaction(
    name="stars_by_experience",
    cause="the experience",
    effect="the stars given",
    template="stars",
    fact=plain_fact("experience"),
    levels=grid(EXPERIENCES),
    outcome=expected_number(),
    outcome_label="expected stars",
    unit="stars per step of experience",
    direction=1,
    source="Anderson & Sullivan 1993, doi:10.1287/mksc.12.2.125: satisfaction rises with perceived quality",
    people=REVIEWERS,
)
REACTIONS = (
    STARS_BY_EXPERIENCE,
    _choice_reaction(
        name="choice_by_price",
        cause="the price",
        fact=VariedFact(_read_price_ratio, _write_price_ratio),
        levels=tuple(Level(ratio, f"×{ratio:g}", log2(ratio)) for ratio in PRICE_RATIOS),
        unit="log odds per doubling of the price",
        direction=-1,
        source="McFadden 1974, doi:10.1016/0047-2727(74)90003-6: demand falls with the price",
        people=CAR_BUYERS,
        other_people=HOUSEHOLDS,
    ),
    _choice_reaction(
        name="choice_by_stars",
        cause="the number of stars shown",
        fact=offer_fact("stars", _is_rated),
        levels=grid((2.0, 3.0, 4.0, 5.0), (2, 3, 4, 5)),
        unit="log odds per star shown",
        direction=1,
        source="Chevalier & Mayzlin 2006, doi:10.1509/jmkr.43.3.345: better reviews raise sales",
    ),
    _choice_reaction(
        name="choice_by_reviews",
        cause="the number of good reviews",
        fact=offer_fact("reviews", _is_rated_well),
        levels=grid((1, 8, 64), (0, 3, 6)),
        unit="log odds per doubling of the number of reviews",
        direction=1,
        source="Chevalier & Mayzlin 2006, doi:10.1509/jmkr.43.3.345: more reviews raise sales",
    ),
    _choice_reaction(
        name="choice_by_tip",
        cause="a friend's word",
        fact=offer_fact("tip", lambda _: True),
        levels=(Level("terrible", "terrible", -1), Level("", "no word", 0), Level("excellent", "excellent", 1)),
        unit="log odds per step from a bad word to none to a good one",
        direction=1,
        source="Katz & Lazarsfeld 1955, Personal Influence: buyers follow what friends say",
    ),
    _choice_reaction(
        name="choice_by_friends",
        cause="the number of friends who bought it",
        fact=offer_fact("friends", lambda _: True),
        levels=grid((0, 1, 3), (0, 1, 2)),
        unit="log odds per doubling of one plus the number of friends",
        direction=1,
        source="Bikhchandani, Hirshleifer & Welch 1992, doi:10.1086/261849: people do what they see others do",
    ),
    _choice_reaction(
        name="choice_by_style",
        cause="how well the style fits",
        fact=VariedFact(_read_fit, _write_fit),
        levels=grid((0.0, 0.5, 1.0), (0, 1, 2)),
        unit="log odds per half of the way from the opposite style to one's own",
        direction=1,
        source="Salop 1979, doi:10.2307/3003323: buyers prefer what is near to their taste",
    ),
    Reaction(
        name="review_by_experience",
        cause="how extreme the experience was",
        effect="whether a review is written",
        template="review",
        fact=plain_fact("experience"),
        levels=grid(tuple(EXTREMENESS), tuple(EXTREMENESS.values())),
        outcome=log_odds(lambda _: {"yes"}),
        outcome_label="log odds of writing a review",
        unit="log odds per step away from a fine experience",
        direction=1,
        source="Hu, Zhang & Pavlou 2009, doi:10.1145/1562764.1562800: extreme experiences are reported more",
    ),
    Reaction(
        name="tell_by_experience",
        cause="how extreme the experience was",
        effect="whether a friend is told",
        template="tell",
        fact=plain_fact("experience"),
        levels=grid(tuple(EXTREMENESS), tuple(EXTREMENESS.values())),
        outcome=_TOLD,
        outcome_label="log odds of telling a friend",
        unit="log odds per step away from a fine experience",
        direction=1,
        source="Anderson 1998, doi:10.1177/109467059800100102: word of mouth is U-shaped in satisfaction",
    ),
    Reaction(
        name="price_by_sales",
        cause="the number of units sold",
        effect="the price that a seller sets",
        template="price",
        fact=plain_fact("sold"),
        levels=grid((0, 1, 3, 7), (0, 1, 2, 3)),
        outcome=_PRICE_CHANGE,
        outcome_label="expected change of the price (%)",
        unit="% per doubling of one plus the units sold",
        direction=1,
        source="Samuelson 1941, doi:10.2307/1906872: prices rise with excess demand",
    ),
    Reaction(
        name="price_by_margin",
        cause="the margin",
        effect="the price that a seller sets",
        template="price",
        fact=VariedFact(lambda question: question.facts["margin"], _write_margin),
        levels=tuple(Level(margin, f"{margin:.0%}", 10 * margin) for margin in (0.02, 0.2, 0.4, 0.6)),
        outcome=_PRICE_CHANGE,
        outcome_label="expected change of the price (%)",
        unit="% per 10 points of margin",
        direction=-1,
        source="Weyl & Fabinger 2013, doi:10.1086/670401: costs are passed on to prices",
    ),
)
