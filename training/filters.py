"""Rules over single records: each has a name, is true for what is kept, and counts what it is the first to drop.

All rules of a platform are one vectorised pass over a file, row group by row group. Rules see texts as the source
gave them; of what is kept, titles and texts that only say that something was removed are blanked. A user or an item
may be in several files, so each file tells by hashes how far its own came, and they are counted when all are done.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow.parquet as pq
from pydantic import NonNegativeInt, ValidationError, validate_call

from sandbox.errors import ConfigError, unknown
from training.funnel import Tally
from training.record import KINDS
from training.stages import Folders, Tables
from training.threads import ahead

TEXT = pl.col("text")
COUNTED = {"users": "user", "items": "item"}
"""What is counted besides records: the column of its ids, which its table is called after."""
PLACE = pl.UInt16()
"""Type of a number of rules."""
REMOVED = ("[removed]", "[deleted]", "[deleted by user]", "[ Removed by Reddit ]", "[removed by reddit]")
"""What stands where a text was taken down."""
MAX_PREFIX = 40
"""Up to so many words are looked for at the beginning of a text, which is far cheaper than counting all of them."""


def known_author() -> pl.Expr:
    """Somebody wrote it: neither deleted nor nameless."""
    return ~pl.col("user").is_in(["", "[deleted]", "[removed]"])


def no_bot(names: Sequence[str]) -> pl.Expr:
    """Not by a known bot, nor by an account whose name says that it is one."""
    user = pl.col("user")
    is_known = user.str.to_lowercase().is_in([name.lower() for name in names])
    return ~(is_known | user.str.contains(r"(?i:(?:^|[_-])bot$|^bot[_-]|auto.?moderator)|[a-z0-9]B(?:ot|OT)$"))


def self_post() -> pl.Expr:
    """A post with a text of its own rather than a link."""
    return (TEXT != "") & ~_marked("is_self", "false")


def no_adult_community() -> pl.Expr:
    """Not marked as for adults only."""
    return ~_marked("over_18", "true")


def not_distinguished() -> pl.Expr:
    """Not spoken as a moderator or administrator."""
    return ~_marked("distinguished", '"')


def noticed(votes: int, comments: NonNegativeInt) -> pl.Expr:
    """So many votes or so many comments; where the votes are unknown it passes."""
    told = pl.col("extra").str.extract(r'"num_comments":(\d+)').cast(pl.Int64)
    return (pl.col("votes") >= votes).fill_null(value=True) | (told >= comments).fill_null(value=False)


def not_removed() -> pl.Expr:
    """Neither its text nor the source says that it was taken down."""
    return ~(TEXT.is_in(REMOVED) | _marked("removed", '"'))


def min_characters(number: NonNegativeInt) -> pl.Expr:
    """The text, of a post together with its title, has so many characters."""
    of_title = pl.when(pl.col("kind") == "post").then(_shown("title").str.len_chars()).otherwise(0)
    return _shown("text").str.len_chars() + of_title >= number


def min_words(number: NonNegativeInt) -> pl.Expr:
    """The text has so many words."""
    return _has_words(number)


def no_short_question(words: NonNegativeInt) -> pl.Expr:
    """Not just a question of fewer words."""
    return ~TEXT.str.strip_chars_end().str.ends_with("?") | _has_words(words)


def top_level() -> pl.Expr:
    """On the post itself, not on another comment; what does not say passes."""
    return ~pl.col("item").str.starts_with("t1_")


def no_retweet() -> pl.Expr:
    """No words of somebody else, passed on."""
    return ~(TEXT.str.contains(r"\bRT @") | _marked("is_rt", "true"))


def no_ad(phrases: Sequence[str]) -> pl.Expr:
    """None of these phrases of advertising, in whatever letters."""
    return ~TEXT.str.contains_any(list(phrases), ascii_case_insensitive=True)


def no_company(words: Sequence[str]) -> pl.Expr:
    """The account does not describe itself with these words, as companies do; what does not say passes."""
    told = pl.col("extra").str.extract(r'"(?:bio|description)":"((?:[^"\\]|\\.)*)"')
    listed = "|".join(re.escape(word) for word in words) or "[^\\w\\W]"
    return ~told.str.contains(rf"(?i)(?:^|\W)(?:{listed})(?:\W|$)").fill_null(value=False)


def has_time() -> pl.Expr:
    """Its date could be read."""
    return pl.col("time").is_not_null()


def has_title() -> pl.Expr:
    """It has a title of its own."""
    return _shown("title") != ""


def has_item() -> pl.Expr:
    """It says what it is about: a product, or what it answers."""
    return pl.col("item") != ""


RULES: dict[str, Callable[..., pl.Expr]] = {
    rule.__name__: rule
    for rule in (
        known_author,
        no_bot,
        self_post,
        no_adult_community,
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
        has_title,
        has_item,
    )
}
"""Rules by name."""


class Rule(NamedTuple):
    """A rule with its settings."""

    name: str
    keep: pl.Expr


def rules_of(node: Sequence[Mapping[str, Any]], where: str = "rules") -> list[Rule]:
    """The rules that a configuration names, in order.

    Args:
        node: Each with the rule's name as `rule`, its settings, and as `kinds` the kinds of records that it is for;
            records of other kinds pass.
        where: The place of `node` in the configuration.

    Raises:
        ConfigError: A rule, a setting or a kind is unknown, or a value is of the wrong type.
    """
    return [_rule(one, f"{where}[{place}]") for place, one in enumerate(node)]


def filter_unit(files: Sequence[Path], settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Apply the rules of each record's platform; `settings` are lists of rules by platform."""
    rules = {platform: rules_of(node, f"rules.{platform}.row") for platform, node in settings.items()}
    for piece in ahead(_row_groups(files)):
        for (platform, source), rows in piece.group_by("platform", "source", maintain_order=True):
            if platform not in rules:
                raise ConfigError(unknown("platform", str(platform), rules))
            passed = passed_rules(rows, rules[str(platform)])
            yield "record", filtered(rows, passed, rules[str(platform)], str(source), tally)
            for name in COUNTED.values():
                yield name, furthest(rows.with_columns(passed), name)


