"""The domain's own models: what a modeller of these decisions would fit to them, without any language.

A language model that does not beat them adds nothing to what the literature knows. Each is a conditional logit over
what the literature says that people look at, fitted to train tasks like the other baselines; none has tastes of its own
for each person, as a mixed logit has.
"""

from collections.abc import Callable, Mapping, Sequence
from math import log, log1p
from typing import Any, NamedTuple

from training.evaluation.cases import EvaluationCase, option_keys
from training.evaluation.conditional_logit import Features, fit_conditional_logit
from worlds.commons.member import LEAVE, NOBODY

Describe = Callable[[EvaluationCase], Sequence[Features]]
"""Returns the features of a case's options, in declared order."""


class DomainModel(NamedTuple):
    """A model of one form of decision."""

    name: str
    describe: Describe


def fit_domain_model(model: DomainModel, train: Sequence[EvaluationCase]) -> Callable[[EvaluationCase], list[float]]:
    """Fit a model to train tasks; return what predicts the probabilities of a case's options."""
    golds = [option_keys(case).index(case.answer) for case in train]
    fit = fit_conditional_logit([model.describe(case) for case in train], golds)
    return lambda case: fit.predict(model.describe(case))


def describe_contributions(case: EvaluationCase) -> Sequence[Features]:
    """Describe gifts to a fund by one's own last gift and the others' mean.

    Conditional cooperation: Fischbacher, Gächter and Fehr (2001), doi:10.1016/S0165-1765(01)00394-9.
    """
    facts = case.question.facts
    endowment, own, mean = facts["endowment"], facts["own"], facts["others_mean"]
    share = facts["multiplier"] / (1 + facts["num_others"])
    progress = facts["round"] / facts["rounds"] if facts["rounds"] else 0.0

    def describe(key: str) -> Features:
        if key == LEAVE:
            return {"leave": 1.0, "leave by progress": progress, **({} if own is None else {"leave later": 1.0})}
        gift = int(key) / endowment
        features = {
            "gift": gift,
            "nothing": float(gift == 0),
            "everything": float(gift == 1),
            "half": float(gift == 0.5),
            "round number": float(int(key) % 5 == 0),
            "gift by return": gift * share,
            "gift by progress": gift * progress,
            "gift by punishment": gift * facts["punishment"],
            "everything by default": float(gift == 1) * facts["opt_out"],
        }
        if own is not None and mean is not None:
            last = own / endowment
            features |= {
                "gift later": gift,
                "as last time": float(gift == last),
                "distance from last time": abs(gift - last),
                "distance from others": abs(gift - mean / endowment),
                "nothing after others gave little": float(gift == 0) * (1 - mean / endowment),
                "everything after others gave much": float(gift == 1) * mean / endowment,
            }
        return features

    return [describe(key) for key in option_keys(case)]


def describe_targets(case: EvaluationCase) -> Sequence[Features]:
    """Describe whom to punish by how little each gave.

    Fehr and Gächter (2000), doi:10.1257/aer.90.4.980: who gives less than the mean is punished.
    """
    facts = case.question.facts
    endowment, own = facts["endowment"], facts["contribution"]
    gifts = dict(zip([key for key in option_keys(case) if key != NOBODY[0]], facts["others"], strict=True))
    mean = sum(gifts.values()) / len(gifts)
    lowest = min(gifts.values())

    def describe(key: str) -> Features:
        if key == NOBODY[0]:
            price = facts["price"] / facts["impact"]
            return {"nobody": 1.0, "nobody by price": price, "nobody by others' lack": (own - lowest) / endowment,
                    "nobody by number of others": log(len(gifts))}  # fmt: skip
        gift = gifts[key]
        return {
            "below the mean": max(0.0, mean - gift) / endowment,
            "above the mean": max(0.0, gift - mean) / endowment,
            "below one's own": max(0.0, own - gift) / endowment,
            "lowest": float(gift == lowest),
        }

    return [describe(key) for key in option_keys(case)]


def describe_revisions(case: EvaluationCase) -> Sequence[Features]:
    """Describe revisions by how far they go from one's own opinion towards the others'.

    Weights on oneself and on others: DeGroot (1974), doi:10.1080/01621459.1974.10480137; that many stay: Friedkin and
    Johnsen (1990), doi:10.1080/0022250X.1990.9990069.
    """
    facts = case.question.facts
    seen = "alone" if facts["others"] is None else facts["kind"]
    distance = 0.0 if facts["others"] is None else abs(facts["own"] - facts["others"]) / facts["scale"]
    return [
        {f"{key}, {seen}": 1.0, "stay by distance": float(float(key) == 0) * log1p(distance)}
        for key in option_keys(case)
    ]


def describe_offers(case: EvaluationCase) -> Sequence[Features]:
    """Describe offers by price, by what is said of them, and by whether they were bought before.

    Brand choice with loyalty: Guadagni and Little (1983), doi:10.1287/mksc.2.3.203.
    """
    facts, memory = case.question.facts, case.question.memory
    bought = [event.text for event in (*memory.salient, *memory.recent) if event.kind == "purchase"]

    def describe(offer: Mapping[str, Any]) -> Features:
        name, *attributes = str(offer["title"]).split(", ")
        times = sum(f" the {name} for " in text for text in bought)
        words = {f"{facts['category']}: {word}": 1.0 for word in (*name.split(), *attributes)}
        return {
            f"log price of {facts['category']}": log(offer["price"]),
            f"bought last time, {facts['category']}": float(bool(bought) and f" the {name} for " in bought[-1]),
            f"share of purchases, {facts['category']}": times / len(bought) if bought else 0.0,
            **words,
        }

    return [describe(offer) for offer in facts["offers"]]


def describe_songs(case: EvaluationCase) -> Sequence[Features]:
    """Describe songs by how they sound, which they are, and how often others downloaded them.

    Counts: Salganik, Dodds and Watts (2006), doi:10.1126/science.1121066.
    """
    songs = case.question.facts["songs"]
    return [
        {"log count": log1p(song["count"] or 0), "sound": song["sound"], f"song {song['id']}": 1.0} for song in songs
    ]


def describe_experience(case: EvaluationCase) -> Sequence[Features]:
    """Describe stars by the word for the experience."""
    return [{f"{key} after {case.question.facts['experience']}": 1.0, key: 1.0} for key in option_keys(case)]


DOMAIN_MODELS: Mapping[str, DomainModel] = {
    "contribute": DomainModel("conditional cooperation", describe_contributions),
    "punish": DomainModel("punishing who gave little", describe_targets),
    "revise": DomainModel("weights on others", describe_revisions),
    "choose": DomainModel("price, brand and loyalty", describe_offers),
    "page": DomainModel("appeal and counts", describe_songs),
    "experience": DomainModel("stars by experience", describe_experience),
}
"""By form of the task."""
