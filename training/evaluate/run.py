"""One comparison: all contestants on the same tasks, people and draws of users.

scores.csv      contestant, who is asked, form, figure: value, 95 % interval, answers, users
contrasts.csv   the same for differences: from the first contestant, from guesses, from others' persons
texts.jsonl     what contestants wrote, with whose place they took; real people's texts stay in the corpus
report.md       all of it, to be read, with figures/nll.png
manifest.json   settings, versions, hardware
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import polars as pl

from sandbox.assembly import answers_file
from sandbox.config import compose, validated
from sandbox.errors import ConfigError, DataError
from sandbox.manifest import environment
from sandbox.mind import Context, Mind, Reply
from sandbox.people import Profile
from sandbox.question import Question
from training.evaluate.asked import Case, Chat, read_cases, read_chats, read_made, read_people
from training.evaluate.benchmarks.figures import benchmark_samples
from training.evaluate.choices import by_form, choice_samples, chosen, guessed
from training.evaluate.config import OWN, Control, EvaluateConfig
from training.evaluate.judged import answers, check_judge, judged_samples
from training.evaluate.report import write_report
from training.evaluate.samples import Key, Sample, Samples, Whole
from training.evaluate.scores import Bootstrap, Estimate
from training.evaluate.written import keep, write, written_samples
from training.synthesis.asking import mind_class

TRAIN_CASES = 4000
"""Train tasks of a form that baselines learn from."""
Say = Callable[[str], None]


def configured(overrides: Sequence[str]) -> tuple[EvaluateConfig, dict[str, Any]]:
    """The configuration, checked and as composed."""
    values = compose(overrides, "evaluate", ("mind",))
    return validated(EvaluateConfig, values), values


def evaluate(config: EvaluateConfig, composed: dict[str, Any], say: Say = print) -> Any:
    """Compare all contestants; returns the report's path."""
    tasks = config.corpus_dir / "tasks"
    people = read_people(config.corpus_dir)
    split = tasks / f"{config.split}.jsonl"
    cases = _known(read_cases(split, config.per_form, config.seed), people)
    chats = read_chats(split, config.per_text, config.seed)
    if not cases:
        raise DataError(f"{split} has no task of the sandbox's forms about a person of the corpus")
    train = _known(read_cases(tasks / "train.jsonl", TRAIN_CASES, config.seed), people)
    say(f"{len(cases) + len(chats)} tasks of {len({one.user for one in (*cases, *chats)})} users")
    made = read_made(split, config.per_text, config.seed) if config.judge.mind else []
    if made:
        check_judge(config)
    config.out_dir.mkdir(parents=True, exist_ok=True)
    bootstrap = Bootstrap(config.resamples, config.seed)
    samples = {
        **_answered(config, cases, train, people, bootstrap, say),
        **_judged(config, made, say),
        **_read(config, cases, chats, people, say),
    }
    scores = [_row(key, bootstrap.estimate(one), one) for key, one in samples.items()]
    contrasts = list(_contrasts(samples, bootstrap, list(config.models), _whos(config)))
    pl.DataFrame(scores).write_csv(config.out_dir / "scores.csv")
    pl.DataFrame(contrasts).write_csv(config.out_dir / "contrasts.csv")
    manifest = {"settings": composed, **environment(("peft", "polars", "scipy"))}
    (config.out_dir / "manifest.json").write_text(json.dumps(manifest, indent=2, default=str) + "\n", encoding="utf-8")
    human = {one.form for one in (*cases, *chats)}
    return write_report(config.out_dir, scores, contrasts, list(config.models), human)


def _answered(
    config: EvaluateConfig,
    cases: Sequence[Case],
    train: Sequence[Case],
    people: Mapping[str, Profile],
    bootstrap: Bootstrap,
    say: Say,
) -> Samples:
    """Choices and texts, through the engine of a simulation."""
    choices = [one for one in cases if one.is_choice]
    places = [one for mine in by_form(_texts(cases)).values() for one in mine[: config.written]]
    tested: Samples = {}
    with closing(_mind(config, say)) as mind:
        say(f"asking about {len(choices)} choices")
        told = chosen(config.models, choices, people, _whos(config), config.seed, mind)
        if config.benchmarks:
            say(f"asking {' and '.join(config.benchmarks)}")
            tested |= benchmark_samples(config.benchmarks, config.models, mind, config.benchmark_scenes, config.seed)
        if places:
            say(f"writing {len(places)} texts in people's places, {len(config.models)} times")
            made = write(config.models, places, people, config.seed, mind)
            keep(config.out_dir / "texts.jsonl", places, made)
            tested |= written_samples(made, places, _others(config, places), bootstrap, config.seed)
    return tested | choice_samples({**guessed(choices, train, people), **told}, choices, bootstrap)