def passed_rules(rows: pl.DataFrame, rules: Sequence[Rule]) -> pl.Series:
    """How many rules each record passed, in order, before one dropped it; the number of rules for what is kept."""
    kept = rows.with_columns(rule.keep.alias(f"keep {place}") for place, rule in enumerate(rules))  # side by side
    drops = [pl.when(~pl.col(f"keep {place}")).then(pl.lit(place, PLACE)) for place in range(len(rules))]
    return kept.with_columns(passed=pl.coalesce(*drops, pl.lit(len(rules), PLACE)))["passed"]


def filtered(rows: pl.DataFrame, passed: pl.Series, rules: Sequence[Rule], source: str, tally: Tally) -> pl.DataFrame:
    """Records of one source that passed all rules."""
    _count(passed, rules, source, "records", tally)
    return rows.filter(passed == len(rules)).with_columns(title=_shown("title"), text=_shown("text"))


def furthest(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Hash of each user or item, and the most rules that a record of theirs passed."""
    known = rows.filter(pl.col(name) != "") if name == "item" else rows
    return known.group_by("source", "platform", key=pl.col(name).hash(0)).agg(pl.col("passed").max()).sort("key")


def filter_whole(folders: Folders, settings: Mapping[str, Any], tally: Tally) -> None:
    """Count users, and items that they acted upon, each once over all files: one is lost with its last record."""
    for what, name in COUNTED.items():
        if not (files := folders.files("filter", name)):
            continue
        rows = pl.scan_parquet(files)
        kinds = rows.select("source", "platform").unique().collect(engine="streaming")
        for source, platform in kinds.sort("source", "platform").iter_rows():
            mine = rows.filter((pl.col("source") == source) & (pl.col("platform") == platform))
            passed = mine.group_by("key").agg(pl.col("passed").max()).collect(engine="streaming")["passed"]
            _count(passed, rules_of(settings[platform]), source, what, tally)


def _count(passed: pl.Series, rules: Sequence[Rule], source: str, what: str, tally: Tally) -> None:
    numbers = dict(passed.value_counts().iter_rows())
    tally.add(source, what, "in", len(passed))
    for place, rule in enumerate(rules):
        if place in numbers:
            tally.add(source, what, rule.name, numbers[place])
    tally.add(source, what, "out", numbers.get(len(rules), 0))


def _row_groups(files: Sequence[Path]) -> Iterator[pl.DataFrame]:
    for file in files:
        rows, start = pl.scan_parquet(file), 0
        groups = pq.read_metadata(file)
        for group in range(groups.num_row_groups):
            height = groups.row_group(group).num_rows
            yield rows.slice(start, height).collect()  # Polars decodes columns at once, and faster than PyArrow
            start += height


def _rule(node: Mapping[str, Any], where: str) -> Rule:
    settings = dict(node)
    name, kinds = str(settings.pop("rule", "")), settings.pop("kinds", list(KINDS))
    if name not in RULES:
        raise ConfigError(f"{where}.rule: {unknown('rule', name, RULES)}")
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in KINDS:
            raise ConfigError(f"{where}.kinds: {unknown('kind', str(kind), KINDS)}")
    keep = _made(name, settings, where)
    return Rule(name, keep if set(kinds) == set(KINDS) else keep | ~pl.col("kind").is_in(kinds))


def _made(name: str, settings: Mapping[str, Any], where: str) -> pl.Expr:
    wanted = inspect.signature(RULES[name]).parameters
    for setting in settings:
        if setting not in wanted:
            raise ConfigError(f"{where}: {unknown(f'setting of {name}', setting, wanted or ['none'])}")
    if lacking := [setting for setting in wanted if setting not in settings]:
        raise ConfigError(f"{where}: {name} lacks {' and '.join(lacking)}")
    try:
        return validate_call(RULES[name])(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{where}.{place}: {first['msg']}, got {first['input']!r}") from error


def _marked(name: str, beginning: str) -> pl.Expr:
    """Whether `extra`, compact JSON, has a value for that name that begins so."""
    return pl.col("extra").str.contains(f'"{name}":{beginning}', literal=True)


def _shown(name: str) -> pl.Expr:
    """A title or text; "" where all that is left of it says that it was removed."""
    return pl.when(pl.col(name).is_in(REMOVED)).then(pl.lit("")).otherwise(pl.col(name)).alias(name)


def _has_words(number: int) -> pl.Expr:
    if number > MAX_PREFIX:
        return TEXT.str.count_matches(r"\S+") >= number
    return TEXT.str.contains(rf"^\s*(?:\S+\s+){{{number - 1}}}\S") if number else pl.lit(value=True)
