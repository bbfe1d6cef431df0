"""Who comes to the website: listeners, the pages that they look at, and what they are asked."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from sandbox.core import Agent, Choose, Option, Profile, Question, World
from sandbox.core.seeds import permutation
from worlds.songs.catalogue import Song, favourite_styles
from worlds.songs.settings import SongsParams

Site: TypeAlias = World[SongsParams]
"""What listeners know of the website."""
Listed: TypeAlias = tuple[Option, dict[str, Any]]
"""A song as a page lists it: an option, and its facts."""

NEXT = Option("next", "none of these, on to the next page")
LEAVE = Option("leave", "none of these, leave the website")
LEFT = -1
"""Result of the answer `leave`."""
VISIT = -2
"""Round of the random numbers that order the songs of a visit."""


def list_song(song: Song, count: int | None, *, of_friends: bool) -> Listed:
    """Return a song as a page lists it.

    Args:
        song: The song.
        count: Downloads that are shown beside it; None: nothing is shown.
        of_friends: Whether they are those of friends.
    """
    label = label_song(song.describe(), count, of_friends=of_friends)
    facts = {"id": str(song.number), "style": song.style, "sound": song.sound, "count": count}
    return Option(str(song.number), label), facts


def label_song(description: str, count: int | None, *, of_friends: bool) -> str:
    """Return how a song reads among the options."""
    if count is None:
        return description
    if of_friends:
        return f"{description}, downloaded by {count} friend{'s' * (count != 1)}"
    return f"{description}, {count} download{'s' * (count != 1)}"


class Listener(Agent[Site]):
    """Looks through pages of songs and downloads some."""

    def __init__(self, world: Site, profile: Profile, node: int) -> None:
        super().__init__(world, profile, node)
        self.node = node
        """Place on the social graph."""
        self.market = 0
        """Number of the world that this person belongs to, of the several in a replicate."""
        seed = int.from_bytes(profile.digest()[:8], "little")
        self.styles = favourite_styles(seed)
        """Favourite styles; they follow from the profile."""
        self.downloads: dict[int, None] = {}
        """Songs that were downloaded in earlier steps, in order."""
        self.num_visits = 0

    def arrange_pages(self, num_songs: int, counts: Sequence[int] | None) -> list[list[int]]:
        """Return the pages of one visit: songs that this person has not downloaded yet.

        Args:
            num_songs: Songs on offer.
            counts: By which songs are sorted, most first, ties at random; None: all at random.
        """
        seeds, size = self.world.seeds, self.world.params.page_size
        order = permutation(num_songs, seeds.decision(self.unique_id, self.world.now, VISIT))
        if counts is not None:
            order.sort(key=lambda song: -counts[song])
        offered = [song for song in order if song not in self.downloads] if self.downloads else order
        return [offered[start : start + size] for start in range(0, len(offered), size)]

    def count_downloads_of_friends(self, num_songs: int) -> list[int]:
        """Return, by song, how many friends in the same world have downloaded it."""
        counts = [0] * num_songs
        for friend in self.friends():
            if friend.market == self.market:
                for song in friend.downloads:
                    counts[song] += 1
        return counts

    def ask_page(
        self, songs: Sequence[int], listed: Sequence[Listed], page: tuple[int, int], *, is_sorted: bool
    ) -> Question[int | None]:
        """Ask which song of a page to download; None is the next page, and `LEFT` the end of the visit.

        Args:
            songs: The songs of the page.
            listed: How songs are listed, by song.
            page: 1-based number of the page, and how many there are.
            is_sorted: Whether the songs come in an order that says how often they were downloaded.
        """
        entries = [listed[song] for song in songs]
        options = (*[option for option, _ in entries], NEXT, LEAVE)
        form: Choose[int | None] = Choose(options, is_sorted, (*songs, None, LEFT))
        facts = {
            "songs": [song_facts for _, song_facts in entries],
            "styles": list(self.styles),
            "page": page[0],
            "pages": page[1],
            "counts": "hidden" if entries[0][1]["count"] is None else self.world.params.counts,
        }
        return self.ask("page", facts, form)
