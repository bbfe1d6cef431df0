"""Made-up Reddit dumps of any size: the keys of real ones, lengths and habits as measured, words drawn at random.

    python -m benchmarks.logs folder --records 100000

Submissions and comments are NDJSON in zstandard, as Pushshift and Arctic Shift hand them out, written thread by thread
(real comments stand in order of time, which no stage relies on). Nobody's words are in them: texts are common English
words, one after the other, with sentences and paragraphs. What was measured was measured on `shared/data`:
`cascade_reddit_threads` (613,531 posts and comments of 36,862 threads: all quantiles and the shares),
`forum_reddit_college` (44,539 texts: words and punctuation) and `forum_reddit_webis_tldr17` (communities).
"""

import argparse
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import zstandard

Numbers: TypeAlias = npt.NDArray[np.int64]
Quantiles: TypeAlias = tuple[int, ...]

LEVELS = (0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1)
"""Of the quantiles below, between which numbers are drawn evenly on a logarithmic scale."""
COMMENTS = (0, 1, 2, 4, 10, 35, 75, 187, 479, 1_190, 14_475)
"""Of a thread."""
RECORDS = (1, 1, 1, 2, 4, 9, 17, 56, 195, 615, 2_464)
"""Of a user, posts and comments."""
CHARACTERS = {
    "title": (3, 21, 31, 48, 71, 100, 124, 187, 271, 299, 299),
    "post": (18, 145, 251, 454, 834, 1_448, 2_024, 3_845, 9_784, 20_263, 39_602),
    "comment": (1, 15, 44, 119, 281, 565, 844, 1_678, 3_507, 6_692, 9_998),
}
VOTES = {
    "post": (0, 1, 1, 3, 12, 154, 503, 2_044, 3_774, 9_986, 11_362),
    "comment": (0, 1, 1, 2, 6, 21, 46, 187, 689, 1_478, 5_880),
}
"""Comments with less than none (4.8 %) have none here."""
DELAY = (1, 2_640, 9_070, 22_637, 47_020, 81_907, 153_836, 2_787_714, 10_949_909, 62_560_555, 154_958_605)
"""Seconds from the post to a comment."""
RECORDS_PER_USER = 5.03
TOP_LEVEL = 0.484
"""Of the comments answer the post itself."""
BY_POSTER = 0.125
"""Of the comments are the poster's own."""
GONE = {"post": 0.0147, "comment": 0.0674}
"""Of the authors are deleted or bots."""

PLACES = 2_000
"""Communities; their sizes follow Zipf's law, so that the largest has 12 % of the threads (measured: 14 %)."""
CHARACTERS_PER_WORD = 5.49
PUNCTUATION = {" ": 0.9048, ", ": 0.0357, ". ": 0.0455, "? ": 0.0044, ".\n\n": 0.0096}
"""What follows a word, and how often."""
END = 2
"""From this one on, a sentence is at its end."""
RANK = (4, 1.1)
"""The word of rank r has weight (r + 4) ** -1.1: the first 10, 100 and 300 have 26, 64 and 82 % (27, 66 and 84 %)."""
COMMON = (
    "I to the a and you it of that in is for my but have be your if not on with are this they or so as do just can at "
    "was like me don’t get what an about all it’s people time out there more work would I’m one up school will some "
    "because we how that's can't"
)
"""The most frequent words, in order; the others are those of the package `faker`."""

LINKS, BOTS, MARKED, FLAIRED = 0.3, 0.5, 0.01, 0.2
"""Not measured, for the sets have none: posts that are links, gone authors that are bots (the others are deleted),
records that are a moderator's or for adults, and authors with a flair."""
START, GAP, JOINED = 1_640_995_200, 20, 1_200_000_000
"""Unix time of the first post, seconds between two, and when the first user joined."""
REMOVED = '"[removed]"'
JSON = ("false", "true")
THREADS, LEVEL, WINDOW = 500, 3, 27
"""Threads made at once; level and window of compression, 2 ** 27 bytes: the most that zstandard reads unasked."""

