"""What should move what in the feed."""

from collections.abc import Sequence
from typing import Any

from sandbox.core import Level, PeopleSlope, Question, Reaction, VariedFact, change_facts, log_odds, plain_fact
from worlds.feed.person import SIDES

MUCHNIK = "Muchnik, Aral & Taylor 2013, doi:10.1126/science.1240466"


def _read_side(question: Question[Any]) -> bool:
    """Return whether reader and author are of the same side."""
    return question.facts["side"] == question.facts["author_side"]


def _write_side(question: Question[Any], is_same: bool) -> Question[Any]:
    """Return the question about a post by somebody of the same or of the other side."""
    side = question.facts["side"]
    return change_facts(question, {"author_side": side if is_same else SIDES[1 - SIDES.index(side)]})


SIDE_LEVELS: Sequence[Level] = (Level(False, "the other side", 0), Level(True, "the same side", 1))
UP_BY_SCORE = Reaction(
    name="up_by_score",
    cause="the score",
    effect="up-votes",
    template="react",
    fact=plain_fact("score"),
    levels=(Level(0, "0", 0), Level(1, "+1", 1)),
    outcome=log_odds(lambda _: {"up"}),
    outcome_label="log odds of voting up",
    unit="log odds of voting up, at a score of +1 rather than 0",
    direction=1,
    needs={"show_votes": True},
    source=f"{MUCHNIK}: one up-vote more makes the next reader 32 % likelier to vote up",
    people=PeopleSlope(0.295, 0.169, 0.422, 4049, f"{MUCHNIK}; +32 % of 5.13 %, interval from the numbers of comments"),
)
REACTIONS = (
    UP_BY_SCORE,
    Reaction(
        name="up_by_negative_score",
        cause="the negative score",
        effect="up-votes",
        template="react",
        fact=plain_fact("score"),
        levels=(Level(0, "0", 0), Level(-1, "-1", 1)),
        outcome=log_odds(lambda _: {"up"}),
        outcome_label="log odds of voting up",
        unit="log odds of voting up, at a score of -1 rather than 0",
        direction=1,
        needs={"show_votes": True},
        source=f"{MUCHNIK}: people correct a down-vote that they do not agree with",
    ),
    Reaction(
        name="sharing_by_side",
        cause="the author's side",
        effect="sharing",
        template="react",
        fact=VariedFact(_read_side, _write_side),
        levels=SIDE_LEVELS,
        outcome=log_odds(lambda _: {"share"}),
        outcome_label="log odds of sharing",
        unit="log odds of sharing, if the author is of the same side",
        direction=1,
        source="Wojcieszak et al. 2022, doi:10.1126/sciadv.abn9418: people share what their own side says",
    ),
)
