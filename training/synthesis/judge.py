"""The judge: another language model scores the objects that one made, and thresholds decide which are kept.

The judge reads the source, then the object, then the criteria in the order of the thresholds (`overall` last, so that
it follows from the others), and gives each an integer from 1 to 10. Every object is judged alone, so there is no order
of objects that could favour the first. Scores of a small judge carry little information: look at the table of scores
and compare it with human scores before relying on one.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeAlias

import msgspec
import polars as pl
from pydantic import BaseModel, Field, create_model, model_validator

from sandbox.core.form import Fill
from sandbox.core.mind import Mind
from sandbox.errors import ConfigError, unknown
from sandbox.settings import Settings, validate
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables
from training.synthesis import steps
from training.synthesis.excerpts import shorten, split_text
from training.synthesis.posts import Post, user_input
from training.synthesis.questions import Asker, Step, StepInput, StepOutput, build_asker

PROMPT_TOKENS = 700
"""Tokens of a prompt other than the posts and the object, including the scores."""

Criterion: TypeAlias = Literal[
    "hallucination", "coverage", "conciseness", "relevance", "fluency", "informativeness", "novelty", "fidelity",
    "leakage", "overall",
]  # fmt: skip
Thresholds: TypeAlias = dict[str, dict[Criterion, Annotated[int, Field(ge=1, le=10)]]]
"""Lowest score that keeps an object, by kind and criterion."""

ANCHORS: dict[Criterion, str] = {
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
"""Criteria that may be scored, with their anchors; 10 is best on all."""
KINDS = {step.kind for step in (*steps.ABOUT_USERS, steps.STORY, *steps.ABOUT_POSTS)}
"""Kinds of objects that may be judged."""
SCORE: dict[str, pl.DataType] = {
    "source": pl.String(),
    "user": pl.String(),
    "self": pl.String(),
    "record": pl.String(),  # "" for parts of people
    "kind": pl.String(),
    "scores": pl.String(),  # JSON; "" if the judge gave none
    "reason": pl.String(),  # why it is not kept; "" if it is
    "judge": pl.String(),  # model that scored; "" if none did
}
"""Columns of the scores."""


class JudgeConfig(Settings):
    """Settings of the judge (`conf/judge/`)."""

    mind: dict[str, Any] | None
    """Node of a mind; null only if nothing is judged."""
    model: str | None
    """Language model: a known name, a hub id or a folder."""
    allow_self_judge: bool
    """Whether the model that made the objects may judge them."""
    max_source_tokens: int = Field(ge=200)
    """Budget of the source text in one prompt."""
    max_object_tokens: int = Field(ge=200)
    """Budget of the object in one prompt."""
    thresholds: Thresholds
    """Kinds that are not named are not judged."""
    by_platform: dict[str, Thresholds]
    """Thresholds that apply instead to objects from one platform; a kind without criteria is not judged."""

    @model_validator(mode="after")
    def _check_kinds(self) -> Self:
        for kind in (kind for thresholds in (self.thresholds, *self.by_platform.values()) for kind in thresholds):
            if kind not in KINDS:
                raise ValueError(unknown("kind of object", kind, KINDS))
        return self

    def thresholds_for(self, kind: str, platform: str) -> dict[Criterion, int]:
        """Return the thresholds of one kind of object; empty if it is not judged."""
        return self.by_platform.get(platform, {}).get(kind, self.thresholds.get(kind, {}))

    def max_prompt_tokens(self) -> int:
        """Return an upper bound on the tokens of a prompt with its answer."""
        return self.max_source_tokens + self.max_object_tokens + PROMPT_TOKENS


class Candidate(NamedTuple):
    """An object that waits for its scores."""

    source: str
    platform: str
    user: str
    record: str
    """Empty for a part of a person."""
    kind: str
    text: str
    """The object as the judge reads it."""
    posts: tuple[Post, ...]
    """What it was made from."""
    model: str
    """The model that made it."""


class JudgeVerdict(NamedTuple):
    """What became of a candidate."""

    scores: Mapping[str, int] = {}
    """By criterion; empty if it was not judged or got no scores."""
    reason: str = ""
    """Why it is not kept; "" if it is."""
    judge: str = ""
    """The model that scored."""


def judge_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Judge the objects of one portion: keep what passes, and all that is not judged.

    Args:
        unit: Its inputs `object`, and `post`, the posts that the objects were made from.
        settings: `ask`, as `AskConfig`, or null if nothing is judged; and `judge`, as `JudgeConfig`.
        tally: Counts objects by reason, and questions.
    """
    config = validate(JudgeConfig, settings["judge"], "judge")
    objects, posts = pl.read_parquet(unit.file("object")), pl.read_parquet(unit.file("post"))
    candidates = build_candidates(objects, [Post(**row) for row in posts.iter_rows(named=True)])
    asker = build_asker(settings["ask"], tally) if settings["ask"] else None
    verdicts = judge_candidates(candidates, asker, config, tally)
    yield "object", objects.filter(pl.Series([not verdict.reason for verdict in verdicts], dtype=pl.Boolean))
    columns = {
        "scores": [_encode_scores(verdict.scores) for verdict in verdicts],
        "reason": [verdict.reason for verdict in verdicts],
        "judge": [verdict.judge for verdict in verdicts],
    }
    scores = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String()))
    yield "score", pl.concat([objects, scores], how="horizontal").select(*SCORE)


