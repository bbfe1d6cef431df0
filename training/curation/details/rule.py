"""What a rule is: a form of private detail, and what stands in its place."""

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import NamedTuple

_WORD = re.compile(r"\w+")


def accept_any(match: re.Match[str]) -> bool:
    """Accept every match."""
    return True


class Signs:
    """What is quickly seen of a text, so that most rules need not be tried on it."""

    def __init__(self, text: str) -> None:
        self.lowered = text.lower()

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the text, in lower case."""
        return frozenset(_WORD.findall(self.lowered))


class Rule(NamedTuple):
    """One form of private detail."""

    kind: str
    """What is counted in the funnel."""
    placeholder: str
    form: re.Pattern[str]
    """If it has a group `detail`, only that is replaced; the rest is a cue, and stays."""
    signs: tuple[str, ...] = ()
    """The rule is tried only on texts that have one of these, in any case, since they are much faster to look for than
    the form; none: on all texts."""
    words: frozenset[str] = frozenset()
    """The same for whole words."""
    accepts: Callable[[re.Match[str]], bool] = accept_any
    """Decides about a match what its form cannot."""

    def may_match(self, signs: Signs) -> bool:
        """Return whether a text has one of the rule's signs and one of its words."""
        if self.signs and not any(sign in signs.lowered for sign in self.signs):
            return False
        return not self.words or not self.words.isdisjoint(signs.words)

    def replace(self, text: str) -> tuple[str, int]:
        """Return the text with every detail replaced, and the number of replacements."""
        num_replaced = 0

        def replace_match(match: re.Match[str]) -> str:
            nonlocal num_replaced
            if not self.accepts(match):
                return match[0]
            num_replaced += 1
            start, end = match.span()
            if "detail" in self.form.groupindex and match["detail"] is not None:
                start, end = match.span("detail")
            return text[match.start() : start] + self.placeholder + text[end : match.end()]

        return self.form.sub(replace_match, text), num_replaced


def any_phrase(phrases: Iterable[str]) -> str:
    """Return the source of a pattern that matches any of the phrases, the longest first; spaces are white space."""
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return "|".join(r"[\s-]?".join(map(re.escape, phrase.split())) for phrase in longest_first)


def first_words(phrases: Iterable[str]) -> frozenset[str]:
    """Return the first words of phrases, one of which a text must have; of those that may be written as one, both."""
    firsts = {_WORD.findall(phrase)[0] for phrase in phrases}
    return frozenset(firsts | {"".join(phrase.split()) for phrase in phrases if " " in phrase})
