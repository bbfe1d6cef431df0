"""Who reads and writes: the people of the feed, what they are asked, and what they remember."""

from typing import Any, Literal, TypeAlias, get_args

from sandbox.core import Agent, Choose, Option, Profile, Question, World, Write
from worlds.feed.posts import Post
from worlds.feed.settings import FeedParams

Platform: TypeAlias = World[FeedParams]
"""What people know of the site."""
Act: TypeAlias = Literal["scroll", "up", "down", "reply", "share", "follow", "unfollow"]
ACTS: tuple[Act, ...] = get_args(Act)
SIDES = ("for", "against")
MAX_WORDS = 40
"""Words of a post or reply."""
_TEXTS: dict[Act, str] = {
    "scroll": "scroll on",
    "up": "vote it up",
    "down": "vote it down",
    "reply": "write a reply",
    "share": "share it with your followers",
    "follow": "follow the author",
    "unfollow": "no longer follow the author",
}


def _act_form(*acts: Act) -> Choose[Act]:
    return Choose(tuple(Option(act, _TEXTS[act]) for act in acts), objects=acts)


STRANGER_FORM = _act_form("scroll", "up", "down", "reply", "share", "follow")
FOLLOWED_FORM = _act_form("scroll", "up", "down", "reply", "share", "unfollow")
_OPEN = Choose((Option("no", "no, just read"), Option("yes", "yes, open a new thread")), objects=(False, True))
_TEXT = Write(max_words=MAX_WORDS)


class Person(Agent[Platform]):
    """Visits the site, reads, reacts and writes."""

    def __init__(self, world: Platform, profile: Profile, node: int, side: int) -> None:
        super().__init__(world, profile, node)
        self.node = node
        """Place on the social graph."""
        self.side = side
        """Index in `SIDES`."""
        self.following: dict[Person, None] = {}
        """Whom this person follows, oldest first."""
        self.num_followers = 0
        self.recent: list[Post] = []
        """What this person wrote or shared and can still be shown, oldest first."""
        self.viewed: set[int] = set()
        """Ids of the posts that this person was shown."""
        self.num_visits = 0
        self.num_texts = 0
        """Threads and replies that this person decided to write."""
        self.num_views = 0
        """How often somebody was shown a post of this person."""
        self.num_acts = 0
        """Reactions other than scrolling on."""
        self.is_banned = False

    # What a person is asked.

    def ask_to_open(self) -> Question[bool]:
        """Ask whether to open a thread on this visit."""
        return self.ask("open", self._facts(), _OPEN)

    def ask_opening(self) -> Question[str]:
        """Ask what to write in a new thread."""
        params = self.world.params
        return self.ask("opening", {**self._facts(), "openings": list(params.openings[SIDES[self.side]])}, _TEXT)

    def ask_reaction(self, post: Post) -> Question[Act]:
        """Ask what to do about a post that one is shown."""
        form = FOLLOWED_FORM if post.author in self.following else STRANGER_FORM
        return self.ask("react", self._post_facts(post), form)

    def ask_reply(self, post: Post) -> Question[str]:
        """Ask what to reply to a post."""
        return self.ask("reply", self._post_facts(post), _TEXT)

    def _facts(self) -> dict[str, Any]:
        return {"issue": self.world.params.issue, "side": SIDES[self.side]}

    def _post_facts(self, post: Post) -> dict[str, Any]:
        """Return what a reader sees of a post, and (for rule agents) where it stands in its thread."""
        author, parent, opening = post.author, post.parent, post.thread.posts[0]
        return {
            "issue": self.world.params.issue,
            "side": SIDES[self.side],
            "author": author.key(),
            "author_side": SIDES[author.side],
            "follows": author in self.following,
            "text": post.text,
            "opening": opening.text if parent else None,
            "answers": parent.text if parent and parent is not opening else None,
            "score": post.score if self.world.params.show_votes else None,
            "replies": post.num_replies,
            "thread": opening.id,
            "posts_since": len(post.thread.posts) - post.place,
        }

    # What happens to a person.

    def follow(self, author: "Person") -> None:
        """Follow somebody from now on."""
        if author not in self.following:
            self.following[author] = None
            author.num_followers += 1

    def unfollow(self, author: "Person") -> None:
        """Follow somebody no longer."""
        if author in self.following:
            del self.following[author]
            author.num_followers -= 1

    def remember_text(self, post: Post) -> None:
        """Remember what one wrote, and let the author of the answered post remember the reply."""
        if post.parent is None:
            self.remember("thread", f'You opened a thread: "{post.text}"')
            return
        self.remember("reply", f'You replied: "{post.text}"')
        if post.parent.author is not self:
            post.parent.author.remember("answer", f'Person {self.key()} replied to you: "{post.text}"', 1.5)