AUTHOR = """
"author": "%(author)s", "author_created_utc": %(joined)d, "author_flair_background_color": null,
"author_flair_css_class": %(flair)s, "author_flair_richtext": [], "author_flair_template_id": null,
"author_flair_text": %(flair)s, "author_flair_text_color": null, "author_flair_type": "text",
"author_fullname": "t2_%(joined)x", "author_patreon_flair": false, "author_premium": false,
"""
PLACE = r"""
"subreddit": "%(place)s", "subreddit_id": "t5_%(place)s", "subreddit_name_prefixed": "r\/%(place)s",
"subreddit_type": "public",
"""
SUBMISSION = rf"""
"all_awardings": [], "allow_live_comments": false, "archived": false,{AUTHOR}
"awarders": [], "banned_by": null, "can_gild": true, "can_mod_post": false, "category": null,
"content_categories": null, "contest_mode": false, "created_utc": %(time)d, "discussion_type": null,
"distinguished": %(distinguished)s, "domain": "%(domain)s", "edited": false, "gilded": 0, "gildings": {{}},
"hidden": false, "hide_score": false, "id": "%(id)s", "is_created_from_ads_ui": false, "is_crosspostable": false,
"is_meta": false, "is_original_content": false, "is_reddit_media_domain": false, "is_robot_indexable": true,
"is_self": %(is_self)s, "is_video": false, "link_flair_background_color": "", "link_flair_css_class": null,
"link_flair_richtext": [], "link_flair_text": null, "link_flair_text_color": "dark", "link_flair_type": "text",
"locked": false, "media": null, "media_embed": {{}}, "media_only": false, "name": "t3_%(id)s", "no_follow": true,
"num_comments": %(comments)d, "num_crossposts": 0, "over_18": %(adult)s, "parent_whitelist_status": "all_ads",
"permalink": "%(link)s", "pinned": false, "pwls": 6, "quarantine": false, "removed_by": null,
"removed_by_category": %(removed)s, "retrieved_on": %(seen)d, "score": %(votes)d, "secure_media": null,
"secure_media_embed": {{}}, "selftext": %(text)s, "send_replies": true, "spoiler": false, "stickied": false,{PLACE}
"subreddit_subscribers": 4419505, "suggested_sort": null, "thumbnail": "self", "thumbnail_height": null,
"thumbnail_width": null, "title": %(title)s, "top_awarded_type": null, "total_awards_received": 0,
"treatment_tags": [], "upvote_ratio": 1.0, "url": "%(url)s", "view_count": null, "whitelist_status": "all_ads", "wls": 6
"""
"""A line of a dump of 2022, all 88 keys."""
COMMENT = rf"""
"all_awardings": [], "archived": false, "associated_award": null,{AUTHOR}
"awarders": [], "body": %(text)s, "can_gild": true, "can_mod_post": false, "collapsed": false,
"collapsed_because_crowd_control": null, "collapsed_reason": null, "collapsed_reason_code": null,
"comment_type": null, "controversiality": 0, "created_utc": %(time)d, "distinguished": %(distinguished)s,
"edited": false, "gilded": 0, "gildings": {{}}, "id": "%(id)s", "is_submitter": %(by_poster)s, "link_id": "%(thread)s",
"locked": false, "name": "t1_%(id)s", "no_follow": true, "parent_id": "%(parent)s", "permalink": "%(link)s",
"retrieved_on": %(seen)d, "score": %(votes)d, "score_hidden": false, "send_replies": true, "stickied": false,{PLACE}
"top_awarded_type": null, "total_awards_received": 0, "treatment_tags": [], "unrepliable_reason": null
"""
"""A line of a dump of 2022, all 51 keys."""

FILES = {"submissions": "RS.zst", "comments": "RC.zst"}  # of a dump, by the names that the source has for them
Row: TypeAlias = dict[str, Any]
"""What a line says, by the names in its template."""


