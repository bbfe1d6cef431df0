"""The feed: who visits, what they are shown, and what a step is.

One step is about six hours. Visitors may open a thread; they are shown posts one after another, and react to each; then
those who reply write. What is written can be read from the next step on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.core import Row, Turn, World, gather, read_prompts
from sandbox.core.seeds import uniform
from worlds.feed.metrics import FIGURES, METRIC_LABELS, feed_metrics
from worlds.feed.person import SIDES, Act, Person
from worlds.feed.posts import MATURE, Post, Thread
from worlds.feed.ranking import FeedPage
from worlds.feed.reactions import REACTIONS
from worlds.feed.records import FeedRecords
from worlds.feed.rules import RULES
from worlds.feed.settings import FeedParams
from worlds.feed.tables import feed_tables

FOLDER = Path(__file__).parent


class Reply(NamedTuple):
    """A reply that somebody decided to write."""

    person: Person
    parent: Post


class Feed(World[FeedParams]):
    """Posts that are shown, voted on, answered and shared by people who follow each other."""

    prompts = read_prompts(FOLDER / "prompts")
    paraphrases = tuple(read_prompts(FOLDER / "paraphrases" / number) for number in ("1", "2", "3"))
    rules = RULES
    metric_labels = METRIC_LABELS
    figures = FIGURES
    reactions = REACTIONS
    platforms = ("forum", "microblog")
    tie_properties = ("direction",)

    def __init__(self, params: FeedParams, **parts: Any) -> None:
        """Let friends follow each other, and open the first threads; `parts` are those of `World`."""
        super().__init__(params, **parts)
        self.records = FeedRecords()
        self.posts: list[Post] = []
        self._can_be_shown: list[Post] = []
        self._young_threads: list[Thread] = []
        self.people: list[Person] = []
        for node, profile in enumerate(self.profiles):
            self.people.append(Person(self, profile, node, side=0))
        num_against = round(params.second_side * len(self.people))
        for person in self.in_order(self.people, "sides")[:num_against]:
            person.side = 1
        self._follow_friends()
        self._open_first_threads()

    def _follow_friends(self) -> None:
        """Let people follow those they are tied to; a tie in one direction is one of its first end only."""
        ties = self.network.G.edges(data=True)
        for first, second, attributes in ties:
            start = attributes.get("one_way_from")
            for source, target in ((first, second), (second, first)):
                if start is None or start == source:
                    self.follow(self.people[source], self.people[target])

    def _open_first_threads(self) -> None:
        """Let people of both sides open threads in turn."""
        ordered = self.in_order(self.people, "first threads")
        sides = [people for side in (0, 1) if (people := [person for person in ordered if person.side == side])]
        for number in range(self.params.start_threads):
            people, turn = sides[number % len(sides)], number // len(sides)
            author = people[turn % len(people)]
            texts = self.params.openings[SIDES[author.side]]
            self.publish(author, texts[turn % len(texts)])

    # One step.

    def turn(self) -> Turn[None]:
        """Visits, new threads, reading, replies."""
        visitors = self._visitors()
        visible = [post for post in self._can_be_shown if not self._is_expired(post)]
        shelf = FeedPage(visible, self.params, self.seeds, self.now)
        pages = [(person, shelf.page(person)) for person in visitors]
        openings = yield from self._write_openings(visitors)
        self._forget_expired_posts()
        replies: list[Reply] = []
        for position in range(self.params.num_shown):
            cases = [(person, page[position]) for person, page in pages if position < len(page)]
            replies += yield from self._read(cases, position)
        texts = yield from self._write_replies(replies)
        for person, text in openings:
            self.publish(person, text)
        for reply, text in zip(replies, texts, strict=True):
            self.publish(reply.person, text, reply.parent)
        for person in (*(person for person, _ in openings), *(reply.person for reply in replies)):
            person.num_texts += 1
        self._measure_threads()

    def _visitors(self) -> list[Person]:
        """Return who visits in this step, in random order."""
        visits = self.params.visits
        visitors = [
            person
            for person in self.people
            if not person.is_banned
            and uniform(self.seeds.decision(person.unique_id, self.now, -1)) < person.profile.activity * visits
        ]
        return self.in_order(visitors, "visits")

    def _write_openings(self, visitors: Sequence[Person]) -> Turn[list[tuple[Person, str]]]:
        """Return who opens a thread on this visit, and with what text."""
        decisions = yield from gather([person.ask_to_open() for person in visitors])
        for person in visitors:
            person.num_visits += 1
        openers = [person for person, opens in zip(visitors, decisions, strict=True) if opens]
        texts = yield from gather([person.ask_opening() for person in openers])
        return list(zip(openers, texts, strict=True))

    def _read(self, cases: Sequence[tuple[Person, Post]], position: int) -> Turn[list[Reply]]:
        """Show each visitor one post, let votes, shares and follows take effect, and return who wants to reply."""
        scores = [post.score if self.params.show_votes else None for _, post in cases]
        acts = yield from gather([person.ask_reaction(post) for person, post in cases])
        for (person, post), act, score in zip(cases, acts, scores, strict=True):
            self.records.add_exposure(self.now, person, post, position, act, score)
        for (person, post), act in zip(cases, acts, strict=True):
            person.viewed.add(post.id)
            post.num_views += 1
            post.author.num_views += 1
            self._apply(person, post, act)
        return [Reply(person, post) for (person, post), act in zip(cases, acts, strict=True) if act == "reply"]

    def _apply(self, person: Person, post: Post, act: Act) -> None:
        """Let a reaction take effect, except for a reply, which has to be written first."""
        person.num_acts += act != "scroll"
        if act == "up":
            post.ups[person.side] += 1
            self.records.votes.add(person, post.author)
        elif act == "down":
            post.downs += 1
        elif act == "share":
            self._share(person, post)
        elif act == "follow":
            self.follow(person, post.author)
        elif act == "unfollow":
            self.unfollow(person, post.author)

    def _share(self, person: Person, post: Post) -> None:
        post.num_shares += 1
        person.recent.append(post)
        self.records.shares.add(person, post.author)

    def _write_replies(self, replies: Sequence[Reply]) -> Turn[list[str]]:
        """Ask for the texts; who replies twice in a step is asked in another round for each."""
        texts: dict[int, str] = {}
        waiting = list(enumerate(replies))
        while waiting:
            first = {reply.person: number for number, reply in reversed(waiting)}
            batch = [(number, reply) for number, reply in waiting if first[reply.person] == number]
            written = yield from gather([reply.person.ask_reply(reply.parent) for _, reply in batch])
            texts |= dict(zip([number for number, _ in batch], written, strict=True))
            waiting = [(number, reply) for number, reply in waiting if number not in texts]
        return [texts[number] for number in range(len(replies))]

    # What interventions can do, too.

    def publish(self, author: Person, text: str, parent: Post | None = None) -> Post:
        """Add a post to the feed; it can be shown from the next step on, or from this one before anybody has read."""
        thread = parent.thread if parent else Thread()
        place = len(thread.posts)
        post = Post(len(self.posts), self.now, author, text, thread, parent, place, self._seed_vote())
        thread.posts.append(post)
        self.posts.append(post)
        self._can_be_shown.append(post)
        author.recent.append(post)
        author.remember_text(post)
        if parent is None:
            self._young_threads.append(thread)
        else:
            parent.num_replies += 1
            self.records.replies.add(author, parent.author)
            self.records.reply_words.append(len(text.split()))
        return post

    def _seed_vote(self) -> int:
        """Return the vote of nobody that the next post begins with."""
        point = uniform(self.seeds.decision(len(self.posts), 0, -3))
        up, down = self.params.seed_up, self.params.seed_down
        return 1 if point < up else -1 if point >= 1 - down else 0

    def follow(self, person: Person, author: Person) -> None:
        """Let one person follow another."""
        if author not in person.following:
            person.follow(author)
            self.records.follows.add(person, author)

    def unfollow(self, person: Person, author: Person) -> None:
        """Let one person follow another no longer."""
        if author in person.following:
            person.unfollow(author)
            self.records.follows.add(person, author, -1)

    # Time.

    def _is_expired(self, post: Post) -> bool:
        """Return whether a post can no longer be shown: it is too old, or was removed."""
        return post.is_removed or post.step < self.now - self.params.window

    def _forget_expired_posts(self) -> None:
        """Take posts off the feed that can no longer be shown, and keep their final scores."""
        expired = [post for post in self._can_be_shown if self._is_expired(post)]
        if not expired:
            return
        self.records.final_scores += [post.readers_score for post in expired if not post.is_removed]
        ids = {post.id for post in expired}
        self._can_be_shown = [post for post in self._can_be_shown if post.id not in ids]
        for person in self.people:
            person.recent = [post for post in person.recent if post.id not in ids]

    def _measure_threads(self) -> None:
        """Measure the threads that have become old enough."""
        while self._young_threads and self._young_threads[0].posts[0].step + MATURE <= self.now:
            thread = self._young_threads.pop(0)
            self.records.mature.append((thread, thread.shape()))

    # Results.

    def metrics(self) -> dict[str, float]:
        """Return all metrics so far."""
        return feed_metrics(self.records, self.people)

    def tables(self) -> dict[str, list[Row]]:
        """Return people, posts, threads, and who was shown what."""
        return feed_tables(self.records, self.people, self.posts)
