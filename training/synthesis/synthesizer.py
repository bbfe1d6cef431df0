"""The stage that makes people and their moments with a language model, one bucket of users at a time.

All users of a bucket go through a step in one batch. Persona, profile, stories and style come from history; topics,
questions and scenes from what came later, where the records say which is which (`part`), else from all.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import msgspec
import polars as pl
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from sandbox.config import Frozen, validated
from training.funnel import Tally
from training.stages import Tables
from training.synthesis import steps
from training.synthesis.asking import Asker, Case, Made, Step, check_room, mind_of
from training.synthesis.excerpts import pieces
from training.synthesis.posts import Post, about, about_all, about_scene, by_user, first, posts_of

T = TypeVar("T")

PROMPT_TOKENS = 1000
"""What a prompt takes besides the posts, with the longest answer."""
SCENE_TOKENS = 1400
"""The same where the prompt holds a scene."""
_KEY = {"source": pl.String(), "platform": pl.String(), "user": pl.String()}
POST: dict[str, pl.DataType] = {
    **_KEY,
    "record": pl.String(),
    "part": pl.String(),  # history or target; "" where that was not decided
    "quality": pl.String(),  # high or medium; "" for what was not tagged
    "is_private": pl.Boolean(),  # whether the second rewrite replaced private details
    "heading": pl.String(),
    "text": pl.String(),
}
"""Columns of what the rest was made from."""
PERSON: dict[str, pl.DataType] = {**_KEY, "object": pl.String(), "text": pl.String(), "model": pl.String()}
"""Columns of parts of people; the text of `stories` is a JSON list of {record, summary, content}."""
MADE: dict[str, pl.DataType] = {
    **_KEY,
    "record": pl.String(),
    "kind": pl.String(),
    "object": pl.String(),  # JSON
    "model": pl.String(),
}
"""Columns of what was made from one record."""


class SynthesisConfig(Frozen):
    """Settings of the `llm` synthesizer."""

    mind: dict[str, Any]
    """Node of a mind, as in `conf/mind/`."""
    model: str
    """Language model: a known name, a hub id or a folder."""
    cache: bool
    """Whether answers are kept and used again."""
    seed: NonNegativeInt
    max_source_tokens: int = Field(ge=200)
    """Budget of the posts in one prompt."""
    max_post_tokens: int = Field(ge=100)
    """Budget of each of them."""
    min_posts: PositiveInt
    """Qualified posts that a user needs."""
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


def synthesize_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Make people and moments of one bucket of users.

    Args:
        files: The cleaned records; then, where there is one, the table that says what of them is history.
        settings: Those of `SynthesisConfig`.
        tally: Counts objects by reason, and questions and tokens.
    """
    config = validated(SynthesisConfig, settings, "llm")
    needed = max(config.max_source_tokens + PROMPT_TOKENS, config.max_post_tokens + SCENE_TOKENS)
    check_room(config.mind, needed, "llm")
    asker = Asker(mind_of(config.mind, config.model, config.cache), config.seed, tally)
    posts = qualified(tagged(cleaned(posts_of(files), asker, config), asker, config), config, tally)
    rewritten(posts, asker, config)
    yield "post", pl.DataFrame([{name: getattr(one, name) for name in POST} for one in posts], schema=POST)
    yield "person", pl.DataFrame(list(people(posts, asker, config)), schema=PERSON)
    yield "made", pl.DataFrame(list(moments(posts, asker, config)), schema=MADE)


def cleaned(posts: list[Post], asker: Asker, config: SynthesisConfig) -> list[Post]:
    """Posts with links, tags and the like left out; a passage that could not be cleaned stays as the rules left it."""
    worth = [one for one in posts if _is_worth(one, config)]
    for post, parts in zip(worth, _passages(steps.CLEAN, worth, asker), strict=True):
        post.text = " ".join(made.value["text"] if made else part for part, made in parts)
    return posts


def tagged(posts: list[Post], asker: Asker, config: SynthesisConfig) -> list[Post]:
    """Posts with their quality, without those that are harmful."""
    worth = [one for one in posts if _is_worth(one, config)]
    answers = asker.ask([(steps.TAG, about(one, config.max_post_tokens)) for one in worth])
    harmful: set[int] = set()
    for post, made in zip(worth, answers, strict=True):
        post.quality = made.value["quality"] if made else ""
        if made and not made.value["harmless"]:
            harmful.add(id(post))
            asker.tally.add(post.source, "posts", "harmful", 1)
    return [one for one in posts if id(one) not in harmful]


