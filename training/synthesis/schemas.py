"""The forms that a language model fills in, one for each step.

Every string and list is bounded: without bounds a small model writes until it runs out of tokens, and the JSON stays
unfinished. All strings of a form together fit into the tokens that a mind allows for it (`FILL_TOKENS`); longer texts
are free text instead (`Write`). Fields may be null if the source does not support them.

The name and docstring of each form are part of its JSON schema, and so of every question's digest, by which answers
are cached.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Line: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
"""One sentence."""
Paragraph: TypeAlias = Annotated[str, Field(min_length=1, max_length=620)]
"""About 100 words."""


class StepForm(BaseModel):
    """Base of all forms."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Passage(StepForm):
    """A piece of a post, cleaned or rewritten."""

    text: Annotated[str, Field(min_length=1, max_length=800)]


class Tag(StepForm):
    """What a post is good for."""

    quality: Literal["high", "medium", "low"]
    harmless: bool


class Screen(StepForm):
    """The stricter look at a post that moments are made from."""

    unsafe: bool
    """Whether something unsafe is what it is mainly about."""
    concrete: bool
    """Whether it tells a social event or an inner thought as a concrete story."""


class Persona(StepForm):
    """Who somebody is, in a paragraph; null where too little is known."""

    persona: Annotated[str, Field(min_length=1, max_length=700)] | None


class Story(StepForm):
    """One episode from somebody's life as they would tell it; null where the post has none."""

    summary: Annotated[str, Field(min_length=1, max_length=150)] | None
    content: Paragraph | None


class Topic(StepForm):
    """What a post is about, seen from outside."""

    topic: Annotated[str, Field(min_length=1, max_length=300)]


class SocialQA(StepForm):
    """A situation, a question about it and its answer; null where the post is too weak for one."""

    scenario: Annotated[str, Field(min_length=1, max_length=380)] | None
    question: Annotated[str, Field(min_length=1, max_length=140)] | None
    answer: Annotated[str, Field(min_length=1, max_length=320)] | None


class Frame(StepForm):
    """What is known before a scenario is told."""

    background: Annotated[str, Field(min_length=1, max_length=300)]
    characters: Annotated[list[Annotated[str, Field(min_length=1, max_length=80)]], Field(min_length=1, max_length=5)]


FORMS: tuple[type[StepForm], ...] = (Passage, Tag, Screen, Persona, Story, Topic, SocialQA, Frame)
"""All forms; a test checks their bounds against `FILL_TOKENS`."""
