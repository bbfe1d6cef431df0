"""What should move what in the song market."""

from collections.abc import Sequence
from math import log, log2
from typing import Any

from sandbox.core import Level, PeopleSlope, Question, Reaction, VariedFact, change_facts
from sandbox.core.reaction import MIN_PROBABILITY
from sandbox.core.seeds import uniform
from worlds.songs.catalogue import SOUND_STEP, SOUNDS
from worlds.songs.listener import label_song

COUNTS = (0, 1, 3, 7, 15, 31)
"""Downloads, each nearly twice the one before."""
PEOPLE = PeopleSlope(
    0.326, 0.271, 0.381, num_people=1635,
    source="experiment 1 of MusicLab (Salganik, Dodds & Watts 2006, doi:10.1126/science.1121066), train part; "
    "conditional logit by `experiments.people.fit_songs`, interval over 8 worlds",
)  # fmt: skip


def _varied_place(question: Question[Any]) -> int:
    """Return the 0-based place of the song on the page that is varied."""
    return int(uniform(question.seed, b"varied song") * len(question.facts["songs"]))


def _read_count(question: Question[Any]) -> int | None:
    return question.facts["songs"][_varied_place(question)]["count"] if _has_others(question) else None


def _write_count(question: Question[Any], count: int) -> Question[Any]:
    """Return the question with another number of downloads beside one song."""
    place = _varied_place(question)
    before, of_friends = question.facts["songs"][place]["count"], question.facts["counts"] == "friends"
    description = _option_text(question, place).removesuffix(label_song("", before, of_friends=of_friends))
    return _change_song(question, {"count": count}, label_song(description, count, of_friends=of_friends))


def _read_sound(question: Question[Any]) -> int | None:
    return question.facts["songs"][_varied_place(question)]["sound"] if _has_others(question) else None


def _has_others(question: Question[Any]) -> bool:
    """Return whether the page has songs to choose between."""
    return len(question.facts["songs"]) > 1


def _write_sound(question: Question[Any], sound: int) -> Question[Any]:
    """Return the question with another sound of one song."""
    place = _varied_place(question)
    text, heard = _option_text(question, place), question.facts["songs"][place]["sound"]
    before, after = (f"), {SOUNDS[number]}" for number in (heard, sound))
    return _change_song(question, {"sound": sound}, text.replace(before, after))


def _option_text(question: Question[Any], place: int) -> str:
    options: Sequence[Any] = getattr(question.form, "options", ())
    return options[place].text


def _change_song(question: Question[Any], changes: dict[str, Any], text: str) -> Question[Any]:
    place, songs = _varied_place(question), list(question.facts["songs"])
    songs[place] = {**songs[place], **changes}
    return change_facts(question, {"songs": songs}, {place: text})


def _log_odds_among_songs(question: Question[Any], probs: Sequence[float]) -> float:
    """Return the log odds that the song is downloaded rather than another of the page, if any is."""
    of_songs = probs[: len(question.facts["songs"])]
    total = sum(of_songs)
    share = of_songs[_varied_place(question)] / total if total > 0 else 1 / len(of_songs)
    bounded = min(max(share, MIN_PROBABILITY), 1 - MIN_PROBABILITY)
    return log(bounded / (1 - bounded))


DOWNLOAD_BY_COUNT = Reaction(
    name="download_by_count",
    cause="the downloads of a song",
    effect="whether it is downloaded",
    template="page",
    fact=VariedFact(_read_count, _write_count),
    levels=tuple(Level(count, str(count), log2(1 + count)) for count in COUNTS),
    outcome=_log_odds_among_songs,
    outcome_label="log odds of that song, given a download",
    unit="log odds per doubling of 1 + downloads",
    direction=1,
    source="Salganik, Dodds & Watts 2006, doi:10.1126/science.1121066: people download what others downloaded",
    people=PEOPLE,
)
REACTIONS = (
    DOWNLOAD_BY_COUNT,
    Reaction(
        name="download_by_sound",
        cause="how a song sounds",
        effect="whether it is downloaded",
        template="page",
        fact=VariedFact(_read_sound, _write_sound),
        levels=tuple(Level(sound, text, SOUND_STEP * sound) for sound, text in enumerate(SOUNDS)),
        outcome=_log_odds_among_songs,
        outcome_label="log odds of that song, given a download",
        unit="log odds per unit of appeal",
        direction=1,
        source="Salganik, Dodds & Watts 2006, doi:10.1126/science.1121066: the best songs rarely do poorly",
    ),
)
