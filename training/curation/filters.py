"""Filter single records by rules: each is true for the records it keeps, and counts those that it is first to drop.

All rules of a platform are applied in one vectorised pass over a file, row group by row group. Rules see texts as the
source gave them; in the records that are kept, titles and texts that only say that something was removed become "". A
user or an item may be in several files, so each file records, by hash, how many rules each of its users and items
passed, and users and items are counted when all files are done.
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
from training.pipeline.concurrency import prefetch
from training.pipeline.folders import Folders, Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import Tables
from training.sources.record import KINDS

TEXT = pl.col("text")
COUNTED_COLUMNS = {"users": "user", "items": "item"}
"""Entities that are counted as well as records, and the columns of their ids; the tables are named after these."""
NUM_RULES = pl.UInt16()
"""Type of a number of rules."""
REMOVED = ("[removed]", "[deleted]", "[deleted by user]", "[ Removed by Reddit ]", "[removed by reddit]")
"""What replaces a text that was taken down."""
MAX_PREFIX = 40
"""Up to this many words, matching the beginning of a text is much cheaper than counting all its words."""


def known_author() -> pl.Expr:
    """Keep records whose author is neither deleted nor nameless."""
    return ~pl.col("user").is_in(["", "[deleted]", "[removed]"])


def no_bot(names: Sequence[str]) -> pl.Expr:
    """Drop records of the bots in `names` and of accounts whose name says that they are bots."""
    user = pl.col("user")
    is_listed = user.str.to_lowercase().is_in([name.lower() for name in names])
    return ~(is_listed | user.str.contains(r"(?i:(?:^|[_-])bot$|^bot[_-]|auto.?moderator)|[a-z0-9]B(?:ot|OT)$"))


def self_post() -> pl.Expr:
    """Keep posts that have a text of their own rather than a link."""
    return (TEXT != "") & ~_extra_has("is_self", "false")


def no_adult_community() -> pl.Expr:
    """Drop records that are marked as being for adults only."""
    return ~_extra_has("over_18", "true")


def not_distinguished() -> pl.Expr:
    """Drop records written in the role of a moderator or administrator."""
    return ~_extra_has("distinguished", '"')


def min_votes_or_comments(votes: int, comments: NonNegativeInt) -> pl.Expr:
    """Keep records with at least that many votes or that many comments; unknown votes pass."""
    num_comments = pl.col("extra").str.extract(r'"num_comments":(\d+)').cast(pl.Int64)
    return (pl.col("votes") >= votes).fill_null(value=True) | (num_comments >= comments).fill_null(value=False)


def not_removed() -> pl.Expr:
    """Drop records that were taken down, according to their text or to the source."""
    return ~(TEXT.is_in(REMOVED) | _extra_has("removed", '"'))


def min_characters(number: NonNegativeInt) -> pl.Expr:
    """Keep texts of at least `number` characters; the title of a post counts too."""
    of_title = pl.when(pl.col("kind") == "post").then(_blank_if_removed("title").str.len_chars()).otherwise(0)
    return _blank_if_removed("text").str.len_chars() + of_title >= number


def min_words(number: NonNegativeInt) -> pl.Expr:
    """Keep texts of at least `number` words."""
    return _has_words(number)


def no_short_question(words: NonNegativeInt) -> pl.Expr:
    """Drop texts that end in a question mark and have fewer than `words` words."""
    return ~TEXT.str.strip_chars_end().str.ends_with("?") | _has_words(words)


def top_level() -> pl.Expr:
    """Drop comments on other comments; those that do not say what they are on pass."""
    return ~pl.col("item").str.starts_with("t1_")


def no_retweet() -> pl.Expr:
    """Drop records that pass on somebody else's words."""
    return ~(TEXT.str.contains(r"\bRT @") | _extra_has("is_rt", "true"))


