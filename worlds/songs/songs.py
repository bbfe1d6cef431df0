"""The song market: several worlds with the same songs, and cohorts of people who come, look and download.

One step is one cohort. All of it sees the counts that the cohorts before have left; within a visit, everybody looks
through pages of songs, one question each, until the pages end or the person leaves.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sandbox.core import Row, Turn, World, gather, read_prompts
from sandbox.errors import ConfigError
from worlds.songs.catalogue import write_songs
from worlds.songs.history import Cohort, History, Ints
from worlds.songs.listener import LEFT, Listed, Listener, list_song
from worlds.songs.metrics import FIGURES, METRIC_LABELS, songs_metrics
from worlds.songs.placement import split_graph
from worlds.songs.reactions import REACTIONS
from worlds.songs.rules import RULES
from worlds.songs.settings import SongsParams

FOLDER = Path(__file__).parent


class Visit(NamedTuple):
    """One person's visit of the website."""

    listener: Listener
    pages: list[list[int]]
    """Songs of each page."""
    listed: Sequence[Listed]
    """How each song is listed."""
    is_sorted: bool
    """Whether the order of the songs says how often they were downloaded."""


class Songs(World[SongsParams]):
    """A market for songs that nobody knows, in social worlds and in independent ones."""

    prompts = read_prompts(FOLDER / "prompts")
    paraphrases = tuple(read_prompts(FOLDER / "paraphrases" / number) for number in ("1", "2", "3"))
    rules = RULES
    metric_labels = METRIC_LABELS
    figures = FIGURES
    reactions = REACTIONS

    def __init__(self, params: SongsParams, **parts: Any) -> None:
        """Write the songs and put everybody into a world; `parts` are those of `World`."""
        super().__init__(params, **parts)
        self.songs = write_songs(params.num_songs, params.appeal_spread, self.seeds.rng("world"))
        self.listeners = [Listener(self, profile, node) for node, profile in enumerate(self.profiles)]
        self.num_markets = params.num_social + params.num_independent
        if len(self.listeners) < self.num_markets:
            raise ConfigError(
                f"{self.num_markets} worlds of songs need as many people at least, found {len(self.listeners)}; set "
                f"population.size={self.num_markets} or more, or lower world.num_social or world.num_independent"
            )
        self.queues = self._assign_markets()
        self.history = History(params.num_songs, [number < params.num_social for number in range(self.num_markets)])
        self.counts = np.zeros((self.num_markets, params.num_songs), np.int64)
        """Downloads of each song as each world shows them, those that an intervention invents included."""
        self.log: list[Row] = []
        """One row per download."""
        self.num_arrivals = [0] * self.num_markets
        """By world: people who came so far."""
        self.num_visitors = 0
        """People who came in the latest step."""

    def _assign_markets(self) -> list[list[Listener]]:
        """Put everybody into a world; return the people of each, in the order in which they come."""
        starts = [listener.node for listener in self.in_order(self.listeners, "worlds")]
        by_node = {listener.node: listener for listener in self.listeners}
        queues: list[list[Listener]] = []
        for number, piece in enumerate(split_graph(self.network.G, starts, self.num_markets)):
            members = [by_node[node] for node in piece]
            for member in members:
                member.market = number
            queues.append(self.in_order(members, "arrivals"))
        return queues

    # One step.

    def turn(self) -> Turn[None]:
        """A cohort comes, and looks through the pages together."""
        visits = [visit for number in range(self.num_markets) for visit in self._open_visits(number)]
        visitors = [visit.listener for visit in visits]
        shown = np.zeros_like(self.counts)
        choices: list[tuple[Listener, int]] = []
        page = 0
        while visits := [visit for visit in visits if page < len(visit.pages)]:
            decisions = yield from gather(
                [
                    visit.listener.ask_page(
                        visit.pages[page], visit.listed, (page + 1, len(visit.pages)), is_sorted=visit.is_sorted
                    )
                    for visit in visits
                ]
            )
            for visit, song in zip(visits, decisions, strict=True):
                if song is not None and song != LEFT:
                    shown[visit.listener.market, visit.pages[page]] += 1
                    choices.append((visit.listener, song))
            visits = [visit for visit, song in zip(visits, decisions, strict=True) if song != LEFT]
            page += 1
        self._settle(visitors, choices, shown)

    def _open_visits(self, number: int) -> list[Visit]:
        """Return the visits of those of a world whose turn it is."""
        queue, params = self.queues[number], self.params
        if params.num_compared and len(self.history.downloads[number]) >= params.num_compared:
            return []
        size = max(1, round(params.cohort * len(queue)))
        is_social = number < params.num_social
        visible = None if not is_social or params.counts == "hidden" else self.counts[number].tolist()
        order = self.counts[number].tolist() if is_social and params.order == "counts" else None
        listed = [list_song(song, visible[song.number] if visible else None, of_friends=False) for song in self.songs]
        visits: list[Visit] = []
        for place in range(size):
            listener = queue[(self.num_arrivals[number] + place) % len(queue)]
            if visible is not None and params.counts == "friends":
                of_friends = listener.count_downloads_of_friends(len(self.songs))
                listed = [list_song(song, of_friends[song.number], of_friends=True) for song in self.songs]
                order = order and of_friends
            pages = listener.arrange_pages(len(self.songs), order)
            visits.append(Visit(listener, pages, listed, order is not None))
        return visits

    def _settle(self, visitors: Sequence[Listener], choices: Sequence[tuple[Listener, int]], shown: Ints) -> None:
        """Count visits and what was downloaded; the next cohort sees it."""
        self.num_visitors = len(visitors)
        for listener in visitors:
            listener.num_visits += 1
            self.num_arrivals[listener.market] += 1
        taken = np.zeros_like(self.counts)
        for listener, number in choices:
            song = self.songs[number]
            listener.downloads[number] = None
            listener.remember("download", song.recall())
            taken[listener.market, number] += 1
            self.history.downloads[listener.market].append(number)
            self.log.append(self._describe_download(listener, number))
        self.history.cohorts.append(Cohort(self.counts.copy(), shown, taken))
        self.counts += taken

    def _describe_download(self, listener: Listener, song: int) -> Row:
        return {
            "step": self.now,
            "world": listener.market,
            "social": self.history.is_social[listener.market],
            "person": listener.unique_id,
            "song": song,
            "count": int(self.counts[listener.market, song]),
        }

    # Results.

    def metrics(self) -> dict[str, float]:
        """Return all metrics of the latest step and so far."""
        return songs_metrics(self.history, self.params.num_compared, self.num_visitors)

    def tables(self) -> dict[str, list[Row]]:
        """Return the songs, how often each was downloaded where, who came, and every download."""
        people: list[Row] = [
            {
                "node": listener.node,
                "world": listener.market,
                "social": self.history.is_social[listener.market],
                "visits": listener.num_visits,
                "downloads": len(listener.downloads),
            }
            for listener in self.listeners
        ]
        return {
            "songs": [dict(song._asdict()) for song in self.songs],
            "charts": self._charts(),
            "people": people,
            "downloads": self.log,
        }

    def _charts(self) -> list[Row]:
        """Return how often each song was downloaded in each world."""
        rows: list[Row] = []
        for number, songs in enumerate(self.history.downloads):
            totals = np.bincount(songs, minlength=len(self.songs)).tolist()
            social = self.history.is_social[number]
            rows += [
                {"world": number, "social": social, "song": song, "downloads": total}
                for song, total in enumerate(totals)
            ]
        return rows