def judge_candidates(
    candidates: Sequence[Candidate], asker: Asker | None, config: JudgeConfig, tally: Tally
) -> list[JudgeVerdict]:
    """Score all candidates in one batch; those without thresholds are kept without being scored.

    Raises:
        ConfigError: The judge made some of them itself and is not allowed to judge those.
    """
    thresholds = [config.thresholds_for(candidate.kind, candidate.platform) for candidate in candidates]
    places = [place for place, limits in enumerate(thresholds) if limits]
    replies: dict[int, StepOutput | str] = {}
    if asker and places:
        _check_independence([candidates[place] for place in places], asker.mind, config, tally)
        requests = [
            (_judge_step(tuple(thresholds[place])), _judge_input(candidates[place], thresholds[place], config))
            for place in places
        ]
        replies = dict(zip(places, asker.collect_replies(requests), strict=True))
    verdicts = [_decide(replies.get(place, "no score"), limits) for place, limits in enumerate(thresholds)]
    for candidate, verdict, limits in zip(candidates, verdicts, thresholds, strict=True):
        tally.add(candidate.source, candidate.kind, "in", 1)
        outcome = verdict.reason or ("out" if limits else "out, not judged")
        tally.add(candidate.source, candidate.kind, outcome, 1)
    return verdicts


def build_candidates(objects: pl.DataFrame, posts: Sequence[Post]) -> list[Candidate]:
    """Return objects as the judge sees them: parts of people with the posts they know, the rest with their record."""
    by_record = {(post.source, post.record): post for post in posts}
    by_user: dict[tuple[str, str], list[Post]] = {}
    for post in posts:
        by_user.setdefault((post.source, post.user), []).append(post)
    return [
        Candidate(
            **{name: row[name] for name in ("source", "platform", "user", "record", "kind", "model")},
            text=format_object(msgspec.json.decode(row["value"])),
            posts=(by_record[row["source"], row["record"]],)
            if row["record"]
            else tuple(post for post in by_user[row["source"], row["user"]] if post.is_known_to(row["self"])),
        )
        for row in objects.iter_rows(named=True)
    ]


def format_object(value: Any) -> str:
    """Return an answer as prose: several fields each with its name, several answers one after the other."""
    if isinstance(value, list):
        return " ".join(format_object(part) for part in value)
    parts = {name: "; ".join(part) if isinstance(part, list) else part for name, part in value.items()}
    parts.pop("record", None)
    if len(parts) == 1:
        return next(iter(parts.values()))
    return " ".join(f"{name.capitalize()}: {part}" for name, part in parts.items())


def model_basename(model: str) -> str:
    """Return a model's name without folder, organisation and hash."""
    return model.partition("@")[0].rstrip("/").rpartition("/")[2].lower()


def _encode_scores(scores: Mapping[str, int]) -> str:
    return msgspec.json.encode(scores).decode() if scores else ""


def _check_independence(candidates: Sequence[Candidate], mind: Mind, config: JudgeConfig, tally: Tally) -> None:
    judges = {model_basename(str(mind.describe().get("model", mind.name))), model_basename(config.model or "")}
    num_own = sum(model_basename(candidate.model) in judges for candidate in candidates)
    if num_own and not config.allow_self_judge:
        raise ConfigError(
            f"judge.model is {config.model}, which made {num_own} of the {len(candidates)} objects itself, and a model "
            "prefers its own objects; name another model, or set judge.allow_self_judge=true"
        )
    if num_own:
        tally.add("all", "objects", "judged by the model that made them", num_own)


@lru_cache(maxsize=64)
def _judge_step(criteria: tuple[Criterion, ...]) -> Step:
    fields: dict[str, Any] = {criterion: (int, Field(ge=1, le=10)) for criterion in criteria}
    form: type[BaseModel] = create_model("Scores", **fields)
    return Step("judge", "judge", Fill(form))


def _judge_input(candidate: Candidate, limits: Mapping[Criterion, int], config: JudgeConfig) -> StepInput:
    base = user_input(candidate.posts, config.max_source_tokens, config.max_source_tokens)
    facts = {
        **base.facts,
        "object": candidate.kind.replace("_", " "),
        "made": split_text(shorten(candidate.text, config.max_object_tokens)),
        "items": [{"name": criterion, "meaning": ANCHORS[criterion]} for criterion in limits],
    }
    return base._replace(record=f"{candidate.record}/{candidate.kind}", facts=facts)


def _decide(reply: StepOutput | str, limits: Mapping[Criterion, int]) -> JudgeVerdict:
    """Return the scores and, as the reason to drop the object, the first criterion below its threshold."""
    if not limits:
        return JudgeVerdict()
    if isinstance(reply, str):
        return JudgeVerdict(reason="no score")
    low = [f"{criterion} < {least}" for criterion, least in limits.items() if reply.value[criterion] < least]
    return JudgeVerdict(reply.value, next(iter(low), ""), reply.model)
