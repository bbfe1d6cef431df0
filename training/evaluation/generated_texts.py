"""Texts that models write in people's place, compared with real ones: style, authorship, meaning, diversity.

Two reference sets are scored like a model: `people` are the real texts; `another's` are texts that somebody else wrote
to a similar question, a lower bound for every metric that depends on the author. Style and authorship are measured
against a person's other texts, which no model was asked to write.
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

from sandbox.core.mind import Mind
from sandbox.core.profile import Profile
from sandbox.core.seeds import permutation
from sandbox.errors import BackendError
from sandbox.files import replace_file
from training.evaluation.bootstrap import Bootstrap
from training.evaluation.cases import EvaluationCase, case_questions
from training.evaluation.choices import assign_mind, group_by_form
from training.evaluation.config import OWN
from training.evaluation.metrics import Aggregate, Array, MetricKey, Metrics, Sample
from training.evaluation.style import style_features
from training.tasks.decision_points import stable_hash

PEOPLE, ANOTHER = "people", "another's"
Texts: TypeAlias = Sequence[str]


def generate_texts(
    models: Mapping[str, str | None],
    cases: Sequence[EvaluationCase],
    people: Mapping[str, Profile],
    seed: int,
    mind: Mind,
) -> dict[str, list[str]]:
    """Return what every model writes, generated in one batch; "" where no text was usable.

    Raises:
        BackendError: The engine had no answer.
    """
    questions = list(case_questions(cases, people, OWN, seed))
    adapters = [name if folder else "" for name, folder in models.items()]
    answers = mind.answer([assign_mind(question, adapter) for adapter in adapters for question in questions])
    if num_missing := sum(answer.source == "fallback" and not answer.retried for answer in answers):
        raise BackendError(f"{num_missing} of {len(answers)} texts are missing; look at the engine's log")
    texts = iter([str(answer.value) for answer in answers])
    return {name: [next(texts) for _ in questions] for name in models}


def write_texts(path: Path, cases: Sequence[EvaluationCase], generated: Mapping[str, Texts]) -> None:
    """Write `texts.jsonl`: the generated texts with form and user, but no real texts."""
    with replace_file(path) as draft, draft.open("w", encoding="utf-8") as file:
        for index, case in enumerate(cases):
            texts = {name: model_texts[index] for name, model_texts in generated.items()}
            file.write(json.dumps({"form": case.form, "user": case.user, **texts}, ensure_ascii=False) + "\n")


def score_texts(
    generated: Mapping[str, Texts],
    cases: Sequence[EvaluationCase],
    other_texts: Mapping[str, Texts],
    bootstrap: Bootstrap,
    seed: int,
) -> Metrics:
    """Score the generated texts by form.

    Args:
        generated: Texts by model, in the order of the cases.
        cases: The cases, with the real texts.
        other_texts: Other texts by each user.
        bootstrap: Draws of users.
        seed: Seed of the pairing for `another's`.
    """
    metrics: Metrics = {}
    for form, form_cases in group_by_form(cases).items():
        indices = [index for index, case in enumerate(cases) if case.form == form]
        real = [case.answer for case in form_cases]
        users = tuple(case.user for case in form_cases)
        text_sets: dict[str, Texts] = {name: [texts[index] for index in indices] for name, texts in generated.items()}
        text_sets |= {PEOPLE: real, ANOTHER: [real[index] for index in _pair_with_others(users, seed)]}
        metrics |= _score_authors(text_sets, users, form, other_texts)
        for name, columns in _similarity_metrics(text_sets).items():
            metrics |= {MetricKey(name, OWN, form, metric): Sample(values, users) for metric, values in columns.items()}
        metrics |= _score_text_sets(text_sets, users, form, bootstrap)
    return metrics


def _score_authors(
    text_sets: Mapping[str, Texts], users: Sequence[str], form: str, other_texts: Mapping[str, Texts]
) -> Metrics:
    """Score how close each text is to its author's other texts: in style, and as evidence of who wrote it."""
    authors = sorted({user for user in users if other_texts.get(user)})
    if len(authors) < 2:
        return {}
    columns = {
        "style distance": _style_distances(text_sets, users, other_texts),
        "authorship": _authorship_ranks(text_sets, users, authors, other_texts),
    }
    indices = [index for index, user in enumerate(users) if other_texts.get(user)]
    scored_users = tuple(users[index] for index in indices)
    return {
        MetricKey(name, OWN, form, metric): Sample(values[indices], scored_users)
        for metric, by_set in columns.items()
        for name, values in by_set.items()
    }


def _style_distances(
    text_sets: Mapping[str, Texts], users: Sequence[str], other_texts: Mapping[str, Texts]
) -> dict[str, Array]:
    """Return the mean absolute difference of z-scores from the person's mean.

    This is Burrows's Delta (2002, doi:10.1093/llc/17.3.267).
    """
    by_user = {user: style_features(other_texts.get(user) or [""]) for user in sorted(set(users))}
    spread = np.concatenate(list(by_user.values())).std(0) + 1e-6
    habits = np.stack([by_user[user].mean(0) for user in users])
    return {
        name: np.abs((style_features(texts) - habits) / spread).clip(max=5).mean(1) for name, texts in text_sets.items()
    }


