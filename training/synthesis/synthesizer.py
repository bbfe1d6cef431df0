"""The stage that makes people and their moments with a language model, one portion of users at a time.

All users of a portion go through a step in one batch. Persona, profile, stories and style come from what a self knows;
topics, questions and scenes from what it does not know and is asked about.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import msgspec
import polars as pl
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from sandbox.config import Frozen
from sandbox.validation import validated
from training.funnel import Tally
from training.stages import Folders, Tables, Unit
from training.synthesis import steps
from training.synthesis.asking import Asker, Case, Made, Step, asker_of
from training.synthesis.excerpts import pieces
from training.synthesis.posts import (
    POST,
    SELVES,
    Post,
    about,
    about_all,
    about_scene,
    by_user,
    first,
    first_of_each,
    posts_of,
)

T = TypeVar("T")

PROMPT_TOKENS = 1000
"""What a prompt takes besides the posts, with the longest answer."""
SCENE_TOKENS = 1400
"""The same where the prompt holds a scene."""
OBJECT: dict[str, pl.DataType] = {
    "source": pl.String(),
    "platform": pl.String(),
    "user": pl.String(),
    "self": pl.String(),  # latest or early: whom it is a part of, or who is asked about it
    "split": pl.String(),
    "record": pl.String(),  # what it was made from; "" for parts of people
    "kind": pl.String(),  # a step's
    "value": pl.String(),  # JSON: the step's answer; of stories, a list of {record, summary, content}
    "model": pl.String(),
}
"""Columns of a table of what a model made."""


class SynthesisConfig(Frozen):
    """Settings of the `llm` synthesizer (`conf/synthesis/`)."""

    records_per_unit: PositiveInt
    """People are made in units of about so many records; a step is one batch over a unit."""
    max_source_tokens: int = Field(ge=200)
    """Budget of the posts in one prompt."""
    max_post_tokens: int = Field(ge=100)
    """Budget of each of them."""
    min_posts: PositiveInt
    """Qualified posts that a person needs."""
    qualities: dict[str, list[Literal["high", "medium"]]]
    """Qualities that qualify, by platform; `default` for those not named."""
    min_characters: dict[str, NonNegativeInt]
    """Length from which a text is tagged at all, by platform; `default` for those not named."""
    max_purchases: PositiveInt
    """Records of a shopper that a person is made from, the last ones."""
    max_posts: dict[str, PositiveInt]
    """Posts of a user that each kind of object is made from, `rewrite` and `stories` included."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        kinds = {"rewrite", steps.STORY.kind, *(step.kind for step in steps.ABOUT_POSTS)}
        if set(self.max_posts) != kinds:
            raise ValueError(f"max_posts must name {', '.join(sorted(kinds))}")
        if "default" not in self.qualities or "default" not in self.min_characters:
            raise ValueError("qualities and min_characters must name a default")
        if self.max_post_tokens > self.max_source_tokens:
            raise ValueError("max_post_tokens must not be more than max_source_tokens")
        return self

    def room(self) -> int:
        """Tokens that a prompt takes at most, with its answer."""
        return max(self.max_source_tokens + PROMPT_TOKENS, self.max_post_tokens + SCENE_TOKENS)


def synthesis_units(folders: Folders) -> list[Unit]:
    """Every portion of every table of people."""
    portions = [table for table in folders.tables("portions") if table.startswith("portion=")]
    return [(f"{path.stem}-{table}", [path]) for table in portions for path in folders.files("portions", table)]


