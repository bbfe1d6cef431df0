"""Describe first opinions of real people on every topic, and print them as `conf/world/opinion.yaml` holds them.

    python -m experiments.people.describe_topics ../shared/data

People of the train split only. A line is a topic: the truth, and eleven equally spaced quantiles of first opinions from
2.5 % to 97.5 %; for news also by how much the mean of each party was above that of all.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from training.panels.judgements import Group, NewsJudgement, read_groups, read_news

QUANTILES = np.linspace(0.025, 0.975, 11)


def describe_topic(name: str, judgements: Sequence[NewsJudgement]) -> str:
    """Return the line of one topic."""
    first = np.concatenate([judgement.opinions[0] for judgement in judgements])
    parties = np.array([party for judgement in judgements for party in judgement.parties])
    is_news = bool(parties.any())
    quantiles = np.nanquantile(first, QUANTILES)
    listed = ", ".join(f"{_round_number(value):g}" for value in quantiles)
    truth = judgements[0].truth
    is_percentage = is_news or (truth < 100 and np.nanmax(first) <= 100)
    parts = [f"kind: {'news' if is_news else 'quantities'}", f'text: "{_ask(name, is_news, is_percentage)}"']
    parts += [f"truth: {truth:g}", f"first: [{listed}]"]
    if is_percentage:
        parts.append("high: 100")
    if is_news:
        leans = {party: np.nanmean(first[parties == party]) - np.nanmean(first) for party in sorted(set(parties))}
        parts.append(f"lean: {{{', '.join(f'{party}: {round(lean)}' for party, lean in leans.items())}}}")
    return f"    {name}: {{{', '.join(parts)}}}"


def _round_number(value: float) -> float:
    """Return a number with three digits at most."""
    return float(f"{value:.3g}")


def _ask(name: str, is_news: bool, is_percentage: bool) -> str:
    """Return the question; the data do not hold the pictures and headlines that people saw."""
    if is_news:
        subject = name.partition("_")[0]
        about = "" if subject == "news" else f" about {subject}"
        return f"How probable is it, in percent, that this piece of news{about} is true?"
    return "How many percent is it?" if is_percentage else "How large is the amount in the picture?"


def describe_topics(groups: Iterable[Group]) -> list[str]:
    """Return the lines of all topics of the train split, by name."""
    judgements: dict[str, list[NewsJudgement]] = defaultdict(list)
    for group in groups:
        if group.split == "train":
            for judgement in group.judgements:
                judgements[judgement.topic].append(judgement)
    return [describe_topic(name, judgements[name]) for name in sorted(judgements)]


def main(data: str) -> None:
    """Print all topics."""
    for groups in (read_groups(Path(data)), read_news(Path(data))):
        print("\n".join(describe_topics(groups)))


if __name__ == "__main__":
    main(*sys.argv[1:])
