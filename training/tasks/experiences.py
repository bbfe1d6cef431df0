"""How good something was, in the words of who bought it: from a review to the marketplace's word for an experience."""

import re
from collections.abc import Mapping

from worlds.marketplace.people import EXPERIENCES

WORDS: Mapping[str, str] = {"disappointing": "somewhat disappointing", **{word: word for word in EXPERIENCES}}
"""The marketplace's own words, and which experience each is."""
SYNONYMS: Mapping[str, str] = {
    **WORDS,
    **dict.fromkeys(("horrible", "awful", "worst", "garbage", "junk", "useless"), "terrible"),
    **dict.fromkeys(("poorly", "bad"), "poor"),
    **dict.fromkeys(("disappointed", "disappointment", "mediocre"), "somewhat disappointing"),
    **dict.fromkeys(("ok", "okay", "decent", "average", "alright"), "fine"),
    "nice": "good",
    "great": "very good",
    **dict.fromkeys(("perfect", "amazing", "awesome", "fantastic", "wonderful"), "excellent"),
}
"""These, and words that mean the same."""
WINDOW = 3
"""Words before an experience word in which a negation makes the review ambiguous."""
_NEGATIONS = frozenset(("not", "no", "never", "isn't", "wasn't", "don't", "doesn't", "didn't", "aren't", "nothing"))


def find_experience(text: str, words: Mapping[str, str] = WORDS) -> str | None:
    """Return the only experience that a text speaks of.

    None if it speaks of none or of several, or if a word for it is negated.

    Args:
        text: Title and text of a review.
        words: Which experience each word is.
    """
    text = text.lower()
    experiences: set[str] = set()
    # Longer words first: `very good` is not `good`.
    pattern = rf"\b({'|'.join(sorted(words, key=len, reverse=True))})\b"
    for match in re.finditer(pattern, text):
        if _NEGATIONS & set(text[: match.start()].split()[-WINDOW:]):
            return None
        experiences.add(words[match[1]])
    return experiences.pop() if len(experiences) == 1 else None