def qualified(posts: Sequence[Post], config: SynthesisConfig, tally: Tally) -> list[Post]:
    """Posts that are good enough, of users who have enough of them; a shopper's other purchases stay too."""
    kept: list[Post] = []
    for mine in by_user(posts):
        source, platform = mine[0].source, mine[0].platform
        for post in mine:
            post.quality = post.quality if post.quality in _of(config.qualities, platform) else ""
        good = [one for one in mine if one.quality]
        is_enough = sum(one.part != "target" for one in good) >= config.min_posts
        kept += (mine if platform == "reviews" else good) if is_enough else []
        tally.add(source, "users", "in", 1)
        tally.add(source, "users", "out" if is_enough else "too few qualified posts", 1)
        tally.add(source, "posts", "qualified", len(good))
    return kept


def rewritten(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> None:
    """Replace what rules did not see of private details, and look again at what would be shown.

    Nothing is made from a post alone whose rewriting failed or that is unsafe.
    """
    worth = first([one for one in posts if one.quality], config.max_posts["rewrite"])
    parts = _passages(steps.REWRITE, worth, asker)
    screens = asker.ask([(steps.SCREEN, about(one, config.max_post_tokens)) for one in worth])
    for post, made, screen in zip(worth, parts, screens, strict=True):
        if all(one for _, one in made) and screen is not None and not screen.value["unsafe"]:
            post.text = " ".join(one.value["text"] for _, one in made if one)
            post.is_private, post.is_concrete = True, screen.value["concrete"]


def people(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> Iterator[dict[str, str]]:
    """Persona, profile, style and stories of all users, in one batch."""
    history = [one for one in posts if one.part != "target"]
    users = list(by_user(history))
    whole = [(step, mine) for mine in users for step in steps.ABOUT_USERS]
    telling = first((one for one in history if one.quality and one.platform != "reviews"), config.max_posts["stories"])
    cases = [(step, _whole_case(mine, config)) for step, mine in whole]
    answers = asker.ask([*cases, *((steps.STORY, about(one, config.max_post_tokens)) for one in telling)])
    for (step, mine), made in zip(whole, answers, strict=False):
        if made:
            yield _person(mine[0], step.kind, next(iter(made.value.values())), made)
    told = {id(one): made for one, made in zip(telling, answers[len(whole) :], strict=True) if made}
    for mine in by_user(one for one in telling if id(one) in told):
        stories = [{"record": one.record, **told[id(one)].value} for one in mine]
        yield _person(mine[0], steps.STORY.kind, msgspec.json.encode(stories).decode(), told[id(mine[0])])


def moments(posts: Sequence[Post], asker: Asker, config: SynthesisConfig) -> Iterator[dict[str, str]]:
    """Topics, questions and scenes of all users in one batch, and what is known before each scene in another."""
    asked = [(step, one) for step in steps.ABOUT_POSTS for one in _material(step, posts, config)]
    answers = asker.ask([(step, about(one, config.max_post_tokens)) for step, one in asked])
    made = [(step, post, answer) for (step, post), answer in zip(asked, answers, strict=True) if answer]
    scenes = [one for one in made if one[0].kind in steps.FRAMES]
    for step, post, answer in made:
        if step.kind not in steps.FRAMES:
            yield _moment(step, post, answer, answer.value)
    for (step, post, answer), frame in zip(scenes, asker.ask([_framed(*one, config) for one in scenes]), strict=True):
        if frame:
            yield _moment(step, post, answer, {**answer.value, **frame.value})


def _material(step: Step, posts: Sequence[Post], config: SynthesisConfig) -> list[Post]:
    """The posts that a kind of object is made from; a topic may be that of any, the rest need a story."""
    fit = (
        one
        for one in posts
        if one.part != "history"
        and one.is_private
        and (one.is_concrete or step is steps.TOPIC)
        and (one.platform != "reviews" or step is steps.TOPIC)
    )
    return first(fit, config.max_posts[step.kind])


def _framed(step: Step, post: Post, answer: Made, config: SynthesisConfig) -> tuple[Step, Case]:
    scene = answer.value["text"]
    return steps.FRAMES[step.kind], about_scene(post, scene, config.max_post_tokens)


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


def _is_worth(post: Post, config: SynthesisConfig) -> bool:
    return bool(post.text) and len(post.text) >= _of(config.min_characters, post.platform)


def _of(values: Mapping[str, T], platform: str) -> T:
    return values.get(platform, values["default"])


def _key(post: Post) -> dict[str, str]:
    return {"source": post.source, "platform": post.platform, "user": post.user}


def _person(post: Post, kind: str, text: str, made: Made) -> dict[str, str]:
    return {**_key(post), "object": kind, "text": text, "model": made.model}


def _moment(step: Step, post: Post, made: Made, value: Mapping[str, Any]) -> dict[str, str]:
    text = msgspec.json.encode(value).decode()
    return {**_key(post), "record": post.record, "kind": step.kind, "object": text, "model": made.model}
