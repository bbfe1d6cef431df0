"""The judge: another language model scores what one has made, and thresholds say what is kept.

The judge reads the source, then the object, then the items in the order of the thresholds (`overall` last, so that it
comes after its reasons), and fills in a whole number from 1 to 10 for each. Every object is judged alone: there is no
order of objects that could favour the first. Scores of a small judge carry little information; whoever uses one should
look at the table of scores and compare it with scores by people.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeAlias

import msgspec
import polars as pl
from pydantic import BaseModel, Field, create_model, model_validator

from sandbox.config import Frozen
from sandbox.errors import ConfigError, unknown
from sandbox.mind import Mind
from sandbox.question import Fill
from sandbox.validation import validated
from training.funnel import Tally
from training.stages import Folders, Tables, Unit
from training.synthesis import steps
from training.synthesis.asking import Asker, Case, Made, Step, asker_of
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
KINDS = {step.kind for step in (*steps.ABOUT_USERS, steps.STORY, *steps.ABOUT_POSTS)}
"""Kinds of objects that may be judged."""
SCORE: dict[str, pl.DataType] = {
    "source": pl.String(),
    "user": pl.String(),
    "self": pl.String(),
    "record": pl.String(),  # "" for parts of people
    "kind": pl.String(),
    "scores": pl.String(),  # JSON; "" where the judge gave none
    "reason": pl.String(),  # why it is not kept; "" for what is
    "judge": pl.String(),  # model that scored; "" for nobody
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
    max_source_tokens: int = Field(ge=200)
    """Budget of the source text in one prompt."""
    max_made_tokens: int = Field(ge=200)
    """Budget of the object in it."""
    thresholds: Thresholds
    """Kinds that are not named are not judged."""
    by_platform: dict[str, Thresholds]
    """The same for objects from one kind of platform, instead; no item: not judged."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        for kind in (kind for thresholds in (self.thresholds, *self.by_platform.values()) for kind in thresholds):
            if kind not in KINDS:
                raise ValueError(unknown("kind of object", kind, KINDS))
        return self

    def thresholds_of(self, kind: str, platform: str) -> dict[Item, int]:
        """Thresholds of one kind of object; none where it is not judged."""
        return self.by_platform.get(platform, {}).get(kind, self.thresholds.get(kind, {}))

    def room(self) -> int:
        """Tokens that a prompt takes at most, with its answer."""
        return self.max_source_tokens + self.max_made_tokens + PROMPT_TOKENS


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

    scores: Mapping[str, int] = {}
    """By item; empty for what was not judged or got no scores."""
    reason: str = ""
    """Why it is not kept, or ""."""
    judge: str = ""
    """The model that scored."""


def judge_units(folders: Folders) -> list[Unit]:
    """Every table of objects with the posts that they were made from."""
    return [
        (name, [*files, folders.root / "synthesis" / "post" / files[0].name])
        for name, files in folders.each("synthesis", "object")
    ]


def judge_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Judge the objects of one portion: keep what passes, and all that is not judged.

    Args:
        files: Objects and posts.
        settings: `ask`, as `AskConfig`, or null where nothing is judged; and `judge`, as `JudgeConfig`.
        tally: Counts objects by reason, and questions.
    """
    config = validated(JudgeConfig, settings["judge"], "judge")
    objects = pl.read_parquet(files[0])
    candidates = candidates_of(objects, [Post(**row) for row in pl.read_parquet(files[1]).iter_rows(named=True)])
    asker = asker_of(settings["ask"], tally) if settings["ask"] else None
    verdicts = judged(candidates, asker, config, tally)
    yield "object", objects.filter(pl.Series([not one.reason for one in verdicts], dtype=pl.Boolean))
    scores = [msgspec.json.encode(one.scores).decode() if one.scores else "" for one in verdicts]
    given = {"scores": scores, "reason": [one.reason for one in verdicts], "judge": [one.judge for one in verdicts]}
    told = pl.DataFrame(given, schema=dict.fromkeys(given, pl.String()))
    yield "score", pl.concat([objects, told], how="horizontal").select(*SCORE)


def judged(candidates: Sequence[Candidate], asker: Asker | None, config: JudgeConfig, tally: Tally) -> list[Verdict]:
    """Score all candidates in one batch; what has no thresholds is kept without being scored.

    Raises:
        ConfigError: The judge has made some of them itself, and is not allowed to judge those.
    """
    limits = [config.thresholds_of(one.kind, one.platform) for one in candidates]
    places = [place for place, limit in enumerate(limits) if limit]
    replies: dict[int, Made | str] = {}
    if asker and places:
        _check_other([candidates[place] for place in places], asker.mind, config, tally)
        asked = [(_step(tuple(limits[place])), _case(candidates[place], limits[place], config)) for place in places]
        replies = dict(zip(places, asker.replies(asked), strict=True))
    verdicts = [_verdict(replies.get(place, "no score"), limit) for place, limit in enumerate(limits)]
    for one, verdict, limit in zip(candidates, verdicts, limits, strict=True):
        tally.add(one.source, one.kind, "in", 1)
        tally.add(one.source, one.kind, verdict.reason or ("out" if limit else "out, not judged"), 1)
    return verdicts


def candidates_of(objects: pl.DataFrame, posts: Sequence[Post]) -> list[Candidate]:
    """Objects as the judge sees them: parts of people with what these know, the rest with their record."""
    of_record = {(post.source, post.record): post for post in posts}
    of_user: dict[tuple[str, str], list[Post]] = {}
    for post in posts:
        of_user.setdefault((post.source, post.user), []).append(post)
    return [
        Candidate(
            **{name: row[name] for name in ("source", "platform", "user", "record", "kind", "model")},
            text=readable(msgspec.json.decode(row["value"])),
            posts=(of_record[row["source"], row["record"]],)
            if row["record"]
            else tuple(post for post in of_user[row["source"], row["user"]] if post.makes(row["self"])),
        )
        for row in objects.iter_rows(named=True)
    ]


def readable(value: Any) -> str:
    """An answer as prose: of several fields each with its name, of several answers one after the other."""
    if isinstance(value, list):
        return " ".join(readable(one) for one in value)
    parts = {name: "; ".join(part) if isinstance(part, list) else part for name, part in value.items()}
    parts.pop("record", None)
    if len(parts) == 1:
        return next(iter(parts.values()))
    return " ".join(f"{name.capitalize()}: {part}" for name, part in parts.items())


def bare(model: str) -> str:
    """A model's name without folder, organisation and hash."""
    return model.partition("@")[0].rstrip("/").rpartition("/")[2].lower()


def _check_other(candidates: Sequence[Candidate], mind: Mind, config: JudgeConfig, tally: Tally) -> None:
    judges = {bare(str(mind.describe().get("model", mind.name))), bare(config.model or "")}
    own = sum(bare(one.model) in judges for one in candidates)
    if own and not config.allow_self_judge:
        raise ConfigError(
            f"judge.model is {config.model}, which made {own} of the {len(candidates)} objects itself: a model prefers "
            "its own; name another, or set judge.allow_self_judge=true"
        )
    if own:
        tally.add("all", "objects", "judged by the model that made them", own)


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


def _verdict(reply: Made | str, limits: Mapping[Item, int]) -> Verdict:
    """The first item below its threshold is the reason."""
    if not limits:
        return Verdict()
    if isinstance(reply, str):
        return Verdict(reason="no score")
    low = [f"{item} < {least}" for item, least in limits.items() if reply.value[item] < least]
    return Verdict(reply.value, next(iter(low), ""), reply.model)
