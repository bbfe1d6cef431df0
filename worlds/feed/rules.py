"""The feed without a language model: rule agents who mostly scroll on, vote with the herd, and answer what others do.

*Votes.* The probabilities of voting on a post that nobody has voted on, and how much a first up-vote raises that of
another, are those of Muchnik, Aral and Taylor (2013, doi:10.1126/science.1240466). Each doubling of the score counts
like the first up-vote. A negative score makes votes of both kinds likelier, up-votes by more: it is corrected.

*Replies.* How attractive a post is to answer follows Gómez, Kappen, Litvak and Kaltenbrunner (2013,
doi:10.1007/s11280-012-0162-8): its replies, a bonus for the opening of a thread, and novelty that fades with every
later post. On a randomly ranked feed, replies within a thread are distributed as in that model.

*Writing.* People differ in how much they write, and threads in how much they draw, by lognormal factors that nobody
sees; replies have lognormal lengths.

What is fitted, to the train split of real threads and texts: `python -m experiments.people.fit_threads DATA`. What is
chosen because no data give it says so.
"""

from functools import lru_cache
from hashlib import blake2b
from itertools import cycle, islice
from math import exp, log, log2
from statistics import NormalDist
from typing import Any

from sandbox.core import Question, Reply, Rules
from sandbox.core.seeds import uniform
from worlds.feed.person import MAX_WORDS

UP, DOWN = 0.0513, 0.0082
"""Probability that a reader of a post without votes votes it up or down (Muchnik et al. 2013, from a secondary
source)."""
HERDING = log(1.32)
"""What a first up-vote adds to the logarithm of the probability of another (Muchnik et al. 2013: +32 %)."""
CORRECTION, PILING_ON = 1.5, 1.3
"""Factors of the probabilities of voting up and down at a negative score; chosen so that up-votes gain more, as Muchnik
et al. (2013) report without numbers in the abstract."""
MAX_UP = 0.5
"""Probability of voting up that herding cannot exceed; chosen."""
SAME_SIDE_VOTE = 2.0
"""How many times likelier an up-vote is for a post of the same side than of the other; chosen."""
SAME_SIDE_SHARE = 13.0
"""The same for sharing (Wojcieszak et al. 2022, doi:10.1126/sciadv.abn9418: political accounts of one's own side)."""
SAME_SIDE_FOLLOW = 9.0
"""The same for following (ibid.: 90 and 10 % of the political accounts that people follow)."""
SHARING, FOLLOWING, UNFOLLOWING = 0.01, 0.005, 0.002
"""Probabilities of sharing, following and unfollowing after reading a post of any side; chosen."""
POPULARITY, OPENING, NOVELTY = 0.0413, 2.7096, 0.7648
"""Attractiveness of a post: per reply (and once for itself), for an opening, and the factor per later post. Fitted to
382,900 replies in 25,713 threads."""
WRITING_SPREAD = 2.201
"""Standard deviation of the logarithm of people's rates of writing. Fitted to 87,189 authors of these threads."""
APPEAL_SPREAD = 1.469
"""Standard deviation of the logarithm of what draws replies to a thread. Fitted to the sizes of the 25,713 threads."""
REPLYING, THREADS = 0.15, 0.008
"""Probability of replying per unit of attractiveness, and of opening a thread on a visit, of people of mean rate.
Chosen, since the data do not hold who read what: so high that the few readers of a small world answer most threads."""
MAX_WRITING = 0.6
"""Probability of writing that nobody exceeds; chosen."""
WORDS_MEAN, WORDS_SPREAD = 3.675, 0.891
"""Mean and standard deviation of the logarithm of the words of a reply. Fitted to 32,362 replies."""
FILLER = (
    "I see it the same way and would add that we should look at what it costs and who gains before we decide because "
    "last time nobody talked to the people who live here and that did not end well for anybody in this town"
)
"""What replies are cut from, again and again."""


@lru_cache(maxsize=65536)
def writing_factor(digest: bytes) -> float:
    """Return how much more than the mean a person writes; the same in all runs."""
    return _lognormal(int.from_bytes(digest[:8], "little"), WRITING_SPREAD)


@lru_cache(maxsize=65536)
def appeal(seed: int, thread: int) -> float:
    """Return how much more replies than the mean a thread draws; the same in all arms of a seed."""
    return _lognormal(
        int.from_bytes(blake2b(b"%d/%d" % (seed, thread), digest_size=8).digest(), "little"), APPEAL_SPREAD
    )


def _lognormal(bits: int, spread: float) -> float:
    """Return a lognormal number with mean 1 from 64 random bits."""
    return exp(spread * NormalDist().inv_cdf((bits + 0.5) / 2**64) - spread**2 / 2)


def attractiveness(facts: dict[str, Any]) -> float:
    """Return how much a post calls for a reply."""
    opening = OPENING * (facts["opening"] is None)
    return POPULARITY * (1 + facts["replies"]) + opening + NOVELTY ** facts["posts_since"]


def react(question: Question[Any]) -> Reply:
    """Scroll on, vote, reply, share, or follow or unfollow the author."""
    facts = question.facts
    is_same = facts["side"] == facts["author_side"]
    up, down = _vote_probabilities(facts["score"] or 0)
    up *= _side_factor(SAME_SIDE_VOTE, is_same)
    person, thread = writing_factor(question.profile.digest()), appeal(question.replicate.seed, facts["thread"])
    replies = min(REPLYING * person * thread * attractiveness(facts), MAX_WRITING)
    shares = SHARING * _side_factor(SAME_SIDE_SHARE, is_same)
    if facts["follows"]:
        ties = UNFOLLOWING * _side_factor(SAME_SIDE_FOLLOW, not is_same)
    else:
        ties = FOLLOWING * _side_factor(SAME_SIDE_FOLLOW, is_same)
    acts = [up, down, replies, shares, ties]
    return [max(1 - sum(acts), 0.0), *acts]


def _vote_probabilities(score: int) -> tuple[float, float]:
    """Return the probabilities of voting up and down at a visible score."""
    if score < 0:
        return UP * CORRECTION, DOWN * PILING_ON
    return min(UP * exp(HERDING * log2(1 + score)), MAX_UP), DOWN


def _side_factor(ratio: float, is_same: bool) -> float:
    """Return a factor whose ratio between the same and the other side is `ratio`, and whose mean over the two is 1."""
    return 2 * (ratio if is_same else 1.0) / (1 + ratio)


def open_thread(question: Question[Any]) -> Reply:
    """Open a thread now and then."""
    probability = min(THREADS * writing_factor(question.profile.digest()), MAX_WRITING)
    return [1 - probability, probability]


def write_opening(question: Question[Any]) -> Reply:
    """Write one of the openings that the world knows."""
    openings = question.facts["openings"]
    return " ".join(openings[int(uniform(question.seed, b"opening") * len(openings))].split()[:MAX_WORDS])


def write_reply(question: Question[Any]) -> Reply:
    """Write as many words as people do; which ones does not matter."""
    point = min(max(uniform(question.seed, b"words"), 1e-9), 1 - 1e-9)
    number = round(exp(NormalDist(WORDS_MEAN, WORDS_SPREAD).inv_cdf(point)))
    return filler_words(min(max(number, 1), MAX_WORDS))


def filler_words(number: int) -> str:
    """Return a text of so many words."""
    return " ".join(islice(cycle(FILLER.split()), number))


RULES: Rules = {"open": open_thread, "opening": write_opening, "react": react, "reply": write_reply}
