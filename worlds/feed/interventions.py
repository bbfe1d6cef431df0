"""Interventions in the feed: planted posts, removed posts, and bans."""

from pydantic import Field, NonNegativeInt, PositiveInt

from sandbox.core import Intervention
from sandbox.errors import ConfigError
from worlds.feed.feed import Feed
from worlds.feed.person import MAX_WORDS


def _check_person(world: Feed, name: str, person: int) -> None:
    """Raise `ConfigError` if nobody has this id."""
    if not 1 <= person <= len(world.people):
        raise ConfigError(f"{name}: there is no person {person}; ids go from 1 to {len(world.people)}")


@Feed.intervention("plant")
class Plant(Intervention[Feed]):
    """Open a thread in somebody's name: `{step: 5, do: plant, author: 3, text: ..., ups: 10}`."""

    author: PositiveInt
    """Agent id of the author."""
    text: str = Field(min_length=1)
    """What it says."""
    ups: NonNegativeInt = 0
    """Up-votes of nobody that it begins with."""

    def check(self, world: Feed) -> None:
        """Look for the author, and count the words."""
        _check_person(world, "plant.author", self.author)
        if len(self.text.split()) > MAX_WORDS:
            raise ConfigError(
                f"plant.text: a post has at most {MAX_WORDS} words, found {len(self.text.split())}; shorten it"
            )

    def apply(self, world: Feed) -> None:
        """Publish it."""
        post = world.publish(world.people[self.author - 1], self.text)
        post.planted_ups = self.ups


@Feed.intervention("ban")
class Ban(Intervention[Feed]):
    """Ban somebody for good and remove what they wrote: `{step: 8, do: ban, person: 3}`."""

    person: PositiveInt
    """Agent id of the person."""

    def check(self, world: Feed) -> None:
        """Look for the person."""
        _check_person(world, "ban.person", self.person)

    def apply(self, world: Feed) -> None:
        """Take the person and their posts off the feed; replies to these stay."""
        banned = world.people[self.person - 1]
        banned.is_banned = True
        for post in world.posts:
            post.is_removed |= post.author is banned
