"""Which posts a visitor is shown: the order of all posts that can be shown, and the pages that are filled from it."""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import log10

from sandbox.core.seeds import SeedTree, permutation, uniforms
from worlds.feed.person import Person
from worlds.feed.posts import Post
from worlds.feed.settings import FeedParams

STEPS_PER_TENFOLD = 12.5 / 6
"""Steps of six hours by which a post must be newer to outweigh ten times the score: 12.5 hours (Reddit's `hot`)."""
CANDIDATES = 24
"""Openings, and replies, of all people that are drawn for a reader before they are ranked, where there are more: a
large site does not show everybody the same few posts."""
OPENING_SHARE = 0.5
"""Share of the places for posts of all people that list openings rather than replies, as long as there are both: a
forum lists threads, and shows replies to those who look further."""


class Order:
    """Some posts in the order of the ranking, by the side of the reader."""

    def __init__(self, posts: Sequence[Post], params: FeedParams) -> None:
        """Rank posts that are in random order, which decides between equals."""
        ranked = list(posts)
        if params.ranking in ("chronological", "similarity"):
            ranked.sort(key=lambda post: -post.step)
        elif params.ranking in ("popularity", "bridging"):
            ranked.sort(key=lambda post: -heat(post, is_bridging=params.ranking == "bridging"))
        self._is_random = params.ranking == "random"
        self._by_side = [ranked, ranked]
        if params.ranking == "similarity":
            self._by_side = [sorted(ranked, key=lambda post: post.author.side != side) for side in (0, 1)]
        self.places = [{post.id: place for place, post in enumerate(order)} for order in self._by_side]
        """By the side of the reader: the place of every post, by its id."""

    def candidates(self, reader: Person, draws: Iterator[float]) -> Iterator[Post]:
        """Return the posts that the ranking chooses from for one reader, best first."""
        order = self._by_side[reader.side]
        places: Sequence[int] = range(len(order))
        if len(order) > CANDIDATES:
            places = sorted({int(next(draws) * len(order)) for _ in range(CANDIDATES)})
        if self._is_random:
            places = [places[index] for index in permutation(len(places), int(next(draws) * 2**53))]
        return (order[place] for place in places)


class FeedPage:
    """All posts that can be shown in a step."""

    def __init__(self, posts: Sequence[Post], params: FeedParams, seeds: SeedTree, now: int) -> None:
        """Rank the posts once for all visitors."""
        self._params, self._seeds, self._now = params, seeds, now
        shuffled = seeds.order(now, "posts", posts, [post.id for post in posts])
        self._all = Order(shuffled, params)
        self._openings = Order([post for post in shuffled if post.parent is None], params)
        self._replies = Order([post for post in shuffled if post.parent is not None], params)

    def page(self, reader: Person) -> list[Post]:
        """Return what a visitor is shown, in this order."""
        draws = uniforms(self._seeds.decision(reader.unique_id, self._now, -2))
        openings = self._new_to(reader, self._openings.candidates(reader, draws))
        replies = self._new_to(reader, self._replies.candidates(reader, draws))
        followed = self._new_to(reader, self._from_followed(reader))
        page: dict[int, Post] = {}
        for _ in range(self._params.num_shown):
            is_discovery = next(draws) < self._params.discovery
            posts = (openings, replies) if next(draws) < OPENING_SHARE else (replies, openings)
            sources = (*posts, followed) if is_discovery else (followed, *posts)
            post = next((post for post in chain(*sources) if post.id not in page), None)
            if post is None:
                break
            page[post.id] = post
        return list(page.values())

    def _from_followed(self, reader: Person) -> Iterator[Post]:
        """Yield what followed people wrote or shared, in the order of the ranking."""
        places = self._all.places[reader.side]
        posts = {post.id: post for author in reader.following for post in author.recent if post.id in places}
        yield from sorted(posts.values(), key=lambda post: places[post.id])

    @staticmethod
    def _new_to(reader: Person, posts: Iterator[Post]) -> Iterator[Post]:
        """Return the posts that are not the reader's own and that the reader was never shown."""
        return (post for post in posts if post.author is not reader and post.id not in reader.viewed)


def heat(post: Post, *, is_bridging: bool = False) -> float:
    """Return Reddit's `hot` of a post.

    Args:
        post: Any post.
        is_bridging: Whether up-votes count as far as both sides give them: twice those of the side that gives fewer.
    """
    score = 2 * min(post.ups) - post.downs if is_bridging else post.score
    sign = (score > 0) - (score < 0)
    return sign * log10(max(abs(score), 1)) + post.step / STEPS_PER_TENFOLD
