"""What contestants write in people's places, held against what these wrote: style, authorship, meaning, diversity.

`people` are the texts that were really written; `another's` is what somebody else wrote to a like question: the floor
of everything that should tell who writes. A person's other texts are those that nobody was asked to write here.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from sandbox.mind import Mind
from sandbox.people import Profile
from sandbox.seeds import permutation
from training.evaluate.asked import Case, questions
from training.evaluate.choices import by_form, voiced
from training.evaluate.config import OWN
from training.evaluate.samples import Array, Key, Sample, Samples, Whole
from training.evaluate.scores import Bootstrap
from training.evaluate.style import features
from training.tasks.moments import hashed

PEOPLE, ANOTHER = "people", "another's"
Texts: TypeAlias = Sequence[str]


def write(
    models: Mapping[str, str | None], cases: Sequence[Case], people: Mapping[str, Profile], seed: int, mind: Mind
) -> dict[str, list[str]]:
    """What every contestant writes, in one batch; "" where nothing usable came."""
    asked = list(questions(cases, people, OWN, seed))
    voices = [name if folder else "" for name, folder in models.items()]
    answers = iter(mind.answer([voiced(question, voice) for voice in voices for question in asked]))
    return {name: [str(next(answers).value) for _ in asked] for name in models}


def keep(path: Path, cases: Sequence[Case], made: Mapping[str, Texts]) -> None:
    """Write `texts.jsonl`: what was written, form by form, beside whose place it took; no real texts."""
    with path.open("w", encoding="utf-8") as file:
        for place, case in enumerate(cases):
            texts = {name: texts[place] for name, texts in made.items()}
            file.write(json.dumps({"form": case.form, "user": case.user, **texts}, ensure_ascii=False) + "\n")


def written_samples(
    made: Mapping[str, Texts], cases: Sequence[Case], others: Mapping[str, Texts], bootstrap: Bootstrap, seed: int
) -> Samples:
    """Figures of what was written, by form.

    Args:
        made: Texts by contestant, in the order of the cases.
        cases: Whose places they took.
        others: Other texts of each person.
        bootstrap: Draws of users.
        seed: Of whose text is `another's`.
    """
    samples: Samples = {}
    for form, mine in by_form(cases).items():
        places = [place for place, case in enumerate(cases) if case.form == form]
        real = [case.answer for case in mine]
        users = tuple(case.user for case in mine)
        sets = {name: [texts[place] for place in places] for name, texts in made.items()}
        sets |= {PEOPLE: real, ANOTHER: [real[place] for place in _ring(users, seed)]}
        for figure, values in _by_person(sets, users, others).items():
            kept = [place for place, user in enumerate(users) if others.get(user)]
            for name, found in values.items():
                sample = Sample(found[kept], tuple(users[place] for place in kept))
                samples |= {Key(name, OWN, form, figure): sample} if kept else {}
        for name, found in _alikeness(sets).items():
            samples |= {Key(name, OWN, form, figure): Sample(values, users) for figure, values in found.items()}
        samples |= _of_sets(sets, users, form, bootstrap)
    return samples


def _by_person(sets: Mapping[str, Texts], users: Sequence[str], others: Mapping[str, Texts]) -> dict[str, Any]:
    """How near a text is to its person's other texts, by style and by who would be taken for its author."""
    known = sorted({user for user in users if others.get(user)})
    if len(known) < 2:
        return {}
    return {"style distance": _style(sets, users, others), "authorship": _authorship(sets, users, known, others)}


def _style(sets: Mapping[str, Texts], users: Sequence[str], others: Mapping[str, Texts]) -> dict[str, Array]:
    """Mean absolute difference of z-scores from the person's mean (Burrows 2002, doi:10.1093/llc/17.3.267)."""
    by_user = {user: features(others.get(user) or [""]) for user in set(users)}
    spread = np.concatenate(list(by_user.values())).std(0) + 1e-6
    habits = np.stack([by_user[user].mean(0) for user in users])
    return {name: np.abs((features(texts) - habits) / spread).clip(max=5).mean(1) for name, texts in sets.items()}