class Words:
    """Texts of words drawn at random."""

    def __init__(self, rng: np.random.Generator) -> None:
        from faker.providers.lorem.en_US import Provider

        common = COMMON.split()
        known = [*common, *sorted({*Provider.word_list} - {*common})]
        weights = (np.arange(len(known)) + 1.0 + RANK[0]) ** -RANK[1]
        cases = (known, [word[0].upper() + word[1:] for word in known])
        self._tokens = np.array([[word + mark for word in case] for case in cases for mark in PUNCTUATION], object)
        self._words = np.cumsum(weights / weights.sum())
        self._marks = np.cumsum([*PUNCTUATION.values()])
        self._rng = rng

    def texts(self, characters: Numbers) -> Iterator[str]:
        """Texts of about so many characters."""
        if not len(characters):
            return
        ends = np.cumsum(np.maximum(1, np.rint(characters / CHARACTERS_PER_WORD).astype(np.int64)))
        words, marks = (
            np.searchsorted(table[:-1], self._rng.random(ends[-1]), "right") for table in (self._words, self._marks)
        )
        marks[ends - 1] = END
        is_first = np.roll(marks >= END, 1)
        tokens = self._tokens[marks + len(PUNCTUATION) * is_first, words].tolist()
        for start, end in pairwise([0, *ends.tolist()]):
            yield "".join(tokens[start:end]).rstrip()


class Threads(NamedTuple):
    """Some threads, column by column; sizes are numbers of comments."""

    numbers: Numbers
    sizes: Numbers
    users: Numbers
    places: Numbers
    times: Numbers