def no_ad(phrases: Sequence[str]) -> pl.Expr:
    """Drop texts with any of these advertising phrases, in upper or lower case."""
    return ~TEXT.str.contains_any(list(phrases), ascii_case_insensitive=True)


def no_company(words: Sequence[str]) -> pl.Expr:
    """Drop accounts that describe themselves with any of these words, as companies do; no description passes."""
    description = pl.col("extra").str.extract(r'"(?:bio|description)":"((?:[^"\\]|\\.)*)"')
    alternatives = "|".join(re.escape(word) for word in words) or "[^\\w\\W]"  # no words: matches nothing
    return ~description.str.contains(rf"(?i)(?:^|\W)(?:{alternatives})(?:\W|$)").fill_null(value=False)


def has_time() -> pl.Expr:
    """Keep records whose date could be read."""
    return pl.col("time").is_not_null()


def has_title() -> pl.Expr:
    """Keep records with a title."""
    return _blank_if_removed("title") != ""


def has_item() -> pl.Expr:
    """Keep records that say what they are about: a product, or what they answer."""
    return pl.col("item") != ""


RULES: dict[str, Callable[..., pl.Expr]] = {
    rule.__name__: rule
    for rule in (
        known_author,
        no_bot,
        self_post,
        no_adult_community,
        not_distinguished,
        min_votes_or_comments,
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


class FilterRule(NamedTuple):
    """A rule with its settings."""

    name: str
    keep: pl.Expr
    """True for the records that it keeps."""


def parse_rules(node: Sequence[Mapping[str, Any]], where: str = "rules") -> list[FilterRule]:
    """Return the rules that a configuration names, in order.

    Args:
        node: For each rule its name as `rule`, its settings, and as `kinds` the kinds of records that it applies to;
            records of other kinds pass.
        where: Path of `node` in the configuration.

    Raises:
        ConfigError: A rule, a setting or a kind is unknown, or a value has the wrong type.
    """
    return [_parse_rule(entry, f"{where}[{index}]") for index, entry in enumerate(node)]


def filter_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Apply the rules of each record's platform; `settings` are lists of rules by platform."""
    rules = {platform: parse_rules(node, f"filters.{platform}.rules") for platform, node in settings.items()}
    for group in prefetch(_row_groups(unit.inputs["record"])):
        for (platform, source), rows in group.group_by("platform", "source", maintain_order=True):
            if platform not in rules:
                raise ConfigError(unknown("platform", str(platform), rules))
            passed = count_passed_rules(rows, rules[str(platform)])
            yield "record", select_passing(rows, passed, rules[str(platform)], str(source), tally)
            for name in COUNTED_COLUMNS.values():
                yield name, most_rules_passed(rows.with_columns(passed), name)


def count_passed_rules(rows: pl.DataFrame, rules: Sequence[FilterRule]) -> pl.Series:
    """Return how many rules each record passed, in order, before one dropped it; all of them for what is kept."""
    # All conditions go into one `with_columns`, so that Polars evaluates them in parallel.
    verdicts = rows.with_columns(rule.keep.alias(f"keep {index}") for index, rule in enumerate(rules))
    drops = [pl.when(~pl.col(f"keep {index}")).then(pl.lit(index, NUM_RULES)) for index in range(len(rules))]
    return verdicts.with_columns(passed=pl.coalesce(*drops, pl.lit(len(rules), NUM_RULES)))["passed"]


def select_passing(
    rows: pl.DataFrame, passed: pl.Series, rules: Sequence[FilterRule], source: str, tally: Tally
) -> pl.DataFrame:
    """Return the records of one source that passed all rules."""
    _count(passed, rules, source, "records", tally)
    cleared = [_blank_if_removed(name) for name in ("title", "text")]
    return rows.filter(passed == len(rules)).with_columns(cleared)


def most_rules_passed(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the hash of each user or item, and the most rules that one of their records passed."""
    named = rows.filter(pl.col(name) != "") if name == "item" else rows
    return named.group_by("source", "platform", key=pl.col(name).hash(0)).agg(pl.col("passed").max()).sort("key")


def count_users_and_items(folders: Folders, settings: Mapping[str, Any], tally: Tally) -> None:
    """Count users and items once over all files; each is lost to the rule that drops its last record."""
    for entity, name in COUNTED_COLUMNS.items():
        if not (files := folders.files("filter", name)):
            continue
        rows = pl.scan_parquet(files)
        pairs = rows.select("source", "platform").unique().collect(engine="streaming")
        for source, platform in pairs.sort("source", "platform").iter_rows():
            of_source = rows.filter((pl.col("source") == source) & (pl.col("platform") == platform))
            passed = of_source.group_by("key").agg(pl.col("passed").max()).collect(engine="streaming")["passed"]
            _count(passed, parse_rules(settings[platform]), source, entity, tally)


def _count(passed: pl.Series, rules: Sequence[FilterRule], source: str, entity: str, tally: Tally) -> None:
    """Count what came in, what each rule dropped and what is kept; `entity` is records, users or items."""
    numbers = dict(passed.value_counts().iter_rows())
    tally.add(source, entity, "in", len(passed))
    for index, rule in enumerate(rules):
        if index in numbers:
            tally.add(source, entity, rule.name, numbers[index])
    tally.add(source, entity, "out", numbers.get(len(rules), 0))


def _row_groups(files: Sequence[Path]) -> Iterator[pl.DataFrame]:
    """Yield the rows of all files, one row group at a time."""
    for file in files:
        rows, start = pl.scan_parquet(file), 0
        metadata = pq.read_metadata(file)
        for group in range(metadata.num_row_groups):
            height = metadata.row_group(group).num_rows
            yield rows.slice(start, height).collect()  # Polars decodes columns in parallel, and faster than PyArrow
            start += height


def _parse_rule(node: Mapping[str, Any], where: str) -> FilterRule:
    settings = dict(node)
    name, kinds = str(settings.pop("rule", "")), settings.pop("kinds", list(KINDS))
    if name not in RULES:
        raise ConfigError(f"{where}.rule: {unknown('rule', name, RULES)}")
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in KINDS:
            raise ConfigError(f"{where}.kinds: {unknown('kind', str(kind), KINDS)}")
    keep = _build_expression(name, settings, where)
    return FilterRule(name, keep if set(kinds) == set(KINDS) else keep | ~pl.col("kind").is_in(kinds))


def _build_expression(name: str, settings: Mapping[str, Any], where: str) -> pl.Expr:
    """Call a rule with its settings, which are checked against its signature."""
    parameters = inspect.signature(RULES[name]).parameters
    for setting in settings:
        if setting not in parameters:
            raise ConfigError(f"{where}: {unknown(f'setting of {name}', setting, parameters or ['none'])}")
    if missing := [setting for setting in parameters if setting not in settings]:
        raise ConfigError(f"{where}: {name} lacks {' and '.join(missing)}")
    try:
        return validate_call(RULES[name])(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{where}.{path}: {first['msg']}, got {first['input']!r}") from error


def _extra_has(name: str, beginning: str) -> pl.Expr:
    """Return whether `extra`, compact JSON, has a field `name` whose value begins with `beginning`."""
    return pl.col("extra").str.contains(f'"{name}":{beginning}', literal=True)


def _blank_if_removed(name: str) -> pl.Expr:
    """Return a title or text, or "" if it only says that something was removed."""
    return pl.when(pl.col(name).is_in(REMOVED)).then(pl.lit("")).otherwise(pl.col(name)).alias(name)


def _has_words(number: int) -> pl.Expr:
    if number > MAX_PREFIX:
        return TEXT.str.count_matches(r"\S+") >= number
    return TEXT.str.contains(rf"^\s*(?:\S+\s+){{{number - 1}}}\S") if number else pl.lit(value=True)
