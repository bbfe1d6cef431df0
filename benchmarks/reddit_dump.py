"""Synthetic Reddit dumps of any size: the keys of real ones, lengths and habits as measured, words drawn at random.

    python -m benchmarks.reddit_dump folder --records 100000

Submissions and comments are NDJSON in zstandard, as Pushshift and Arctic Shift distribute them, written thread by
thread (real comments are in order of time, which no stage relies on). They contain nobody's words: texts are sequences
of common English words, with sentences and paragraphs. Measurements come from `shared/data`: `cascade_reddit_threads`
(613,531 posts and comments of 36,862 threads: all quantiles and the shares), `forum_reddit_college` (44,539 texts:
words and punctuation) and `forum_reddit_webis_tldr17` (communities).
"""

import argparse
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import pairwise
from json.encoder import encode_basestring_ascii as quote_json
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import zstandard

from benchmarks.reddit_lines import COMMENT, SUBMISSION, line_template

Integers: TypeAlias = npt.NDArray[np.int64]
Quantiles: TypeAlias = tuple[int, ...]

LEVELS = (0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1)
"""Levels of the quantiles below; numbers between two quantiles are drawn evenly on a logarithmic scale."""
COMMENTS = (0, 1, 2, 4, 10, 35, 75, 187, 479, 1_190, 14_475)
"""Comments per thread."""
RECORDS = (1, 1, 1, 2, 4, 9, 17, 56, 195, 615, 2_464)
"""Posts and comments per user."""
CHARACTERS = {
    "title": (3, 21, 31, 48, 71, 100, 124, 187, 271, 299, 299),
    "post": (18, 145, 251, 454, 834, 1_448, 2_024, 3_845, 9_784, 20_263, 39_602),
    "comment": (1, 15, 44, 119, 281, 565, 844, 1_678, 3_507, 6_692, 9_998),
}
VOTES = {
    "post": (0, 1, 1, 3, 12, 154, 503, 2_044, 3_774, 9_986, 11_362),
    "comment": (0, 1, 1, 2, 6, 21, 46, 187, 689, 1_478, 5_880),
}
"""Negative scores of comments (4.8 %) are 0 here."""
DELAY = (1, 2_640, 9_070, 22_637, 47_020, 81_907, 153_836, 2_787_714, 10_949_909, 62_560_555, 154_958_605)
"""Seconds from the post to a comment."""
RECORDS_PER_USER = 5.03
TOP_LEVEL = 0.484
"""Share of comments that answer the post itself."""
BY_POSTER = 0.125
"""Share of comments by the author of the post."""
GONE = {"post": 0.0147, "comment": 0.0674}
"""Share of authors that are deleted or bots."""

NUM_COMMUNITIES = 2_000
"""Their sizes follow Zipf's law, so the largest has 12 % of the threads (measured: 14 %)."""
CHARACTERS_PER_WORD = 5.49
PUNCTUATION = {" ": 0.9048, ", ": 0.0357, ". ": 0.0455, "? ": 0.0044, ".\n\n": 0.0096}
"""What follows a word, and how often."""
SENTENCE_END = 2
"""Index of the first mark above that ends a sentence."""
RANK = (4, 1.1)
"""The word of rank r has weight (r + 4) ** -1.1: the first 10, 100 and 300 have 26, 64 and 82 % (27, 66 and 84 %)."""
COMMON = (
    "I to the a and you it of that in is for my but have be your if not on with are this they or so as do just can at "
    "was like me don’t get what an about all it’s people time out there more work would I’m one up school will some "
    "because we how that's can't"
)
"""The most frequent words, in order; all further words are those of the package `faker`."""

LINKS, BOTS, MARKED, FLAIRED = 0.3, 0.5, 0.01, 0.2
"""Not measured, because the data have none: shares of posts that are links, of gone authors that are bots (the rest are
deleted), of records that are a moderator's or for adults, and of authors with a flair."""
START, GAP, JOINED = 1_640_995_200, 20, 1_200_000_000
"""Unix time of the first post, seconds between two posts, and Unix time when the first user joined."""
REMOVED = '"[removed]"'
JSON_BOOLEANS = ("false", "true")
NUM_THREADS, LEVEL, WINDOW = 500, 3, 27
"""Threads generated at once; level and window of compression, 2 ** 27 bytes: the largest that zstandard decompresses
without an option."""

FILES = {"submissions": "RS.zst", "comments": "RC.zst"}  # of a dump, by the source's names for them
LineFields: TypeAlias = dict[str, Any]
"""The values of a line, by the names in its template."""