class Maker:
    """Makes threads, posts and comments; how many records there will be says only among how many users."""

    def __init__(self, records: int, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._words = Words(self._rng)
        self._users = np.cumsum(self._drawn(RECORDS, max(1, round(records / RECORDS_PER_USER))))
        self._places = np.cumsum(1 / np.arange(1, PLACES + 1))
        self._num_threads = self._num_comments = 0

    def threads(self, most: int) -> Threads:
        """Some threads, of at most so many records together."""
        ends = np.minimum(np.cumsum(1 + self._drawn(COMMENTS, THREADS)), most)
        heights = np.diff(ends, prepend=0)
        sizes = heights[heights > 0] - 1
        numbers = self._num_threads + np.arange(len(sizes))
        self._num_threads += len(sizes)
        users, places = self._some(self._users, len(sizes)), self._some(self._places, len(sizes))
        return Threads(numbers, sizes, users, places, START + GAP * numbers)

    def posts(self, some: Threads) -> Iterator[Row]:
        """Their posts."""
        number = len(some.sizes)
        titles = (" ".join(one.split()) for one in self._words.texts(self._drawn(CHARACTERS["title"], number)))
        own = (some.numbers, some.sizes, self._rng.random(number) < LINKS, self._rng.random(number) < MARKED)
        shared = self._shared("post", some.users, some.places, some.times)
        for row, title, post, size, is_link, is_adult in zip(shared, titles, *listed(*own), strict=True):
            link = rf"\/r\/{row['place']}\/comments\/{post:x}\/{title[:40].lower().replace(' ', '_')}\/"
            yield {
                **row,
                "id": f"{post:x}",
                "title": quoted(title),
                "text": '""' if is_link else row["text"],
                "comments": size,
                "is_self": JSON[not is_link],
                "adult": JSON[is_adult],
                "removed": '"moderator"' if row["text"] == REMOVED else "null",
                "link": link,
                "domain": "example.org" if is_link else f"self.{row['place']}",
                "url": rf"https:\/\/example.org\/{post:x}" if is_link else rf"https:\/\/www.reddit.com{link}",
            }

    def comments(self, some: Threads) -> Iterator[Row]:
        """Their comments, each below the post or an earlier comment of its thread."""
        posts = np.repeat(np.arange(len(some.sizes)), some.sizes)
        number, firsts = len(posts), np.cumsum(some.sizes) - some.sizes
        ranks = np.arange(number) - firsts[posts]
        parents = np.floor(ranks * self._rng.random(number)).astype(np.int64) + firsts[posts]
        parents = np.where((ranks == 0) | (self._rng.random(number) < TOP_LEVEL), -1, parents + self._num_comments)
        is_own = self._rng.random(number) < BY_POSTER
        users = np.where(is_own, some.users[posts], self._some(self._users, number))
        times = some.times[posts] + self._drawn(DELAY, number)
        own = (np.arange(number) + self._num_comments, some.numbers[posts], parents, is_own)
        shared = self._shared("comment", users, some.places[posts], times)
        self._num_comments += number
        for row, comment, post, parent, by_poster in zip(shared, *listed(*own), strict=True):
            yield {
                **row,
                "id": f"{comment:x}",
                "thread": f"t3_{post:x}",
                "parent": f"t3_{post:x}" if parent < 0 else f"t1_{parent:x}",
                "by_poster": JSON[by_poster],
                "link": rf"\/r\/{row['place']}\/comments\/{post:x}\/_\/{comment:x}\/",
            }

    def _shared(self, kind: str, users: Numbers, places: Numbers, times: Numbers) -> Iterator[Row]:
        """What posts and comments both say."""
        number = len(users)
        texts = self._words.texts(self._drawn(CHARACTERS[kind], number))
        fates = self._rng.random(number) / GONE[kind]
        is_marked, has_flair = self._rng.random(number) < MARKED, self._rng.random(number) < FLAIRED
        columns = listed(users, places, times, self._drawn(VOTES[kind], number), fates, is_marked, has_flair)
        for text, user, place, time, score, fate, marked, flair in zip(texts, *columns, strict=True):
            yield {
                "author": "AutoModerator" if fate < BOTS else "[deleted]" if fate < 1 else f"user_{user}",
                "joined": JOINED + user,
                "flair": '"helpful"' if flair else "null",
                "place": f"place_{place}",
                "time": time,
                "seen": time + GAP,
                "votes": score,
                "distinguished": '"moderator"' if marked else "null",
                "text": REMOVED if BOTS <= fate < 1 else quoted(text).replace("/", r"\/"),
            }

    def _drawn(self, quantiles: Quantiles, number: int) -> Numbers:
        """Numbers that have these quantiles."""
        return np.expm1(np.interp(self._rng.random(number), LEVELS, np.log1p(quantiles))).round().astype(np.int64)

    def _some(self, ends: npt.NDArray[Any], number: int) -> Numbers:
        """Indices, each as often as its share of the running total."""
        return np.searchsorted(ends, self._rng.random(number) * ends[-1], "right")


def listed(*columns: npt.NDArray[Any]) -> list[list[Any]]:
    """Columns as lists, whose elements are faster to come by."""
    return [column.tolist() for column in columns]


def template(keys: str) -> str:
    """One line, compact, with places for what differs."""
    return "{" + " ".join(keys.split()).replace('": ', '":').replace(', "', ',"') + "}\n"


def write_dump(folder: Path, records: int, seed: int = 0, window: int = WINDOW) -> None:
    """Write so many posts and comments into `FILES`; memory does not grow with them but for 8 bytes a user."""
    maker, left, (post, comment) = Maker(records, seed), records, (template(SUBMISSION), template(COMMENT))
    first, second = (folder / name for name in FILES.values())
    with _packed(first, window) as posts, _packed(second, window) as comments:
        while left:
            some = maker.threads(left)
            posts.write("".join(post % row for row in maker.posts(some)).encode())
            comments.write("".join(comment % row for row in maker.comments(some)).encode())
            left -= len(some.sizes) + int(some.sizes.sum())


@contextmanager
def _packed(path: Path, window: int) -> Generator[IO[bytes]]:
    made = zstandard.ZstdCompressionParameters.from_level(LEVEL, window_log=window)
    with path.open("wb") as raw, zstandard.ZstdCompressor(compression_params=made).stream_writer(raw) as file:
        yield file


def main() -> None:
    """Write a dump."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--records", type=int, default=100_000, help="posts and comments together")
    options.add_argument("--window", type=int, default=WINDOW, help="of compression, as a power of 2 (bytes)")
    args = options.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    write_dump(args.folder, args.records, window=args.window)


if __name__ == "__main__":
    main()