def synthesis_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Make people and moments of one portion of users.

    Args:
        files: The portion.
        settings: `ask`, as `AskConfig`, and `make`, as `SynthesisConfig`.
        tally: Counts users, posts and objects by reason, and questions.
    """
    config = validated(SynthesisConfig, settings["make"], "synthesis")
    asker = asker_of(settings["ask"], tally)
    posts = posts_of(files[0])
    clean(posts, asker, config)
    tag(posts, asker, config)
    posts = qualified(posts, config, tally)
    rewrite(posts, asker, config)
    yield "post", pl.DataFrame([asdict(one) for one in posts], schema=POST)
    yield "object", pl.DataFrame([*portraits(posts, asker, config), *moments(posts, asker, config)], schema=OBJECT)


def clean(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> None:
    """Leave out links, tags and the like; a passage that could not be cleaned stays as the rules left it."""
    worth = [one for one in posts if _is_worth(one, config)]
    for post, parts in zip(worth, _passages(steps.CLEAN, worth, asker), strict=True):
        post.text = " ".join(made.value["text"] if made else part for part, made in parts)


def tag(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> None:
    """Say how good posts are as material, or that they are harmful."""
    worth = [one for one in posts if _is_worth(one, config)]
    answers = asker.ask([(steps.TAG, about(one, config.max_post_tokens)) for one in worth])
    for post, made in zip(worth, answers, strict=True):
        if made:
            post.quality = made.value["quality"] if made.value["harmless"] else "harmful"


def qualified(posts: Sequence[Post], config: SynthesisConfig, tally: Tally) -> list[Post]:
    """Posts that are good enough, of users who have enough of them; a shopper's other purchases stay too."""
    kept: list[Post] = []
    for mine in by_user(posts):
        source, good = mine[0].source, _of(config.qualities, mine[0].platform)
        num_good = {which: sum(one.quality in good and one.makes(which) for one in mine) for which in SELVES}
        is_enough = num_good["latest"] >= config.min_posts
        tally.add(source, "users", "in", 1)
        tally.add(source, "users", "out" if is_enough else "too few qualified posts", 1)
        for post in mine:
            reason = _unfit(post, good) or ("" if is_enough else "of a user with too few")
            tally.add(source, "posts", "in", 1)
            tally.add(source, "posts", reason or "out", 1)
            if not reason:
                post.quality = post.quality if post.quality in good else ""
                kept.append(post)
        if num_good["early"] < config.min_posts:
            _forget_early(mine)
    return kept


