"""One comparison: all contestants on the same tasks, people and draws of users.

scores.csv      contestant, who is asked, form, figure: mean, 95 % interval, tasks, users
contrasts.csv   the same for differences: from the first contestant, and from the same with others' persons
report.md       both, to be read, with figures/nll.png
manifest.json   settings, versions, hardware
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl

from sandbox.assembly import answers_file
from sandbox.config import compose, targeted, validated
from sandbox.errors import ConfigError, DataError
from sandbox.manifest import environment
from sandbox.mind import Context, Mind, Reply
from sandbox.people import Profile
from sandbox.question import Question
from training.evaluate.asked import Case, questions, read_cases, read_people
from training.evaluate.baselines import baselines, keys
from training.evaluate.config import Control, EvaluateConfig
from training.evaluate.report import write_report
from training.evaluate.scores import Array, Draws, Estimate, calibration_error, choice_figures, columns

TRAIN_CASES = 4000
"""Train tasks of a form that baselines learn from."""
OWN: Control = "own"


class Key(NamedTuple):
    """What a column of figures is about."""

    contestant: str
    who: str
    form: str
    figure: str


class Sample(NamedTuple):
    """A figure of every task of a form."""

    values: Array
    users: tuple[str, ...]


def configured(overrides: Sequence[str]) -> tuple[EvaluateConfig, dict[str, Any]]:
    """The configuration, checked and as composed."""
    values = compose(overrides, "evaluate", ("mind",))
    return validated(EvaluateConfig, values), values


def evaluate(config: EvaluateConfig, composed: dict[str, Any], say: Callable[[str], None] = print) -> Path:
    """Compare all contestants; returns the report's path."""
    tasks = config.corpus_dir / "tasks"
    people = read_people(config.corpus_dir)
    cases = [
        one for one in read_cases(tasks / f"{config.split}.jsonl", config.per_form, config.seed) if one.user in people
    ]
    train = [one for one in read_cases(tasks / "train.jsonl", TRAIN_CASES, config.seed) if one.user in people]
    if not cases:
        raise DataError(f"{tasks}/{config.split}.jsonl has no task of the sandbox's forms about a person of the corpus")
    whos: list[Control] = [OWN, *(who for who in config.controls if who != OWN)]
    choices = [one for one in cases if one.is_choice]
    texts = [one for one in cases if not one.is_choice]
    say(f"{len(choices)} choices and {len(texts)} texts of {len({one.user for one in cases})} users")
    samples = {
        **_guessed(choices, train, people),
        **_chosen(config, choices, people, whos, say),
        **_written(config, texts, people, whos, say),
    }
    config.out_dir.mkdir(parents=True, exist_ok=True)
    draws = {users: Draws(users, config.resamples, config.seed) for users in {one.users for one in samples.values()}}
    scores = [_row(key, draws[one.users].estimate(one.values), one) for key, one in samples.items()]
    contrasts = list(_contrasts(samples, draws, list(config.models), whos))
    pl.DataFrame(scores).write_csv(config.out_dir / "scores.csv")
    pl.DataFrame(contrasts).write_csv(config.out_dir / "contrasts.csv")
    manifest = {"settings": composed, **environment(("peft", "polars", "scipy"))}
    (config.out_dir / "manifest.json").write_text(json.dumps(manifest, indent=2, default=str) + "\n", encoding="utf-8")
    return write_report(config.out_dir, scores, contrasts, list(config.models))


def _guessed(choices: Sequence[Case], train: Sequence[Case], people: Mapping[str, Profile]) -> dict[Key, Sample]:
    """What baselines make of every form of choices."""
    samples: dict[Key, Sample] = {}
    for form, mine in _by_form(choices):
        for name, guess in baselines([one for one in train if one.form == form], people, form).items():
            samples |= _choice_samples(name, OWN, form, mine, [guess(one) for one in mine])
    return samples


def _chosen(
    config: EvaluateConfig,
    choices: Sequence[Case],
    people: Mapping[str, Profile],
    whos: Sequence[Control],
    say: Callable[[str], None],
) -> dict[Key, Sample]:
    """What every contestant makes of the choices, through the mind of a simulation, all in one batch."""
    if not choices:
        return {}
    mind = _mind(config, say)
    asked: list[Question] = []
    for who in whos:
        for question in questions(choices, people, who, config.seed):
            asked += [_voiced(question, name if folder else "") for name, folder in config.models.items()]
    try:
        answers = mind.answer(asked)
    finally:
        mind.close()
    probs = iter([answer.probs or () for answer in answers])
    told = {
        (who, place): {name: next(probs) for name in config.models} for who in whos for place in range(len(choices))
    }
    samples: dict[Key, Sample] = {}
    for name in config.models:
        for who in whos:
            for form, _ in _by_form(choices):
                places = [place for place, one in enumerate(choices) if one.form == form]
                mine = [told[who, place][name] for place in places]
                samples |= _choice_samples(name, who, form, [choices[place] for place in places], mine)
    return samples