def _judged(config: EvaluateConfig, chats: Sequence[Chat], say: Say) -> Samples:
    """What another model makes of contestants' answers where a model made the true ones."""
    if not chats:
        return {}
    with closing(_mind(config, say)) as mind:
        say(f"answering {len(chats)} tasks that a language model made")
        made = answers(config.models, chats, mind, config.seed)
    with closing(_judge(config, say)) as judge:
        say(f"asking the judge about {len(chats) * (len(config.models) - 1)} pairs, in both orders")
        return judged_samples(made, chats, judge, config.seed)


def _others(config: EvaluateConfig, places: Sequence[Case]) -> dict[str, list[str]]:
    """All texts of the split by user, but those that contestants were asked to write."""
    taken = {(one.user, one.answer) for one in places}
    found: dict[str, list[str]] = {}
    for one in _texts(read_cases(config.corpus_dir / "tasks" / f"{config.split}.jsonl", sys.maxsize, config.seed)):
        if (one.user, one.answer) not in taken:
            found.setdefault(one.user, []).append(one.answer)
    return found


def _texts(cases: Sequence[Case]) -> list[Case]:
    return [one for one in cases if not one.is_choice]


def _read(
    config: EvaluateConfig, cases: Sequence[Case], chats: Sequence[Chat], people: Mapping[str, Profile], say: Say
) -> Samples:
    """Likelihoods of what was written, by the models themselves."""
    from training.evaluate.likelihoods import (  # takes seconds to import
        ability_samples,
        chat_samples,
        reader_of,
        text_samples,
    )

    texts = [one for mine in by_form(_texts(cases)).values() for one in mine[: config.per_text]]
    reader = reader_of(config)
    samples = text_samples(config, reader, texts, people, _whos(config), say)
    samples |= chat_samples(config, reader, chats, say)
    return {**samples, **ability_samples(config, reader, say)} if config.ability else samples


def _contrasts(
    samples: Samples, bootstrap: Bootstrap, contestants: Sequence[str], whos: Sequence[Control]
) -> Iterator[dict[str, Any]]:
    """Differences on the same answers and draws: from the first, from the same with others' persons, from guesses."""
    for key, one in samples.items():
        if key.contestant not in contestants or key.who != OWN:
            continue
        others = {f"{key.contestant} - {contestants[0]}": key._replace(contestant=contestants[0])}
        others |= {f"{key.contestant} - {key.contestant}, {who}": key._replace(who=who) for who in whos[1:]}
        guesses = {other.contestant for other in samples if other.form == key.form} - set(contestants)
        others |= {f"{key.contestant} - {name}": key._replace(contestant=name) for name in sorted(guesses)}
        for what, other in others.items():
            if other != key and other in samples:
                yield {"contrast": what, **_row(key, bootstrap.difference(one, samples[other]), one)}


def _row(key: Key, estimate: Estimate, one: Sample | Whole) -> dict[str, Any]:
    return {**key._asdict(), **estimate._asdict(), "tasks": len(one.users), "users": len(set(one.users))}


def _known(cases: Sequence[Case], people: Mapping[str, Profile]) -> list[Case]:
    return [one for one in cases if one.user in people]


def _whos(config: EvaluateConfig) -> list[Control]:
    return [OWN, *(who for who in config.controls if who != OWN)]


def _mind(config: EvaluateConfig, say: Say) -> Mind:
    kind, settings = mind_class(config.mind, "mind")
    adapters = {name: folder for name, folder in config.models.items() if folder}
    context = Context(_no_rule, config.model, answers_file(), say)
    return kind.build({**settings, "adapters": adapters} if adapters else settings, context)


def _judge(config: EvaluateConfig, say: Say) -> Mind:
    kind, settings = mind_class(config.judge.mind or {}, "judge.mind")
    return kind.build(settings, Context(_no_rule, config.judge.model, answers_file(), say))


def _no_rule(question: Question) -> Reply:
    raise ConfigError(f"rules know nothing of {question.template.name}; evaluate with mind=base or mind=server")