def rewrite(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> None:
    """Replace what rules did not see of private details, and look again at what would be shown.

    Nothing is made from a post alone whose rewriting failed or that is unsafe.
    """
    worth = first_of_each([one for one in posts if one.quality], config.max_posts["rewrite"])
    parts = _passages(steps.REWRITE, worth, asker)
    screens = asker.ask([(steps.SCREEN, about(one, config.max_post_tokens)) for one in worth])
    for post, made, screen in zip(worth, parts, screens, strict=True):
        if all(one for _, one in made) and screen is not None and not screen.value["unsafe"]:
            post.text = " ".join(one.value["text"] for _, one in made if one)
            post.is_private, post.is_concrete = True, screen.value["concrete"]


def portraits(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> Iterator[dict[str, str]]:
    """Persona, profile, style and stories of every self of every user."""
    known = [(which, [one for one in mine if one.makes(which)]) for mine in by_user(posts) for which in SELVES]
    selves = [(which, mine) for which, mine in known if mine]
    whole = [(step, which, mine) for which, mine in selves for step in steps.ABOUT_USERS]
    answers = asker.ask([(step, _whole_case(mine, config)) for step, _, mine in whole])
    for (step, which, mine), made in zip(whole, answers, strict=True):
        if made:
            yield _object(mine[0], which, "", step, made.value, made.model)
    told = _stories(posts, asker, config)
    for which, mine in selves:
        if stories := [(one, told[one.source, one.record]) for one in mine if (one.source, one.record) in told]:
            value = [{"record": one.record, **made.value} for one, made in stories]
            yield _object(mine[0], which, "", steps.STORY, value, stories[0][1].model)


def moments(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> Iterator[dict[str, str]]:
    """Topics, questions and scenes of all users in one batch, and what is known before each scene in another."""
    asked = [(step, one) for step in steps.ABOUT_POSTS for one in _material(step, posts, config)]
    answers = asker.ask([(step, about(one, config.max_post_tokens)) for step, one in asked])
    made = [(step, post, answer) for (step, post), answer in zip(asked, answers, strict=True) if answer]
    scenes = [one for one in made if one[0].kind in steps.FRAMES]
    for step, post, answer in made:
        if step.kind not in steps.FRAMES:
            yield _object(post, post.asked, post.record, step, answer.value, answer.model)
    frames = asker.ask([_framed(*one, config) for one in scenes])
    for (step, post, answer), frame in zip(scenes, frames, strict=True):
        if frame:
            yield _object(post, post.asked, post.record, step, {**answer.value, **frame.value}, answer.model)


def _stories(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> dict[tuple[str, str], Made]:
    """Episodes by source and record, of what the latest selves know."""
    fit = [one for one in posts if one.makes("latest") and one.is_private and one.platform != "reviews"]
    telling = first(fit, config.max_posts[steps.STORY.kind])
    answers = asker.ask([(steps.STORY, about(one, config.max_post_tokens)) for one in telling])
    return {(one.source, one.record): made for one, made in zip(telling, answers, strict=True) if made}


def _material(step: Step, posts: Sequence[Post], config: SynthesisConfig) -> list[Post]:
    """The posts that a kind of object is made from; a topic may be that of any, the rest need a story."""
    is_topic = step is steps.TOPIC
    fit = [
        one
        for one in posts
        if one.asked and one.is_private and (is_topic or (one.is_concrete and one.platform != "reviews"))
    ]
    return first_of_each(fit, config.max_posts[step.kind])


def _framed(step: Step, post: Post, answer: Made, config: SynthesisConfig) -> tuple[Step, Case]:
    return steps.FRAMES[step.kind], about_scene(post, answer.value["text"], config.max_post_tokens)


def _whole_case(posts: Sequence[Post], config: SynthesisConfig) -> Case:
    last = posts[-config.max_purchases :] if posts[0].platform == "reviews" else posts
    return about_all(last, config.max_source_tokens, config.max_post_tokens)


def _passages(step: Step, posts: Sequence[Post], asker: Asker) -> list[list[tuple[str, Made | None]]]:
    """Every post's passages in order, each with what became of it; all in one batch."""
    parts = [pieces(post.text) for post in posts]
    cases = [
        (step, Case(post.source, post.user, f"{post.record}/{place}", {"posts": [[part]]}, (part,)))
        for post, mine in zip(posts, parts, strict=True)
        for place, part in enumerate(mine)
    ]
    answers = iter(asker.ask(cases))
    return [[(part, next(answers)) for part in mine] for mine in parts]


def _unfit(post: Post, good: Sequence[str]) -> str:
    """Why a post is left out, whoever wrote it; "" for what is fit."""
    if post.quality == "harmful":
        return "harmful"
    if post.quality in good or post.platform == "reviews":
        return ""
    return "low quality" if post.quality else "not tagged"


def _forget_early(posts: Sequence[Post]) -> None:
    """There is too little to make an early self from: nobody is asked about the rest of the history."""
    for post in posts:
        post.is_early, post.asked = False, "" if post.asked == "early" else post.asked


def _is_worth(post: Post, config: SynthesisConfig) -> bool:
    return bool(post.text) and len(post.text) >= _of(config.min_characters, post.platform)


def _of(values: Mapping[str, T], platform: str) -> T:
    return values.get(platform, values["default"])


def _object(post: Post, which: str, record: str, step: Step, value: Any, model: str) -> dict[str, str]:
    return {
        **{name: getattr(post, name) for name in ("source", "platform", "user", "split")},
        "self": which,
        "record": record,
        "kind": step.kind,
        "value": msgspec.json.encode(value).decode(),
        "model": model,
    }