def _written(
    config: EvaluateConfig,
    texts: Sequence[Case],
    people: Mapping[str, Profile],
    whos: Sequence[Control],
    say: Callable[[str], None],
) -> dict[Key, Sample]:
    """How likely every contestant finds what people wrote."""
    from training.evaluate.texts import BASE, Reader  # takes seconds to import

    if not texts:
        return {}
    adapters = {name: Path(folder) for name, folder in config.models.items() if folder}
    reader = Reader(config.model, adapters, config.max_length)
    found: dict[tuple[str, Control], list[float | None]] = {}
    for who in whos:
        asked = list(questions(texts, people, who, config.seed))
        for name, folder in config.models.items():
            say(f"reading {len(texts)} texts with {name}, {who}")
            likelihoods = reader.log_likelihoods(asked, [one.answer for one in texts], name if folder else BASE)
            found[name, who] = likelihoods
    fits = [all(mine[place] is not None for mine in found.values()) for place in range(len(texts))]
    samples: dict[Key, Sample] = {}
    for (name, who), likelihoods in found.items():
        for form in sorted({one.form for one in texts}):
            places = [place for place, one in enumerate(texts) if one.form == form and fits[place]]
            values = [-(likelihoods[place] or 0) / len(texts[place].answer) for place in places]
            users = tuple(texts[place].user for place in places)
            if places:
                samples[Key(name, who, form, "nll per character")] = Sample(np.array(values), users)
    return samples


def _choice_samples(
    name: str, who: str, form: str, cases: Sequence[Case], probs: Sequence[Sequence[float]]
) -> dict[Key, Sample]:
    golds = [keys(one).index(one.answer) for one in cases]
    figures = columns([choice_figures(one, gold) for one, gold in zip(probs, golds, strict=True)])
    users = tuple(one.user for one in cases)
    made = {Key(name, who, form, figure): Sample(values, users) for figure, values in figures.items()}
    error = np.full(len(cases), calibration_error(probs, golds))
    return {**made, Key(name, who, form, "ECE"): Sample(error, users)}


def _contrasts(
    samples: Mapping[Key, Sample],
    draws: Mapping[tuple[str, ...], Draws],
    contestants: Sequence[str],
    whos: Sequence[Control],
) -> Iterator[dict[str, Any]]:
    """Differences on the same tasks and draws: each from the first, and each from itself with others' persons."""
    for key, one in samples.items():
        if key.figure == "ECE" or key.contestant not in contestants:
            continue
        others = (
            {f"{key.contestant} - {contestants[0]}": key._replace(contestant=contestants[0])} if key.who == OWN else {}
        )
        if key.who == OWN:
            others |= {f"{key.contestant} - {key.contestant}, {who}": key._replace(who=who) for who in whos[1:]}
            names = {other.contestant for other in samples if other.form == key.form} - set(contestants)
            others |= {f"{key.contestant} - {name}": key._replace(contestant=name) for name in sorted(names)}
        for what, other in others.items():
            if other != key and other in samples:
                difference = one.values - samples[other].values
                row = _row(key, draws[one.users].estimate(difference), one)
                yield {"contrast": what, **row}


def _row(key: Key, estimate: Estimate, sample: Sample) -> dict[str, Any]:
    return {**key._asdict(), **estimate._asdict(), "tasks": len(sample.users), "users": len(set(sample.users))}


def _by_form(cases: Sequence[Case]) -> list[tuple[str, list[Case]]]:
    return [(form, [one for one in cases if one.form == form]) for form in sorted({one.form for one in cases})]


def _mind(config: EvaluateConfig, say: Callable[[str], None]) -> Mind:
    kind, settings = targeted(config.mind, "mind")
    if not (isinstance(kind, type) and issubclass(kind, Mind)):
        raise ConfigError(f"mind._target_ must name a subclass of sandbox.mind.Mind, found {kind!r}")
    adapters = {name: folder for name, folder in config.models.items() if folder}
    context = Context(_no_rule, config.model, answers_file(), say)
    return kind.build({**settings, "adapters": adapters} if adapters else settings, context)


def _no_rule(question: Question) -> Reply:
    raise ConfigError(f"rules know nothing of {question.template.name}; evaluate with mind=vllm or mind=server")


def _voiced(question: Question, voice: str) -> Question:
    return msgspec.structs.replace(question, voice=voice)
