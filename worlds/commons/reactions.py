"""What should move what in the commons."""

from collections.abc import Sequence
from typing import Any

from sandbox.core import Level, PeopleSlope, Question, Reaction, VariedFact, change_facts, log_odds
from sandbox.core.seeds import uniform
from worlds.commons.member import LEAVE, label_target, option_keys

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares of the endowment."""


def _read_others(question: Question[Any]) -> float | None:
    """Return what the others gave on average, as a share of the endowment; None in the first round."""
    facts = question.facts
    return None if facts["others_mean"] is None else facts["others_mean"] / facts["endowment"]


def _write_others(question: Question[Any], share: float) -> Question[Any]:
    """Return the question after a round in which all others gave the same."""
    facts = question.facts
    if share == _read_others(question):
        return question
    coins = round(share * facts["endowment"])
    return change_facts(question, {"others": [coins] * len(facts["others"]), "others_mean": float(coins)})


def _expected_share(question: Question[Any], probs: Sequence[float]) -> float:
    """Return the expected contribution of those who stay, as a share of the endowment."""
    amounts = [(int(key), prob) for key, prob in zip(option_keys(question), probs, strict=True) if key != LEAVE]
    total = sum(prob for _, prob in amounts)
    return sum(coins * prob for coins, prob in amounts) / (total * question.facts["endowment"])


def _varied_place(question: Question[Any]) -> int:
    """Return the 0-based place of the other member whose contribution is varied."""
    return int(uniform(question.seed, b"varied member") * len(question.facts["others"]))


def _read_contribution(question: Question[Any]) -> float:
    coins = question.facts["others"][_varied_place(question)]
    return coins / question.facts["endowment"]


def _write_contribution(question: Question[Any], share: float) -> Question[Any]:
    """Return the question with another contribution of one other member."""
    place, others = _varied_place(question), list(question.facts["others"])
    others[place] = round(share * question.facts["endowment"])
    key = option_keys(question)[place]
    return change_facts(question, {"others": others}, {place: label_target(key, others[place])})


# Measured by `python -m experiments.people.measure_commons`.
_GAMES = "Alsobay, Rand, Watts & Almaatouq 2025, arXiv:2508.17151: games without talk {and_what}"
CONTRIBUTORS = PeopleSlope(
    0.477, 0.354, 0.547, 204, _GAMES.format(and_what="or punishment; least squares within people")
)
PUNISHERS = PeopleSlope(
    -1.401, -1.836, -0.881, 308, _GAMES.format(and_what="and with punishment; logit of punishing each other player")
)

CONTRIBUTION_BY_OTHERS = Reaction(
    name="contribution_by_others",
    cause="what the others gave",
    effect="the contribution",
    template="contribute",
    fact=VariedFact(_read_others, _write_others),
    levels=tuple(Level(share, f"{share:.0%}", share) for share in LEVELS),
    outcome=_expected_share,
    outcome_label="expected contribution (share)",
    unit="share of the endowment per share that the others gave",
    direction=1,
    source="Fischbacher, Gächter & Fehr 2001, doi:10.1016/S0165-1765(01)00394-9: people cooperate conditionally",
    people=CONTRIBUTORS,
)
REACTIONS = (
    CONTRIBUTION_BY_OTHERS,
    Reaction(
        name="punishment_by_contribution",
        cause="what another gave",
        effect="whether that other is punished",
        template="punish",
        fact=VariedFact(_read_contribution, _write_contribution),
        levels=tuple(Level(share, f"{share:.0%}", 2 * share) for share in (0.0, 0.5, 1.0)),
        outcome=log_odds(lambda question: {option_keys(question)[_varied_place(question)]}),
        outcome_label="log odds of punishing the other",
        unit="log odds per half of the endowment that the other gave",
        direction=-1,
        needs={"punishment": True},
        source="Fehr & Gächter 2000, doi:10.1257/aer.90.4.980: who gives little is punished",
        people=PUNISHERS,
    ),
)
