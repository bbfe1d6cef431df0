"""The tables of a feed: people, posts, threads, exposures, and what exposures ended in."""

from collections.abc import Sequence

from sandbox.core import Row
from worlds.feed.person import ACTS, SIDES, Person
from worlds.feed.posts import Post
from worlds.feed.records import FeedRecords


def feed_tables(records: FeedRecords, people: Sequence[Person], posts: Sequence[Post]) -> dict[str, list[Row]]:
    """Return all tables by name."""
    mature = {thread.posts[0].id for thread, _ in records.mature}
    return {
        "people": [_describe_person(person) for person in people],
        "follows": [
            {"follower": person.unique_id, "author": author.unique_id}
            for person in people
            for author in person.following
        ],
        "posts": [_describe_post(post) for post in posts],
        "threads": [_describe_thread(post, is_mature=post.id in mature) for post in posts if post.parent is None],
        "exposures": [exposure._asdict() for exposure in records.exposures],
        "acts": [{"act": act, "count": records.acts[act]} for act in ACTS],
    }


def _describe_person(person: Person) -> Row:
    return {
        "node": person.node,
        "id": person.unique_id,
        "side": SIDES[person.side],
        "visits": person.num_visits,
        "reactions": person.num_acts,
        "texts": person.num_texts,
        "followers": person.num_followers,
        "following": len(person.following),
    }


def _describe_thread(opening: Post, *, is_mature: bool) -> Row:
    shape = opening.thread.shape()
    return {
        "thread": opening.id,
        "step": opening.step,
        "size": shape.size,
        "depth": shape.depth,
        "top_level": shape.num_top_level,
        "mature": is_mature,
    }


def _describe_post(post: Post) -> Row:
    return {
        "post": post.id,
        "step": post.step,
        "author": post.author.unique_id,
        "thread": post.thread.posts[0].id,
        "answers": None if post.parent is None else post.parent.id,
        "seed_vote": post.seed_vote,
        "views": post.num_views,
        "ups": sum(post.ups),
        "downs": post.downs,
        "replies": post.num_replies,
        "shares": post.num_shares,
        "removed": post.is_removed,
        "text": post.text,
    }
