"""The stage that makes people, and objects about their records, with a language model, one portion of users at a time.

All users of a portion go through a step in one batch. Persona, profile, stories and style are made from what a self
knows; topics, questions and scenes from what it does not know and is asked about.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, Self, TypeAlias, TypeVar

import msgspec
import polars as pl
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from sandbox.settings import Settings, validate
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables
from training.synthesis import steps
from training.synthesis.excerpts import split_text
from training.synthesis.posts import (
    POST,
    SELVES,
    Post,
    best_posts,
    best_posts_per_self,
    group_by_user,
    load_posts,
    post_input,
    scene_input,
    user_input,
)
from training.synthesis.questions import Asker, Step, StepInput, StepOutput, StepRequest, build_asker

T = TypeVar("T")

PROMPT_TOKENS = 1000
"""Tokens of a prompt other than the posts, including the longest answer."""
SCENE_TOKENS = 1400
"""The same for a prompt that holds a scene."""
OBJECT: dict[str, pl.DataType] = {
    "source": pl.String(),
    "platform": pl.String(),
    "user": pl.String(),
    "self": pl.String(),  # latest or early: the self that it is a part of, or that is asked about it
    "split": pl.String(),
    "record": pl.String(),  # what it was made from; "" for parts of people
    "kind": pl.String(),  # a step's
    "value": pl.String(),  # JSON: the step's answer; for stories, a list of {record, summary, content}
    "model": pl.String(),
}
"""Columns of a table of the objects that a language model made."""

ObjectRow: TypeAlias = dict[str, str]
"""A row of the table `OBJECT`."""


class SynthesisConfig(Settings):
    """Settings of the `llm` synthesizer (`conf/synthesis/`)."""

    records_per_unit: PositiveInt
    """Approximate size of the units in which people are made; a step is one batch over a unit."""
    max_source_tokens: int = Field(ge=200)
    """Budget of the posts in one prompt."""
    max_post_tokens: int = Field(ge=100)
    """Budget of each of them."""
    min_posts: PositiveInt
    """Qualified posts that a person needs."""
    qualities: dict[str, list[Literal["high", "medium"]]]
    """Qualities that qualify, by platform; `default` applies to platforms that are not named."""
    min_characters: dict[str, NonNegativeInt]
    """Length from which a text is tagged at all, by platform; `default` applies to platforms that are not named."""
    max_purchases: PositiveInt
    """Number of a shopper's latest records that a person is made from."""
    max_posts: dict[str, PositiveInt]
    """Posts of a user that each kind of object is made from, `rewrite` and `stories` included."""

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        kinds = {"rewrite", steps.STORY.kind, *(step.kind for step in steps.ABOUT_POSTS)}
        if set(self.max_posts) != kinds:
            raise ValueError(f"max_posts must name {', '.join(sorted(kinds))}")
        if "default" not in self.qualities or "default" not in self.min_characters:
            raise ValueError("qualities and min_characters must name a default")
        if self.max_post_tokens > self.max_source_tokens:
            raise ValueError("max_post_tokens must not be more than max_source_tokens")
        return self

    def max_prompt_tokens(self) -> int:
        """Return an upper bound on the tokens of a prompt with its answer."""
        return max(self.max_source_tokens + PROMPT_TOKENS, self.max_post_tokens + SCENE_TOKENS)


