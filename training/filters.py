"""Rules over single records: each has a name, is true for what is kept, and counts what it is the first to drop.

All rules of a platform are one vectorised pass over a file, some row groups at a time.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from sandbox.errors import ConfigError, unknown
from training.funnel import Tally
from training.grouping import pieces
from training.record import KINDS
from training.stages import Tables

TEXT = pl.col("text")
WHOLE = pl.concat_str("title", "text", separator=" ")
REMOVED = ("[removed]", "[deleted]", "[ Removed by Reddit ]")


def known_author() -> pl.Expr:
    """Somebody wrote it: neither deleted nor nameless."""
    return ~pl.col("user").is_in(["", "[deleted]", "[removed]"])


def no_bot(names: Sequence[str]) -> pl.Expr:
    """Not by a known bot, nor by an account that calls itself one."""
    lower = pl.col("user").str.to_lowercase()
    return ~(
        lower.is_in([name.lower() for name in names]) | lower.str.contains(r"(?:^|[_-])bot$|^bot[_-]|auto.?moderator")
    )


def self_post() -> pl.Expr:
    """A post with a text of its own rather than a link; what does not say passes."""
    return ~_marked("is_self", "false") & ~_marked("over_18", "true")


def not_distinguished() -> pl.Expr:
    """Not spoken as a moderator or administrator."""
    return ~pl.col("extra").str.contains('"distinguished":"', literal=True)


def noticed(votes: int, comments: int) -> pl.Expr:
    """Some votes or some comments; what does not say passes."""
    told = pl.col("extra").str.extract(r'"num_comments":(\d+)').cast(pl.Int64)
    return (pl.col("votes") >= votes).fill_null(value=True) | (told >= comments).fill_null(value=False)


def not_removed() -> pl.Expr:
    """Its text still stands."""
    return ~TEXT.str.strip_chars().is_in(list(REMOVED))


def min_characters(number: int) -> pl.Expr:
    """Title and text have so many characters."""
    return WHOLE.str.len_chars() >= number


def min_words(number: int) -> pl.Expr:
    """The text has so many words."""
    return TEXT.str.count_matches(r"\S+") >= number


def no_short_question(words: int) -> pl.Expr:
    """Not just a question of a few words."""
    return ~((TEXT.str.count_matches(r"\S+") < words) & TEXT.str.strip_chars().str.ends_with("?"))


def top_level() -> pl.Expr:
    """A comment on the post itself, not on another comment; what does not say passes."""
    return ~pl.col("item").str.starts_with("t1_")


def no_retweet() -> pl.Expr:
    """Their own words."""
    return ~(TEXT.str.starts_with("RT @") | _marked("is_rt", "true"))


def no_ad(phrases: Sequence[str]) -> pl.Expr:
    """None of these phrases of advertising."""
    return ~TEXT.str.to_lowercase().str.contains_any([phrase.lower() for phrase in phrases])


def no_company(words: Sequence[str]) -> pl.Expr:
    """The account does not describe itself as a company."""
    told = pl.col("extra").str.extract(r'"bio":"((?:[^"\\]|\\.)*)"').fill_null("").str.to_lowercase()
    return ~told.str.contains_any([word.lower() for word in words])


def has_time() -> pl.Expr:
    """Its date could be read."""
    return pl.col("time").is_not_null()


def has_item() -> pl.Expr:
    """It names a product."""
    return pl.col("item") != ""


def _marked(name: str, value: str) -> pl.Expr:
    return pl.col("extra").str.contains(f'"{name}":{value}', literal=True)


RULES: dict[str, Callable[..., pl.Expr]] = {
    rule.__name__: rule
    for rule in (
        known_author,
        no_bot,
        self_post,
        not_distinguished,
        noticed,
        not_removed,
        min_characters,
        min_words,
        no_short_question,
        top_level,
        no_retweet,
        no_ad,
        no_company,
        has_time,
        has_item,
    )
}
"""Rules by name."""


class Rule(NamedTuple):
    """A rule with its settings."""

    name: str
    keep: pl.Expr


def rules_of(node: Sequence[Mapping[str, Any]], where: str) -> list[Rule]:
    """The rules that a configuration names, in order; raises `ConfigError` for what is not there."""
    made: list[Rule] = []
    for place, one in enumerate(node):
        settings = dict(one)
        name, kinds = str(settings.pop("rule", None)), settings.pop("kinds", list(KINDS))
        if name not in RULES:
            raise ConfigError(f"{where}[{place}].rule: {unknown('rule', name, RULES)}")
        wanted = inspect.signature(RULES[name]).parameters
        if set(settings) != set(wanted):
            raise ConfigError(f"{where}[{place}]: {name} has the settings {list(wanted)}, found {list(settings)}")
        if strange := [kind for kind in kinds if kind not in KINDS]:
            raise ConfigError(f"{where}[{place}].kinds: {unknown('kind', strange[0], KINDS)}")
        made.append(Rule(name, RULES[name](**settings) | ~pl.col("kind").is_in(kinds)))
    return made


def filter_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Apply the rules of each record's platform; `settings` are lists of rules by platform."""
    rules = {platform: rules_of(node, f"rules.{platform}.row") for platform, node in settings.items()}
    for piece in pieces(files[0]):
        for (platform, source), rows in piece.group_by("platform", "source", maintain_order=True):
            yield "record", _filtered(rows, rules.get(str(platform), []), str(source), tally)


def _filtered(rows: pl.DataFrame, rules: Sequence[Rule], source: str, tally: Tally) -> pl.DataFrame:
    tally.add(source, "records", "in", rows.height)
    first = pl.lit(len(rules), pl.Int32)
    for place in reversed(range(len(rules))):
        first = pl.when(~rules[place].keep).then(pl.lit(place, pl.Int32)).otherwise(first)
    reasons = rows.select(first.alias("reason")).to_series() if rows.height else pl.Series("reason", [], pl.Int32)
    for place, number in reasons.value_counts().sort("reason").iter_rows():
        tally.add(source, "records", rules[place].name if place < len(rules) else "out", number)
    return rows.filter(reasons == len(rules))