class WordSampler:
    """Generates texts of words drawn at random."""

    def __init__(self, rng: np.random.Generator) -> None:
        from faker.providers.lorem.en_US import Provider

        common = COMMON.split()
        vocabulary = [*common, *sorted({*Provider.word_list} - {*common})]
        weights = (np.arange(len(vocabulary)) + 1.0 + RANK[0]) ** -RANK[1]
        cases = (vocabulary, [word[0].upper() + word[1:] for word in vocabulary])
        self._tokens = np.array([[word + mark for word in case] for case in cases for mark in PUNCTUATION], object)
        self._word_ends = np.cumsum(weights / weights.sum())
        self._mark_ends = np.cumsum([*PUNCTUATION.values()])
        self._rng = rng

    def sample_texts(self, characters: Integers) -> Iterator[str]:
        """Yield texts of about these numbers of characters."""
        if not len(characters):
            return
        ends = np.cumsum(np.maximum(1, np.rint(characters / CHARACTERS_PER_WORD).astype(np.int64)))
        words, marks = (
            np.searchsorted(table[:-1], self._rng.random(ends[-1]), "right")
            for table in (self._word_ends, self._mark_ends)
        )
        marks[ends - 1] = SENTENCE_END
        is_first = np.roll(marks >= SENTENCE_END, 1)
        tokens = self._tokens[marks + len(PUNCTUATION) * is_first, words].tolist()
        for start, end in pairwise([0, *ends.tolist()]):
            yield "".join(tokens[start:end]).rstrip()


class ThreadBlock(NamedTuple):
    """Several threads, column by column; sizes are numbers of comments."""

    numbers: Integers
    sizes: Integers
    users: Integers
    communities: Integers
    times: Integers


