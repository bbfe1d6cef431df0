"""Which posts a visitor is shown: the order of all posts that can be shown, and the pages that are filled from it."""

from collections.abc import Iterator, Sequence
from itertools import chain
from math import log10

from sandbox.core.seeds import SeedTree, uniforms
from worlds.feed.person import Person
from worlds.feed.posts import Post
from worlds.feed.settings import FeedParams

STEPS_PER_TENFOLD = 12.5 / 6
"""Steps of six hours by which a post must be newer to outweigh ten times the score: 12.5 hours, as in Reddit's `hot`."""
TRIES = 40
"""Draws for one place of a randomly ranked page until a post is new to the reader."""


class Shelf:
    """All posts that can be shown in a step, in the order of the ranking."""

    def __init__(self, posts: Sequence[Post], params: FeedParams, seeds: SeedTree, now: int) -> None:
        """Rank the posts once for all visitors; ties are in random order."""
        self._params, self._seeds, self._now = params, seeds, now
        shuffled = seeds.order(now, "posts", posts, [post.id for post in posts])
        ranking = params.ranking
        if ranking in ("chronological", "similarity"):
            shuffled.sort(key=lambda post: -post.step)
        elif ranking in ("popularity", "bridging"):
            shuffled.sort(key=lambda post: -_heat(post, is_bridging=ranking == "bridging"))
        self._posts = shuffled
        self._orders = [self._posts, self._posts]
        if ranking == "similarity":
            self._orders = [sorted(shuffled, key=lambda post: post.author.side != side) for side in (0, 1)]
        self._places = [{post.id: place for place, post in enumerate(order)} for order in self._orders]

    def page(self, reader: Person) -> list[Post]:
        """Return what a visitor is shown, best first."""
        draws = uniforms(self._seeds.decision(reader.unique_id, self._now, -2))
        from_all = self._unseen(self._walk(reader, draws), reader)
        from_followed = self._unseen(iter(self._followed(reader)), reader)
        page: dict[int, Post] = {}
        for _ in range(self._params.num_shown):
            sources = (from_all, from_followed) if next(draws) < self._params.discovery else (from_followed, from_all)
            post = next((post for post in chain(*sources) if post.id not in page), None)
            if post is None:
                break
            page[post.id] = post
        return list(page.values())

    def _walk(self, reader: Person, draws: Iterator[float]) -> Iterator[Post]:
        """Yield posts of everybody: in their order, or drawn anew."""
        if self._params.ranking != "random":
            yield from self._orders[reader.side]
            return
        if self._posts:
            for _ in range(TRIES * self._params.num_shown):
                yield self._posts[int(next(draws) * len(self._posts))]

    def _followed(self, reader: Person) -> list[Post]:
        """Return what followed people wrote or shared, in the order of the ranking."""
        places = self._places[reader.side]
        posts = {post.id: post for author in reader.following for post in author.recent if post.id in places}
        return sorted(posts.values(), key=lambda post: places[post.id])

    @staticmethod
    def _unseen(posts: Iterator[Post], reader: Person) -> Iterator[Post]:
        return (post for post in posts if post.author is not reader and post.id not in reader.viewed)


def _heat(post: Post, *, is_bridging: bool) -> float:
    """Return Reddit's `hot` of a post; for bridging, up-votes count as often as the side gives them that gives fewer."""
    score = 2 * min(post.ups) - post.downs if is_bridging else post.score
    sign = (score > 0) - (score < 0)
    return sign * log10(max(abs(score), 1)) + post.step / STEPS_PER_TENFOLD
