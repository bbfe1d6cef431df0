"""Find what must not be learnt from: toxic and sexual texts, and anything by people who say that they are minors."""

import re

import polars as pl

MAX_CHARACTERS = 1500
"""Only this many characters, from the start of a text, are judged."""
ADULT_AGE = 18
"""Years; somebody younger is a minor."""

_SEXUAL = re.compile(
    r"\b(?:porn\w*|nudes?|naked pics?|blow ?jobs?|hand ?jobs?|orgasm\w*|masturbat\w*|dildos?|vibrators?|horny|"
    r"cum(?:ming|shot)?|anal sex|oral sex|threesomes?|pussy|cocks?ucker|deep ?throat|gangbang|hentai|milfs?|boobs|tits|"
    r"sext(?:s|ing)?|nsfw|erotic\w*|fetish\w*|penis(?:es)?|vaginas?|clitoris|hookers?|escort service)\b",
    re.I,
)

_UNDER = r"(?:[5-9]|1[0-7]|thirteen|fourteen|fifteen|sixteen|seventeen)"
_OLD = r"(?:[- ]?(?:years?|yrs?)[- ]?(?:old|of age)|[- ]?y/?o\b|[- ]?(?:m|f)\b(?=[\s,.)]))"
_I_AM = r"\b(?:i['’]?m|i am) (?:(?:only|just|currently|now|still|almost|nearly) )*(?:an? )?"
_MINOR = (
    rf"{_I_AM}{_UNDER}(?:{_OLD}|(?=\s*(?:[.,;!?)]|$|and (?:i|my|in|still|live)|but (?:i|my))))",
    rf"\bas an? {_UNDER}{_OLD}",
    rf"\bi(?:['’]ll| will) (?:be|turn) (?:only )?{_UNDER} (?:in|next|this|soon|on)\b",
    rf"\bi(?:['’]ve)? (?:just|recently) turned {_UNDER}\b",
    rf"\bmyself \(?{_UNDER}{_OLD}",
    rf"{_I_AM}(?:freshman|sophomore|junior|senior|student|kid)?\s?(?:in|at) "
    r"(?:high ?school|middle ?school|(?:6|7|8|9|10|11)th grade|year (?:[7-9]|1[0-2])\b)",
    rf"{_I_AM}(?:(?:6|7|8|9|10|11)th grader|high[- ]?school(?:er| student)|middle[- ]?schooler|minor)\b(?! in\b)",
)
_MINOR_RULE = "(?i)" + "|".join(f"(?:{rule})" for rule in _MINOR)


def score_safety(texts: pl.Series) -> pl.DataFrame:
    """Return columns toxic (probability) and sexual (by a list of words) for every text.

    The probability is from `alt-profanity-check`: a linear SVM trained on 200,000 labelled texts, which the package
    contains as a pickle. It is the only pickle we ever load, and it comes from an installed package.
    """
    from profanity_check import predict_prob

    beginnings = texts.str.slice(0, MAX_CHARACTERS)
    toxic = predict_prob(beginnings.to_list()) if len(texts) else []
    sexual = [bool(_SEXUAL.search(text)) for text in beginnings]
    return pl.DataFrame({"toxic": pl.Series(toxic, dtype=pl.Float64), "sexual": pl.Series(sexual, dtype=pl.Boolean)})


def states_minor_age(extras: pl.Series) -> pl.Series:
    """Return whether the age that the source states in `extra` is under 18."""
    age = extras.str.extract(r'"age":"?(\d{1,3})\b').cast(pl.Int64)
    return (age < ADULT_AGE).fill_null(value=False).alias("minor")


def says_minor(texts: pl.Series) -> pl.Series:
    """Return whether the author says in the present tense that they are under 18 or go to school."""
    rule = re.compile(_MINOR_RULE)
    return pl.Series("minor", [bool(rule.search(text)) for text in texts], dtype=pl.Boolean)
