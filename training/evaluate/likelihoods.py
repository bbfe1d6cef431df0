"""How likely every contestant finds what people wrote, what anybody writes, and what the base itself says."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from agents.prompt import Prompt, render
from agents.shipped import adapter_folder
from sandbox.people import Profile
from training.evaluate.asked import Case, Chat, questions
from training.evaluate.config import OWN, Control, EvaluateConfig
from training.evaluate.samples import Array, Key, Sample, Samples
from training.evaluate.texts import BASE, Reader

PER_CHARACTER = "nll per character"
PROSE, CHAT = "general prose", "base's own chat"
ABILITY = Path(__file__).parent / "ability"
"""`prose.txt`: paragraphs that were written for this; `chat.txt`: what people ask an assistant."""


def reader_of(config: EvaluateConfig) -> Reader:
    """The base with all contestants' adapters."""
    adapters = {name: adapter_folder(named, config.model) for name, named in config.models.items() if named}
    return Reader(config.model, adapters, config.max_length)


def text_samples(
    config: EvaluateConfig,
    reader: Reader,
    texts: Sequence[Case],
    people: Mapping[str, Profile],
    whos: Sequence[Control],
    say: Callable[[str], None],
) -> Samples:
    """Likelihoods of what people really wrote, by themselves or by who is put in their place."""
    found: dict[tuple[str, Control], Array] = {}
    for who in whos:
        prompts = [render(question) for question in questions(texts, people, who, config.seed)]
        for name, folder in config.models.items():
            say(f"reading {len(texts)} texts with {name}, {who}")
            found[name, who] = _per_character(reader, prompts, [one.answer for one in texts], name if folder else BASE)
    return _samples(found, texts)


def chat_samples(config: EvaluateConfig, reader: Reader, chats: Sequence[Chat], say: Callable[[str], None]) -> Samples:
    """Likelihoods of what people really wrote or chose, in the paper's forms."""
    prompts, texts = [one.prompt for one in chats], [one.answer for one in chats]
    found: dict[tuple[str, Control], Array] = {}
    for name, folder in config.models.items():
        say(f"reading {len(chats)} answers in the paper's forms with {name}")
        found[name, OWN] = _per_character(reader, prompts, texts, name if folder else BASE)
    return _samples(found, chats)


def ability_samples(config: EvaluateConfig, reader: Reader, say: Callable[[str], None]) -> Samples:
    """What a contestant forgets: likelihoods of plain prose, and of the answers that the base gives as an assistant.

    Every paragraph and every answer counts as one user.
    """
    say("reading general prose and the base's own chat")
    prose = _paragraphs("prose.txt")
    asked = [Prompt("You are a helpful assistant.", line, "") for line in _paragraphs("chat.txt")]
    replies = reader.replies(asked)
    samples: Samples = {}
    for name, folder in config.models.items():
        voice = name if folder else BASE
        for form, values in (
            (PROSE, -np.array(reader.plain(prose, voice)) / [len(text) for text in prose]),
            (CHAT, _per_character(reader, asked, replies, voice)),
        ):
            users = tuple(f"{form} {place}" for place in range(len(values)))
            samples[Key(name, OWN, form, PER_CHARACTER)] = Sample(values, users)
    return samples


def _samples(found: Mapping[tuple[str, Control], Array], tasks: Sequence[Case | Chat]) -> Samples:
    """Likelihoods by contestant and who is asked, as samples by form, of the tasks that all of them could read."""
    fits = np.all([np.isfinite(mine) for mine in found.values()], axis=0)
    samples: Samples = {}
    for (name, who), values in found.items():
        for form in dict.fromkeys(one.form for one in tasks):
            places = [place for place, one in enumerate(tasks) if one.form == form and fits[place]]
            if places:
                users = tuple(tasks[place].user for place in places)
                samples[Key(name, who, form, PER_CHARACTER)] = Sample(values[places], users)
    return samples


def _per_character(reader: Reader, prompts: Sequence[Prompt], texts: Sequence[str], voice: str) -> Array:
    """Negative log-likelihood of each text, in nats per character; NaN where it is too long."""
    likelihoods = reader.log_likelihoods(prompts, texts, voice)
    return np.array([np.nan if one is None else -one for one in likelihoods]) / [max(1, len(text)) for text in texts]


def _paragraphs(name: str) -> list[str]:
    text = (ABILITY / name).read_text(encoding="utf-8")
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
