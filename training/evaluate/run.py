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
from pathlib import Path
from typing import Any

import polars as pl

from sandbox.config import compose
from sandbox.errors import DataError
from sandbox.manifest import environment
from sandbox.people import Profile
from sandbox.validation import validated
from training.evaluate.asked import Case, Chat, read_cases, read_chats, read_made, read_people, with_new_items
from training.evaluate.benchmarks.figures import benchmark_samples
from training.evaluate.choices import by_form, choice_samples, chosen, guessed
from training.evaluate.config import OWN, Control, EvaluateConfig
from training.evaluate.engines import Contestants, engines, open_judge, open_mind
from training.evaluate.judged import answers, check_judge, judged_samples, short_enough
from training.evaluate.report import write_report
from training.evaluate.samples import Key, Sample, Samples, Whole
from training.evaluate.scores import Bootstrap, Estimate
from training.evaluate.written import keep, write, written_samples

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
    cases = with_new_items(_known(read_cases(split, config.per_form, config.seed), people), config.corpus_dir)
    chats = read_chats(split, config.per_text, config.seed)
    if not cases:
        raise DataError(f"{split} has no task of the sandbox's forms about a person of the corpus")
    train = _known(read_cases(tasks / "train.jsonl", TRAIN_CASES, config.seed), people)
    say(f"{len(cases) + len(chats)} tasks of {len({one.user for one in (*cases, *chats)})} users")
    made = _judgeable(config, split, say) if config.judge.mind else []
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
    told, made, tested = guessed(choices, train, people), dict[str, list[str]](), Samples()
    for one in _with_somebody(config):
        names = " and ".join(one.models)
        with closing(open_mind(config, one, say)) as mind:
            say(f"asking {names} about {len(choices)} choices")
            told |= chosen(one.models, choices, people, _whos(config), config.seed, mind)
            if config.benchmarks:
                say(f"asking {names} what {' and '.join(config.benchmarks)} ask")
                tested |= benchmark_samples(config.benchmarks, one.models, mind, config.benchmark_scenes, config.seed)
            say(f"letting {names} write {len(places)} texts in people's places")
            made |= write(one.models, places, people, config.seed, mind)
    if places:
        keep(config.out_dir / "texts.jsonl", places, made)
        tested |= written_samples(made, places, _others(config, places), bootstrap, config.seed)
    return tested | choice_samples(told, choices, bootstrap)


def _with_somebody(config: EvaluateConfig) -> list[Contestants]:
    return [one for one in engines(config) if one.models]


def _judgeable(config: EvaluateConfig, split: Path, say: Say) -> list[Chat]:
    """Tasks for the judge.

    Raises:
        ConfigError: The judge has a stake.
        DataError: The corpus has none.
    """
    check_judge(config)
    found = read_made(split, config.per_text, config.seed)
    kept = short_enough(found)
    if not kept:
        raise DataError(
            f"{split} has {len(found)} tasks that a language model made and {len(kept)} short enough for a judge; "
            "make the corpus with synthesizer=llm, or leave judge.model out"
        )
    if len(kept) < len(found):
        say(f"left out because a judge could not read them whole: {len(found) - len(kept)} of {len(found)} tasks")
    return kept


def _judged(config: EvaluateConfig, chats: Sequence[Chat], say: Say) -> Samples:
    """What another model makes of contestants' answers where a model made the true ones."""
    if not chats:
        return {}
    made: dict[str, list[str]] = {}
    for one in _with_somebody(config):
        with closing(open_mind(config, one, say)) as mind:
            say(f"letting {' and '.join(one.models)} answer {len(chats)} tasks that a language model made")
            made |= answers(one.models, chats, mind, config.seed)
    made = {name: made[name] for name in config.models}
    with closing(open_judge(config, say)) as judge:
        check_judge(config, judge)
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
    from training.evaluate.likelihoods import Likelihoods  # takes seconds to import

    texts = [one for mine in by_form(_texts(cases)).values() for one in mine[: config.per_text]]
    likelihoods = Likelihoods(config, texts, chats, people, _whos(config))
    for one in engines(config):
        likelihoods.read(one, say)
    return likelihoods.samples()


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