def synthesis_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Make the people of one portion of users, and the objects about their records.

    Args:
        unit: Its input `portion`.
        settings: `ask`, as `AskConfig`, and `make`, as `SynthesisConfig`.
        tally: Counts users, posts and objects by reason, and questions.
    """
    config = validate(SynthesisConfig, settings["make"], "synthesis")
    asker = build_asker(settings["ask"], tally)
    posts = load_posts(unit.file("portion"))
    clean_posts(posts, asker, config)
    tag_posts(posts, asker, config)
    posts = select_qualified(posts, config, tally)
    rewrite_posts(posts, asker, config)
    yield "post", pl.DataFrame([asdict(post) for post in posts], schema=POST)
    objects = [*make_portraits(posts, asker, config), *make_record_objects(posts, asker, config)]
    yield "object", pl.DataFrame(objects, schema=OBJECT)


def clean_posts(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> None:
    """Remove links, tags and the like; a passage that could not be cleaned stays as the rules left it."""
    eligible = [post for post in posts if _is_long_enough(post, config)]
    for post, passages in zip(eligible, _process_passages(steps.CLEAN, eligible, asker), strict=True):
        post.text = " ".join(output.value["text"] if output else passage for passage, output in passages)


def tag_posts(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> None:
    """Tag posts by how good they are as material, or as harmful."""
    eligible = [post for post in posts if _is_long_enough(post, config)]
    outputs = asker.ask([(steps.TAG, post_input(post, config.max_post_tokens)) for post in eligible])
    for post, output in zip(eligible, outputs, strict=True):
        if output:
            post.quality = output.value["quality"] if output.value["harmless"] else "harmful"


def select_qualified(posts: Sequence[Post], config: SynthesisConfig, tally: Tally) -> list[Post]:
    """Return the posts that are good enough, of users with enough of them; a shopper's other purchases stay too."""
    selected: list[Post] = []
    for user_posts in group_by_user(posts):
        source, good = user_posts[0].source, _for_platform(config.qualities, user_posts[0].platform)
        num_good = {
            name: sum(post.quality in good and post.is_known_to(name) for post in user_posts) for name in SELVES
        }
        is_enough = num_good["latest"] >= config.min_posts
        tally.add(source, "users", "in", 1)
        tally.add(source, "users", "out" if is_enough else "too few qualified posts", 1)
        for post in user_posts:
            reason = _reason_to_drop(post, good) or ("" if is_enough else "of a user with too few")
            tally.add(source, "posts", "in", 1)
            tally.add(source, "posts", reason or "out", 1)
            if not reason:
                post.quality = post.quality if post.quality in good else ""
                selected.append(post)
        if num_good["early"] < config.min_posts:
            _drop_early_self(user_posts)
    return selected