class DumpGenerator:
    """Generates threads, posts and comments; `records` only determines the number of users."""

    def __init__(self, records: int, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._words = WordSampler(self._rng)
        self._users = np.cumsum(self._sample_quantiles(RECORDS, max(1, round(records / RECORDS_PER_USER))))
        self._communities = np.cumsum(1 / np.arange(1, NUM_COMMUNITIES + 1))
        self._num_threads = self._num_comments = 0

    def next_threads(self, max_records: int) -> ThreadBlock:
        """Return the next threads, with at most `max_records` records together."""
        ends = np.minimum(np.cumsum(1 + self._sample_quantiles(COMMENTS, NUM_THREADS)), max_records)
        heights = np.diff(ends, prepend=0)
        sizes = heights[heights > 0] - 1
        numbers = self._num_threads + np.arange(len(sizes))
        self._num_threads += len(sizes)
        users = self._sample_indices(self._users, len(sizes))
        communities = self._sample_indices(self._communities, len(sizes))
        return ThreadBlock(numbers, sizes, users, communities, START + GAP * numbers)

    def posts(self, threads: ThreadBlock) -> Iterator[LineFields]:
        """Yield the posts of the threads."""
        number = len(threads.sizes)
        characters = self._sample_quantiles(CHARACTERS["title"], number)
        titles = (" ".join(text.split()) for text in self._words.sample_texts(characters))
        is_link, is_adult = self._rng.random(number) < LINKS, self._rng.random(number) < MARKED
        columns = (threads.numbers, threads.sizes, is_link, is_adult)
        shared = self._shared_fields("post", threads.users, threads.communities, threads.times)
        for row, title, post, size, link_post, adult in zip(shared, titles, *to_lists(*columns), strict=True):
            link = rf"\/r\/{row['community']}\/comments\/{post:x}\/{title[:40].lower().replace(' ', '_')}\/"
            yield {
                **row,
                "id": f"{post:x}",
                "title": quote_json(title),
                "text": '""' if link_post else row["text"],
                "comments": size,
                "is_self": JSON_BOOLEANS[not link_post],
                "adult": JSON_BOOLEANS[adult],
                "removed": '"moderator"' if row["text"] == REMOVED else "null",
                "link": link,
                "domain": "example.org" if link_post else f"self.{row['community']}",
                "url": rf"https:\/\/example.org\/{post:x}" if link_post else rf"https:\/\/www.reddit.com{link}",
            }

    def comments(self, threads: ThreadBlock) -> Iterator[LineFields]:
        """Yield the comments of the threads, each below the post or an earlier comment of its thread."""
        posts = np.repeat(np.arange(len(threads.sizes)), threads.sizes)
        number, firsts = len(posts), np.cumsum(threads.sizes) - threads.sizes
        ranks = np.arange(number) - firsts[posts]
        parents = np.floor(ranks * self._rng.random(number)).astype(np.int64) + firsts[posts]
        parents = np.where((ranks == 0) | (self._rng.random(number) < TOP_LEVEL), -1, parents + self._num_comments)
        is_by_poster = self._rng.random(number) < BY_POSTER
        users = np.where(is_by_poster, threads.users[posts], self._sample_indices(self._users, number))
        times = threads.times[posts] + self._sample_quantiles(DELAY, number)
        columns = (np.arange(number) + self._num_comments, threads.numbers[posts], parents, is_by_poster)
        shared = self._shared_fields("comment", users, threads.communities[posts], times)
        self._num_comments += number
        for row, comment, post, parent, by_poster in zip(shared, *to_lists(*columns), strict=True):
            yield {
                **row,
                "id": f"{comment:x}",
                "thread": f"t3_{post:x}",
                "parent": f"t3_{post:x}" if parent < 0 else f"t1_{parent:x}",
                "by_poster": JSON_BOOLEANS[by_poster],
                "link": rf"\/r\/{row['community']}\/comments\/{post:x}\/_\/{comment:x}\/",
            }

    def _shared_fields(
        self, kind: str, users: Integers, communities: Integers, times: Integers
    ) -> Iterator[LineFields]:
        """Yield what posts and comments have in common."""
        number = len(users)
        texts = self._words.sample_texts(self._sample_quantiles(CHARACTERS[kind], number))
        fates = self._rng.random(number) / GONE[kind]
        is_marked, has_flair = self._rng.random(number) < MARKED, self._rng.random(number) < FLAIRED
        votes = self._sample_quantiles(VOTES[kind], number)
        columns = to_lists(users, communities, times, votes, fates, is_marked, has_flair)
        for text, user, community, time, score, fate, marked, flair in zip(texts, *columns, strict=True):
            yield {
                "author": "AutoModerator" if fate < BOTS else "[deleted]" if fate < 1 else f"user_{user}",
                "joined": JOINED + user,
                "flair": '"helpful"' if flair else "null",
                "community": f"place_{community}",
                "time": time,
                "seen": time + GAP,
                "votes": score,
                "distinguished": '"moderator"' if marked else "null",
                "text": REMOVED if BOTS <= fate < 1 else quote_json(text).replace("/", r"\/"),
            }

    def _sample_quantiles(self, quantiles: Quantiles, number: int) -> Integers:
        """Draw numbers that have these quantiles."""
        return np.expm1(np.interp(self._rng.random(number), LEVELS, np.log1p(quantiles))).round().astype(np.int64)

    def _sample_indices(self, ends: npt.NDArray[Any], number: int) -> Integers:
        """Draw indices, each as often as its share of the running total `ends`."""
        return np.searchsorted(ends, self._rng.random(number) * ends[-1], "right")


def to_lists(*columns: npt.NDArray[Any]) -> list[list[Any]]:
    """Turn columns into lists, whose elements are faster to access one by one."""
    return [column.tolist() for column in columns]


def write_dump(folder: Path, records: int, seed: int = 0, window: int = WINDOW) -> None:
    """Write posts and comments into `FILES`; memory grows with them by only 8 bytes per user.

    Args:
        folder: Where the files go.
        records: Number of posts and comments together.
        seed: Seed of all random numbers.
        window: Window of compression, as a power of 2.
    """
    generator, remaining = DumpGenerator(records, seed), records
    post_line, comment_line = line_template(SUBMISSION), line_template(COMMENT)
    posts_path, comments_path = (folder / name for name in FILES.values())
    with _open_compressed(posts_path, window) as posts, _open_compressed(comments_path, window) as comments:
        while remaining:
            threads = generator.next_threads(remaining)
            posts.write("".join(post_line % row for row in generator.posts(threads)).encode())
            comments.write("".join(comment_line % row for row in generator.comments(threads)).encode())
            remaining -= len(threads.sizes) + int(threads.sizes.sum())


@contextmanager
def _open_compressed(path: Path, window: int) -> Generator[IO[bytes]]:
    params = zstandard.ZstdCompressionParameters.from_level(LEVEL, window_log=window)
    with path.open("wb") as raw, zstandard.ZstdCompressor(compression_params=params).stream_writer(raw) as file:
        yield file


def main() -> None:
    """Write a dump."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=100_000, help="posts and comments together")
    parser.add_argument("--window", type=int, default=WINDOW, help="window of compression, as a power of 2 (bytes)")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    write_dump(args.folder, args.records, window=args.window)


if __name__ == "__main__":
    main()
