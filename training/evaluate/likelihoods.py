"""How likely every contestant finds what people wrote, what anybody writes, and what the base itself says."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from agents.prompt import Prompt, render
from sandbox.people import Profile
from training.evaluate.asked import Case, Chat, questions
from training.evaluate.config import OWN, Control, EvaluateConfig
from training.evaluate.engines import Contestants
from training.evaluate.samples import Array, Key, Sample, Samples
from training.evaluate.texts import BASE, Reader

PER_CHARACTER = "nll per character"
PROSE, CHAT = "general prose", "base's own chat"
ABILITY = Path(__file__).parent / "ability"
"""`prose.txt`: paragraphs that were written for this; `chat.txt`: what people ask an assistant."""


class Likelihoods:
    """Has contestants read one engine after the other, and puts together what all of them could read."""

    def __init__(
        self,
        config: EvaluateConfig,
        texts: Sequence[Case],
        chats: Sequence[Chat],
        people: Mapping[str, Profile],
        whos: Sequence[Control],
    ) -> None:
        self.config = config
        self.texts = texts
        self.chats = chats
        self._prompts: dict[Control, list[Prompt]] = {
            who: [render(question) for question in questions(texts, people, who, config.seed)] for who in whos
        }
        self._of_texts: dict[tuple[str, Control], Array] = {}
        self._of_chats: dict[tuple[str, Control], Array] = {}
        self._of_ability: Samples = {}
        self._replies: list[str] = []

    def read(self, one: Contestants, say: Callable[[str], None]) -> None:
        """Let the contestants of one engine read everything; the base's engine is the first."""
        reader = Reader(one.model, one.adapters(), self.config.max_length)
        if self.config.ability and not self._replies:
            self._replies = reader.replies(_assistant())
        for name, folder in one.models.items():
            say(f"reading {len(self.texts) + len(self.chats)} texts with {name}")
            self._read(reader, name, name if folder else BASE)

    def samples(self) -> Samples:
        """All of it, in nats per character."""
        made = _samples(self._of_texts, self.texts) if self.texts else {}
        made |= _samples(self._of_chats, self.chats) if self.chats else {}
        return made | self._of_ability

    def _read(self, reader: Reader, name: str, voice: str) -> None:
        real = [one.answer for one in self.texts]
        for who, prompts in self._prompts.items():
            self._of_texts[name, who] = _per_character(reader, prompts, real, voice)
        prompts, answers = [one.prompt for one in self.chats], [one.answer for one in self.chats]
        self._of_chats[name, OWN] = _per_character(reader, prompts, answers, voice)
        if self.config.ability:
            self._of_ability |= self._forgotten(reader, name, voice)

    def _forgotten(self, reader: Reader, name: str, voice: str) -> Samples:
        """Likelihoods of plain prose, and of the base's answers as an assistant; each paragraph counts as one user."""
        prose = _paragraphs("prose.txt")
        of_prose = -np.array(reader.plain(prose, voice)) / [len(text) for text in prose]
        of_chat = _per_character(reader, _assistant(), self._replies, voice)
        made: Samples = {}
        for form, values in ((PROSE, of_prose), (CHAT, of_chat)):
            users = tuple(f"{form} {place}" for place in range(len(values)))
            made[Key(name, OWN, form, PER_CHARACTER)] = Sample(values, users)
        return made


def _assistant() -> list[Prompt]:
    """What people ask an assistant."""
    return [Prompt("You are a helpful assistant.", line, "") for line in _paragraphs("chat.txt")]


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