def rewrite_posts(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> None:
    """Replace private details that the rules missed, and screen once more what would be shown.

    A post that could not be rewritten, or that is unsafe, is never the only source of an object.
    """
    eligible = best_posts_per_self([post for post in posts if post.quality], config.max_posts["rewrite"])
    rewritten = _process_passages(steps.REWRITE, eligible, asker)
    screens = asker.ask([(steps.SCREEN, post_input(post, config.max_post_tokens)) for post in eligible])
    for post, passages, screen in zip(eligible, rewritten, screens, strict=True):
        if all(output for _, output in passages) and screen is not None and not screen.value["unsafe"]:
            post.text = " ".join(output.value["text"] for _, output in passages if output)
            post.is_private, post.is_concrete = True, screen.value["concrete"]


def make_portraits(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> Iterator[ObjectRow]:
    """Yield persona, profile, style and stories of every self of every user."""
    candidates = [
        (name, [post for post in user_posts if post.is_known_to(name)])
        for user_posts in group_by_user(posts)
        for name in SELVES
    ]
    selves = [(name, self_posts) for name, self_posts in candidates if self_posts]
    parts = [(step, name, self_posts) for name, self_posts in selves for step in steps.ABOUT_USERS]
    outputs = asker.ask([(step, _self_input(self_posts, config)) for step, _, self_posts in parts])
    for (step, name, self_posts), output in zip(parts, outputs, strict=True):
        if output:
            yield _object_row(self_posts[0], name, "", step, output.value, output.model)
    stories = _make_stories(posts, asker, config)
    for name, self_posts in selves:
        records = [post.record for post in self_posts if (post.source, post.record) in stories]
        if records:
            own_stories = [stories[self_posts[0].source, record] for record in records]
            value = [{"record": record, **story.value} for record, story in zip(records, own_stories, strict=True)]
            yield _object_row(self_posts[0], name, "", steps.STORY, value, own_stories[0].model)


def make_record_objects(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> Iterator[ObjectRow]:
    """Yield topics, questions and scenes of all users, made in one batch, with each scene's frame, made in another."""
    pairs = [(step, post) for step in steps.ABOUT_POSTS for post in _select_material(step, posts, config)]
    outputs = asker.ask([(step, post_input(post, config.max_post_tokens)) for step, post in pairs])
    objects = [(step, post, output) for (step, post), output in zip(pairs, outputs, strict=True) if output]
    scenes = [(step, post, output) for step, post, output in objects if step.kind in steps.FRAMES]
    for step, post, output in objects:
        if step.kind not in steps.FRAMES:
            yield _object_row(post, post.asked_self, post.record, step, output.value, output.model)
    frames = asker.ask([_frame_request(step, post, output, config) for step, post, output in scenes])
    for (step, post, output), frame in zip(scenes, frames, strict=True):
        if frame:
            value = {**output.value, **frame.value}
            yield _object_row(post, post.asked_self, post.record, step, value, output.model)


def _make_stories(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> dict[tuple[str, str], StepOutput]:
    """Return episodes by source and record, made from what the latest selves know."""
    eligible = [post for post in posts if post.is_known_to("latest") and post.is_private and not post.is_review]
    material = best_posts(eligible, config.max_posts[steps.STORY.kind])
    outputs = asker.ask([(steps.STORY, post_input(post, config.max_post_tokens)) for post in material])
    return {(post.source, post.record): output for post, output in zip(material, outputs, strict=True) if output}


def _select_material(step: Step, posts: Sequence[Post], config: SynthesisConfig) -> list[Post]:
    """Return the posts that a kind of object is made from: any for a topic, only those with a story for the rest."""
    is_topic = step is steps.TOPIC
    eligible = [
        post
        for post in posts
        if post.asked_self and post.is_private and (is_topic or (post.is_concrete and not post.is_review))
    ]
    return best_posts_per_self(eligible, config.max_posts[step.kind])


def _frame_request(step: Step, post: Post, scene: StepOutput, config: SynthesisConfig) -> StepRequest:
    return steps.FRAMES[step.kind], scene_input(post, scene.value["text"], config.max_post_tokens)


def _self_input(posts: Sequence[Post], config: SynthesisConfig) -> StepInput:
    latest = posts[-config.max_purchases :] if posts[0].is_review else posts
    return user_input(latest, config.max_source_tokens, config.max_post_tokens)


def _process_passages(step: Step, posts: Sequence[Post], asker: Asker) -> list[list[tuple[str, StepOutput | None]]]:
    """Return every post's passages in order, each with what the step made of it; all are asked in one batch."""
    passages = [split_text(post.text) for post in posts]
    requests = [
        (step, StepInput(post.source, post.user, f"{post.record}/{place}", {"posts": [[passage]]}, (passage,)))
        for post, post_passages in zip(posts, passages, strict=True)
        for place, passage in enumerate(post_passages)
    ]
    outputs = iter(asker.ask(requests))
    return [[(passage, next(outputs)) for passage in post_passages] for post_passages in passages]


def _reason_to_drop(post: Post, good: Sequence[str]) -> str:
    """Return why a post is left out, whoever wrote it; "" if it is not."""
    if post.quality == "harmful":
        return "harmful"
    if post.quality in good or post.is_review:
        return ""
    return "low quality" if post.quality else "not tagged"


def _drop_early_self(posts: Sequence[Post]) -> None:
    """Mark posts as if there were no early self, if there is too little to make one: nobody is asked about them."""
    for post in posts:
        post.is_early, post.asked_self = False, "" if post.asked_self == "early" else post.asked_self


def _is_long_enough(post: Post, config: SynthesisConfig) -> bool:
    return bool(post.text) and len(post.text) >= _for_platform(config.min_characters, post.platform)


def _for_platform(values: Mapping[str, T], platform: str) -> T:
    return values.get(platform, values["default"])


def _object_row(post: Post, name: str, record: str, step: Step, value: Any, model: str) -> ObjectRow:
    return {
        **{column: getattr(post, column) for column in ("source", "platform", "user", "split")},
        "self": name,
        "record": record,
        "kind": step.kind,
        "value": msgspec.json.encode(value).decode(),
        "model": model,
    }
