"""Map a review's words to the marketplace's word for an experience."""

import re
from collections.abc import Mapping

from worlds.marketplace.experiences import EXPERIENCES

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
SHORT = 40
"""Words of a text in which a word for an experience is about the product, not about something else."""
_NEGATION = re.compile(
    r"\b(?:not|no|never|nothing|nor|hardly|barely|without|cannot|\w+n't|dont|doesnt|didnt|isnt|wasnt)\b"
)


def find_experience(text: str, words: Mapping[str, str] = WORDS) -> str | None:
    """Return the only experience that a text speaks of.

    None if it speaks of none or of several, or if a word for it is negated.

    Args:
        text: Title and text of a review.
        words: Which experience each word is.
    """
    text = text.lower().replace("’", "'")
    experiences: set[str] = set()
    # Longer words first: `very good` is not `good`.
    pattern = rf"\b({'|'.join(sorted(words, key=len, reverse=True))})\b"
    for match in re.finditer(pattern, text):
        if _NEGATION.search(" ".join(text[: match.start()].split()[-WINDOW:])):
            return None
        experiences.add(words[match[1]])
    return experiences.pop() if len(experiences) == 1 else None


def find_reviewed_experience(title: str, text: str) -> str | None:
    """Return the experience that a review names: in its title or, if there is none, in its text if it is short."""
    return find_experience(title, SYNONYMS) or (find_experience(text, SYNONYMS) if len(text.split()) <= SHORT else None)