def _authorship(
    sets: Mapping[str, Texts], users: Sequence[str], known: Sequence[str], others: Mapping[str, Texts]
) -> dict[str, Array]:
    """Share of other people whose texts are less like this one, by TF-IDF of runs of three letters; chance is 0.5."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    reader = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), sublinear_tf=True, max_features=20_000)
    habits: Any = reader.fit_transform([" ".join(others[user]) for user in known])
    column = {user: place for place, user in enumerate(known)}
    found: dict[str, Array] = {}
    for name, texts in sets.items():
        likeness: Array = (reader.transform(texts) @ habits.T).toarray()
        mine = np.array(
            [row[column[user]] if user in column else np.nan for row, user in zip(likeness, users, strict=True)]
        )
        below = (likeness < mine[:, None]).sum(1) + ((likeness == mine[:, None]).sum(1) - 1) / 2
        found[name] = below / (len(known) - 1)
    return found


def _alikeness(sets: Mapping[str, Texts]) -> dict[str, dict[str, Array]]:
    """Cosine with what was really written, and with the other texts of the same set: meaning, and sameness."""
    embedded = {name: _embedded(texts) for name, texts in sets.items()}
    number = len(embedded[PEOPLE])
    found: dict[str, dict[str, Array]] = {}
    for name, one in embedded.items():
        among = one @ one.T
        found[name] = {
            "similarity to the real text": (one * embedded[PEOPLE]).sum(1),
            "self-similarity": (among.sum(1) - among.diagonal()) / max(1, number - 1),
            "unusable": np.array([not text for text in sets[name]], float),
            "words": np.array([len(text.split()) for text in sets[name]], float),
        }
    return found


def _of_sets(sets: Mapping[str, Texts], users: tuple[str, ...], form: str, bootstrap: Bootstrap) -> Samples:
    """Distinct pairs of words at equal length (half of the shortest set's), and how near lengths are to people's."""
    lengths = {name: np.array([len(text.split()) for text in texts], float) for name, texts in sets.items()}
    half = int(min(one.sum() for one in lengths.values())) // 2
    real = lengths[PEOPLE]
    samples: Samples = {}
    for name, texts in sets.items():
        figures: dict[str, Callable[[Array], float]] = {
            "distinct-2": partial(_distinct, texts, most=half),
            "distance of lengths": partial(_distance, lengths[name], real),
            "JS divergence of lengths": partial(_divergence, lengths[name], real),
            "variance ratio of lengths": partial(_variance_ratio, lengths[name], real),
        }
        if name != ANOTHER:
            samples |= {Key(name, OWN, form, what): _whole(users, one, bootstrap) for what, one in figures.items()}
    return samples


def _whole(users: tuple[str, ...], figure: Callable[[Array], float], bootstrap: Bootstrap) -> Whole:
    """A figure that takes one draw's weights, in every draw."""
    return bootstrap.whole(users, lambda weights: np.array([figure(row) for row in weights]))


def _distance(one: Array, other: Array, weights: Array) -> float:
    return float(wasserstein_distance(one, other, weights, weights))


def _divergence(one: Array, other: Array, weights: Array) -> float:
    """Jensen-Shannon divergence, in bits, of lengths in bins that double: 0, 1, 2 to 3, 4 to 7 words, ..."""
    edges = [0, *2.0 ** np.arange(0, 12)]
    shares = [np.histogram(np.minimum(lengths, edges[-1]), edges, weights=weights)[0] for lengths in (one, other)]
    return float(jensenshannon(*shares, base=2)) ** 2


def _variance_ratio(one: Array, other: Array, weights: Array) -> float:
    return _variance(one, weights) / max(_variance(other, weights), 1e-12)


def _variance(values: Array, weights: Array) -> float:
    return float(np.average((values - np.average(values, weights=weights)) ** 2, weights=weights))


def _distinct(texts: Texts, weights: Array, most: int) -> float:
    """Share of different pairs among the first so many words (Li et al. 2016, doi:10.18653/v1/N16-1014)."""
    pairs: Counter[tuple[str, str]] = Counter()
    for place in np.flatnonzero(weights):
        words = texts[int(place)].lower().split()
        pairs.update(pairwise(words))
        if pairs.total() >= most:
            break
    return len(pairs) / max(1, pairs.total())


def _embedded(texts: Texts) -> Array:
    """Unit vectors of texts, by an embedder whose weights are in its package (WordLlama, 256 numbers)."""
    import wordllama

    home = Path(wordllama.__file__).parent  # it looks for its own tokenizer in a folder of another name
    embedder = wordllama.WordLlama.load(cache_dir=home, disable_download=True)
    found: Any = embedder.embed([text or "." for text in texts], norm=True)
    return np.asarray(found, float)


def _ring(users: Sequence[str], seed: int) -> list[int]:
    """For every text that of somebody else, where there is somebody else."""
    order = permutation(len(users), hashed(seed, "another's"))
    found = [0] * len(users)
    for at, place in enumerate(order):
        steps = range(1, len(order))
        later = (order[(at + step) % len(order)] for step in steps)
        found[place] = next((one for one in later if users[one] != users[place]), place)
    return found