def _authorship_ranks(
    text_sets: Mapping[str, Texts], users: Sequence[str], authors: Sequence[str], other_texts: Mapping[str, Texts]
) -> dict[str, Array]:
    """Return the share of other authors whose texts are less similar to this one; chance is 0.5.

    Similarity is the cosine of TF-IDF vectors of character trigrams; ties count half.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), sublinear_tf=True, max_features=20_000)
    habits: Any = vectorizer.fit_transform([" ".join(other_texts[user]) for user in authors])
    column = {user: index for index, user in enumerate(authors)}
    ranks: dict[str, Array] = {}
    for name, texts in text_sets.items():
        similarity: Array = (vectorizer.transform(texts) @ habits.T).toarray()
        own = np.array(
            [row[column[user]] if user in column else np.nan for row, user in zip(similarity, users, strict=True)]
        )
        below = (similarity < own[:, None]).sum(1) + ((similarity == own[:, None]).sum(1) - 1) / 2
        ranks[name] = below / (len(authors) - 1)
    return ranks


def _similarity_metrics(text_sets: Mapping[str, Texts]) -> dict[str, dict[str, Array]]:
    """Return the cosine with the real text and with the other texts of the same set, and counts, by set."""
    vectors = {name: _embed_texts(texts) for name, texts in text_sets.items()}
    num_texts = len(vectors[PEOPLE])
    columns: dict[str, dict[str, Array]] = {}
    for name, embedded in vectors.items():
        cosines = embedded @ embedded.T
        columns[name] = {
            "similarity to the real text": (embedded * vectors[PEOPLE]).sum(1),
            "self-similarity": (cosines.sum(1) - cosines.diagonal()) / max(1, num_texts - 1),
            "unusable": np.array([not text for text in text_sets[name]], float),
            "words": np.array([len(text.split()) for text in text_sets[name]], float),
        }
    return columns


def _score_text_sets(
    text_sets: Mapping[str, Texts], users: tuple[str, ...], form: str, bootstrap: Bootstrap
) -> Metrics:
    """Score each set of texts for diversity and for how close its lengths are to those of real texts.

    Distinct-2 depends on length, so it is computed over equally many word pairs: half the words of the shortest set.
    """
    lengths = {name: np.array([len(text.split()) for text in texts], float) for name, texts in text_sets.items()}
    max_pairs = int(min(counts.sum() for counts in lengths.values())) // 2
    real = lengths[PEOPLE]
    metrics: Metrics = {}
    for name, texts in text_sets.items():
        statistics: dict[str, Callable[[Array], float]] = {
            "distinct-2": partial(_distinct_pairs, texts, max_pairs=max_pairs),
            "distance of lengths": partial(_length_distance, lengths[name], real),
            "JS divergence of lengths": partial(_length_divergence, lengths[name], real),
            "variance ratio of lengths": partial(_variance_ratio, lengths[name], real),
        }
        if name != ANOTHER:
            for metric, statistic in statistics.items():
                metrics[MetricKey(name, OWN, form, metric)] = _aggregate(users, statistic, bootstrap)
    return metrics


def _aggregate(users: tuple[str, ...], statistic: Callable[[Array], float], bootstrap: Bootstrap) -> Aggregate:
    """Compute a statistic that takes the weights of one draw, in every draw."""
    return bootstrap.aggregate(users, lambda weights: np.array([statistic(row) for row in weights]))


def _length_distance(lengths: Array, real: Array, weights: Array) -> float:
    return float(wasserstein_distance(lengths, real, weights, weights))


def _length_divergence(lengths: Array, real: Array, weights: Array) -> float:
    """Return the Jensen-Shannon divergence, in bits, of lengths in doubling bins: 0, 1, 2 to 3, 4 to 7 words, ..."""
    edges = [0, *2.0 ** np.arange(0, 12)]
    shares = [np.histogram(np.minimum(counts, edges[-1]), edges, weights=weights)[0] for counts in (lengths, real)]
    return float(jensenshannon(*shares, base=2)) ** 2


def _variance_ratio(lengths: Array, real: Array, weights: Array) -> float:
    return _variance(lengths, weights) / max(_variance(real, weights), 1e-12)


def _variance(values: Array, weights: Array) -> float:
    return float(np.average((values - np.average(values, weights=weights)) ** 2, weights=weights))


def _distinct_pairs(texts: Texts, weights: Array, max_pairs: int) -> float:
    """Return the share of distinct pairs among the first pairs of words, about `max_pairs` of them.

    This is distinct-2 (Li et al. 2016, doi:10.18653/v1/N16-1014).
    """
    pairs: Counter[tuple[str, str]] = Counter()
    for index in np.flatnonzero(weights):
        words = texts[int(index)].lower().split()
        pairs.update(pairwise(words))
        if pairs.total() >= max_pairs:
            break
    return len(pairs) / max(1, pairs.total())


def _embed_texts(texts: Texts) -> Array:
    """Return unit vectors of texts, (texts, 256), from an embedder whose weights come with its package (WordLlama)."""
    import wordllama

    # without cache_dir, it looks for its own tokenizer in a folder of another name
    package = Path(wordllama.__file__).parent
    embedder = wordllama.WordLlama.load(cache_dir=package, disable_download=True)
    vectors: Any = embedder.embed([text or "." for text in texts], norm=True)
    return np.asarray(vectors, float)


def _pair_with_others(users: Sequence[str], seed: int) -> list[int]:
    """Return for every text the index of a text by somebody else, or its own index if there is nobody else."""
    order = permutation(len(users), stable_hash(seed, "another's"))
    partners = [0] * len(users)
    for rank, index in enumerate(order):
        candidates = (order[(rank + step) % len(order)] for step in range(1, len(order)))
        partners[index] = next((candidate for candidate in candidates if users[candidate] != users[index]), index)
    return partners
