"""The judge: another language model scores what one has made, and thresholds say what is kept.

The judge reads the source, then the object, then the items in the order of the thresholds (`overall` last, so that it
comes after its reasons), and fills in a whole number from 1 to 10 for each. Every object is judged alone: there is no
order of objects that could favour the first. Scores of a small judge carry little information; whoever uses one should
look at the table of scores and compare it with scores by people.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec
import polars as pl
from pydantic import BaseModel, Field, NonNegativeInt, create_model

from sandbox.config import Frozen, validated
from sandbox.errors import ConfigError
from sandbox.mind import Mind
from sandbox.question import Fill
from training.funnel import Tally
from training.stages import Tables
from training.synthesis.asking import Asker, Case, Step, check_room, mind_of
from training.synthesis.excerpts import pieces, shortened
from training.synthesis.posts import Post, about_all

PROMPT_TOKENS = 700
"""What a prompt takes besides the posts and the object, with the scores."""

Item: TypeAlias = Literal[
    "hallucination", "coverage", "conciseness", "relevance", "fluency", "informativeness", "novelty", "fidelity",
    "leakage", "overall",
]  # fmt: skip
Thresholds: TypeAlias = dict[str, dict[Item, Annotated[int, Field(ge=1, le=10)]]]
"""Smallest score that keeps an object, by kind and item."""

MEANINGS: dict[Item, str] = {
    "hallucination": "10 if every statement rests on the posts; 5 if some do not; 1 if it is largely invented.",
    "coverage": "10 if nothing that matters in the posts is missing; 5 if half of it is; 1 if it misses the point.",
    "conciseness": "10 if no word is idle; 5 if much is said twice or for show; 1 if it rambles.",
    "relevance": "10 if all of it tells of the person; 5 if much could be left out; 1 if it is beside the point.",
    "fluency": "10 if it reads as if well written by hand; 5 if it is clumsy; 1 if it is broken.",
    "informativeness": "10 if it is concrete and telling; 5 if it is partly commonplace; 1 if it fits anybody.",
    "novelty": "10 if it shows this person or moment as unlike others; 5 if it is ordinary; 1 if it is a cliché.",
    "fidelity": "10 if events, motives and tone are as in the posts; 5 if they are bent; 1 if they are other ones.",
    "leakage": "10 if scenario and question do not let one guess the answer; 5 if they hint at it; 1 if they say it.",
    "overall": "10 if it can be used as it is; 5 if it would have to be mended; 1 if it is useless.",
}
"""Items that may be scored, with anchors; 10 is best on all."""
SCORE: dict[str, pl.DataType] = {
    "source": pl.String(),
    "user": pl.String(),
    "record": pl.String(),  # "" for parts of people
    "kind": pl.String(),
    "scores": pl.String(),  # JSON; "" where the judge gave none
    "reason": pl.String(),  # why it is not kept; "" for what is
    "judge": pl.String(),  # model that scored
}
"""Columns of the scores."""


class JudgeConfig(Frozen):
    """Settings of the judge (`conf/judge/`)."""

    mind: dict[str, Any] | None
    """Node of a mind; null only where nothing is judged."""
    model: str | None
    """Language model: a known name, a hub id or a folder."""
    allow_self_judge: bool
    """Whether the model that made the objects may judge them."""
    cache: bool
    seed: NonNegativeInt
    max_source_tokens: int = Field(ge=200)
    """Budget of the source text in one prompt."""
    max_made_tokens: int = Field(ge=200)
    """Budget of the object in it."""
    thresholds: Thresholds
    """Kinds that are not named are not judged."""
    by_platform: dict[str, Thresholds]
    """The same for objects from one kind of platform, instead."""

    def thresholds_of(self, kind: str, platform: str) -> dict[Item, int]:
        """Thresholds of one kind of object; none where it is not judged."""
        if platform == "reviews":
            return {}
        return self.by_platform.get(platform, {}).get(kind) or self.thresholds.get(kind, {})


class Candidate(NamedTuple):
    """An object that waits for its scores."""

    source: str
    platform: str
    user: str
    record: str
    """Empty for a part of a person."""
    kind: str
    text: str
    """As the judge reads it."""
    posts: tuple[Post, ...]
    """What it was made from."""
    model: str
    """What made it."""


class Verdict(NamedTuple):
    """What became of a candidate."""

    scores: dict[str, int]
    """By item; empty for what was not judged or got no scores."""
    reason: str
    """Why it is not kept, or ""."""


def judge_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Judge one bucket: keep what passes, and all that is not judged.

    Args:
        files: The tables `post`, `person` and `made` of one unit of the synthesizer.
        settings: Those of `JudgeConfig`.
        tally: Counts objects by reason.
    """
    config = validated(JudgeConfig, settings, "judge")
    if config.mind is None or config.model is None:
        raise ConfigError("judge.mind or judge.model is null; name them, or leave the judge out")
    by_name = {path.parent.name: pl.read_parquet(path) for path in files}
    check_room(config.mind, config.max_source_tokens + config.max_made_tokens + PROMPT_TOKENS, "judge")
    posts = [Post(**row) for row in by_name["post"].iter_rows(named=True)]
    people = by_name["person"].with_columns(record=pl.lit(""), kind="object", shown="text")
    made = by_name["made"].with_columns(shown="object")
    candidates = [*_candidates(people, posts), *_candidates(made, posts)]
    mind = mind_of(config.mind, config.model, config.cache)
    verdicts = judged(candidates, mind, config, tally)
    kept = pl.Series([not one.reason for one in verdicts], dtype=pl.Boolean)
    yield "person", by_name["person"].filter(kept[: people.height])
    yield "made", by_name["made"].filter(kept[people.height :])
    yield "score", _scores(candidates, verdicts, judge_name(mind))


