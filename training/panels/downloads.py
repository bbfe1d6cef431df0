"""The downloads of MusicLab's experiment 1, asked as the song market asks: which song of a page do you download?

Every download in a social world becomes one question: a page with that song and five that the person did not have, each
beside its count in that world at that moment. The experiment's people saw all 48 songs at random places; a choice among
a random sample of what was not chosen has the same odds (McFadden 1978). The data do not say what people heard and
skipped, so pages have no option to go on or leave. Nor do they have names and styles of songs: each person sees other
invented ones. How a song sounds is measured in the independent world, where nobody saw counts, and put into the world's
words for appeal. Worlds are the groups: 7 is val, 8 is test, of the others the train part is used.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np

from sandbox.core.form import Choose
from sandbox.core.question import Question
from sandbox.core.seeds import permutation
from training.panels.musiclab import NUM_SONGS, MarketLog, read_downloads
from training.panels.panel import Panel, PanelDecision, build_world, world_params
from training.sources.source import Rejects
from training.tasks.decision_points import stable_hash
from worlds.songs import Songs
from worlds.songs.catalogue import Song, sound_of, write_songs
from worlds.songs.listener import Listener, list_song
from worlds.songs.settings import SongsParams

FORM = "page"
VAL_WORLD, TEST_WORLD = 7, 8
"""Numbers of worlds in the data."""


class Downloads(Panel):
    """Downloads of MusicLab: compressed CSV, one row for a download."""

    world: ClassVar[str] = "songs"

    def read_decisions(self, path: Path, rejects: Rejects) -> Iterator[PanelDecision]:
        """Yield every download in a social world."""
        markets = read_downloads(path)
        appeal = measure_appeal([market.train_part() for market in markets if not market.is_social])
        params = world_params(self.world, SongsParams, {"num_social": 1, "num_independent": 0})
        for market in markets:
            if market.is_social:
                split = {VAL_WORLD: "val", TEST_WORLD: "test"}.get(market.number, "train")
                part = market.train_part() if split == "train" else market
                yield from Site(part, split, appeal, params).decide(rejects)


def measure_appeal(independent: Sequence[MarketLog]) -> list[float]:
    """Return the log odds of each song's download where nobody sees counts, 0 on average.

    One download is added to each song, so that one that nobody wanted has an appeal too.
    """
    songs = [download.song for market in independent for download in market.downloads]
    logs = np.log1p(np.bincount(songs, minlength=NUM_SONGS))
    return (logs - logs.mean()).tolist()


class Site:
    """One world of the experiment, as listeners of the song market see it."""

    def __init__(self, market: MarketLog, split: str, appeal: Sequence[float], params: SongsParams) -> None:
        self.market, self.split, self.appeal, self.params = market, split, appeal, params
        people = list(dict.fromkeys(download.person for download in market.downloads))
        self.world = build_world(Songs, params, len(people))
        self.listeners = dict(zip(people, self.world.listeners, strict=True))
        for listener in self.world.listeners:
            listener.styles = ()

    def decide(self, rejects: Rejects) -> Iterator[PanelDecision]:
        """Yield the downloads, in order; of somebody who had all other songs, none can be asked about."""
        counts = np.zeros(NUM_SONGS, np.int64)
        for number, (person, taken) in enumerate(self.market.downloads):
            listener, songs = self.listeners[person], self._name_songs(person)
            self.world.now = number
            seed = stable_hash("page", self.market.number, person, number)
            others = [song for song in permutation(NUM_SONGS, seed) if song not in listener.downloads and song != taken]
            if others:
                page = [taken, *others[: self.params.page_size - 1]]
                yield self._decision(number, person, self._ask_page(listener, page, songs, counts.tolist()), taken)
            else:
                rejects.add(None, "the only song that the person did not have", person)
            listener.downloads[taken] = None
            listener.remember("download", songs[taken].recall())
            counts[taken] += 1

    def _ask_page(
        self, listener: Listener, page: Sequence[int], songs: Sequence[Song], counts: Sequence[int]
    ) -> Question[Any]:
        """Return the world's question about a page, without the options of going on and of leaving."""
        listed = [list_song(song, counts[song.number], of_friends=False) for song in songs]
        question = listener.ask_page(page, listed, (0, 0), is_sorted=False)
        assert isinstance(question.form, Choose)
        return msgspec.structs.replace(question, form=Choose(question.form.options[: len(page)]))

    def _decision(self, number: int, person: str, question: Question[Any], taken: int) -> PanelDecision:
        return PanelDecision(
            person=f"{self.market.number}/{person}",
            group=str(self.market.number),
            split=self.split,
            record=f"{number}/{FORM}",
            form=FORM,
            question=question,
            answer=str(taken),
        )

    def _name_songs(self, person: str) -> list[Song]:
        """Return the songs under invented names, which differ between people."""
        rng = np.random.default_rng(stable_hash("songs", self.market.number, person))
        songs = write_songs(NUM_SONGS, 0.0, rng)
        return [song._replace(sound=sound_of(self.appeal[song.number])) for song in songs]