def judged(candidates: Sequence[Candidate], mind: Mind, config: JudgeConfig, tally: Tally) -> list[Verdict]:
    """Score all candidates in one batch; what has no thresholds is kept without being scored.

    Raises:
        ConfigError: The judge has made some of them itself, and is not allowed to judge those.
    """
    _check_other(candidates, mind, config, tally)
    asker = Asker(mind, config.seed, Tally(tally.stage))
    limits = [config.thresholds_of(one.kind, one.platform) for one in candidates]
    places = [place for place, limit in enumerate(limits) if limit]
    answers = asker.ask([(_step(tuple(limits[i])), _case(candidates[i], limits[i], config)) for i in places])
    for (source, what, reason), number in asker.tally.counts.items():
        if source == "all":
            tally.add(source, what, reason, number)
    scores = {place: answer.value if answer else {} for place, answer in zip(places, answers, strict=True)}
    verdicts = [_verdict(scores.get(place), limit) for place, limit in enumerate(limits)]
    for one, verdict, limit in zip(candidates, verdicts, limits, strict=True):
        tally.add(one.source, one.kind, "in", 1)
        tally.add(one.source, one.kind, verdict.reason or ("out" if limit else "out, not judged"), 1)
    return verdicts


def judge_name(mind: Mind) -> str:
    """The model behind a mind, as far as it tells."""
    return str(mind.describe().get("model", mind.name))


def _check_other(candidates: Sequence[Candidate], mind: Mind, config: JudgeConfig, tally: Tally) -> None:
    name = _bare(judge_name(mind))
    own = sum(_bare(one.model) == name or _bare(one.model) == _bare(config.model or "") for one in candidates)
    if own and not config.allow_self_judge:
        raise ConfigError(
            f"judge.model is {config.model}, which made {own} of the {len(candidates)} objects itself: a model prefers "
            "its own; name another, or set judge.allow_self_judge=true"
        )
    if own:
        tally.add("all", "objects", "judged by the model that made them", own)


def _bare(model: str) -> str:
    """A model's name without folder, organisation and hash."""
    return model.partition("@")[0].rstrip("/").rpartition("/")[2].lower()


@lru_cache(maxsize=64)
def _step(items: tuple[Item, ...]) -> Step:
    fields: dict[str, Any] = {item: (int, Field(ge=1, le=10)) for item in items}
    form: type[BaseModel] = create_model("Scores", **fields)
    return Step("judge", "judge", Fill(form))


def _case(one: Candidate, limits: Mapping[Item, int], config: JudgeConfig) -> Case:
    case = about_all(one.posts, config.max_source_tokens, config.max_source_tokens)
    facts = {
        **case.facts,
        "object": one.kind.replace("_", " "),
        "made": pieces(shortened(one.text, config.max_made_tokens)),
        "items": [{"name": item, "meaning": MEANINGS[item]} for item in limits],
    }
    return case._replace(record=f"{one.record}/{one.kind}", facts=facts)


def _verdict(scores: Mapping[str, int] | None, limits: Mapping[Item, int]) -> Verdict:
    """The first item below its threshold is the reason."""
    if scores is None:
        return Verdict({}, "")
    if not scores:
        return Verdict({}, "no score")
    low = [f"{item} < {least}" for item, least in limits.items() if scores[item] < least]
    return Verdict(dict(scores), next(iter(low), ""))


def _candidates(rows: pl.DataFrame, posts: Sequence[Post]) -> list[Candidate]:
    """Rows as the judge sees them: parts of people with their history, the rest with their record."""
    sources: dict[tuple[str, str, str], list[Post]] = {}
    for post in posts:
        sources.setdefault((post.source, post.user, post.record), []).append(post)
        if post.part != "target":
            sources.setdefault((post.source, post.user, ""), []).append(post)
    return [
        Candidate(
            **{name: row[name] for name in ("source", "platform", "user", "record", "kind", "model")},
            text=readable(row["shown"]),
            posts=tuple(sources[row["source"], row["user"], row["record"]]),
        )
        for row in rows.iter_rows(named=True)
    ]


def readable(text: str) -> str:
    """JSON objects as lines of prose; other text as it is."""
    if not text.startswith(("{", "[")):
        return text
    value = msgspec.json.decode(text)
    return " ".join(_told(one) for one in (value if isinstance(value, list) else [value]))


def _told(value: Mapping[str, Any]) -> str:
    parts = {name: "; ".join(part) if isinstance(part, list) else part for name, part in value.items()}
    return " ".join(f"{name.capitalize()}: {part}" for name, part in parts.items() if name != "record")


def _scores(candidates: Sequence[Candidate], verdicts: Sequence[Verdict], judge: str) -> pl.DataFrame:
    rows = [
        {
            **{name: getattr(one, name) for name in ("source", "user", "record", "kind")},
            "scores": msgspec.json.encode(verdict.scores).decode() if verdict.scores else "",
            "reason": verdict.reason,
            "judge": judge,
        }
        for one, verdict in zip(candidates, verdicts, strict=True)
    ]
    return pl.DataFrame(rows, schema=SCORE)
