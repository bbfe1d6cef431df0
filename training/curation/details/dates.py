"""Dates of birth: any date that is called so, and any complete date on which an adult author may have been born."""

import re

from training.curation.details.rule import Rule

DATE = "[DATE]"
LAST_YEAR = 2006
"""The last year from which a complete date counts as a date of birth, whatever the text says about it."""

_MONTH = (
    r"(?:jan(?:uary|uar|vier|eiro|uari)?|feb(?:ruary|ruar|rero|braio|ruari)?|fev(?:ereiro)?|févr?(?:ier)?|mar(?:ch|zo|s)?|"
    r"märz|apr(?:il|ile)?|avr(?:il)?|abr(?:il)?|may|mai|mayo|maggio|mei|maj|june?|juni|juin|junio|giugno|july?|juli|"
    r"juil(?:let)?|julio|luglio|aug(?:ust|ustus)?|août|ago(?:sto)?|sept?(?:ember|embre)?|settembre|set(?:embro)?|"
    r"oct(?:ober|obre)?|okt(?:ober)?|ottobre|out(?:ubro)?|nov(?:ember|embre|iembre)?|dec(?:ember)?|déc(?:embre)?|"
    r"dez(?:ember|embro)?|dic(?:iembre|embre)?)\.?"
)
_DAY = r"(?:the\s+)?\d{1,2}(?:st|nd|rd|th|\.|º|er)?"
_YEAR = r"(?:(?:18|19|20)\d\d|['’]?\d\d)"
_FULL_YEAR = r"(?:19|20)\d\d"


def _complete(year: str) -> str:
    return (
        rf"{_DAY}[\s/-]*(?:of\s+|de\s+)?{_MONTH}[\s,/-]*(?:of\s+|de\s+|del\s+)?{year}|{_MONTH}[\s-]*{_DAY}[\s,-]*{year}|"
        rf"{year}[\s/-]+{_MONTH}[\s/-]*\d{{1,2}}(?:st|nd|rd|th)?|{year}年\d{{1,2}}月\d{{1,2}}日"
    )


_CUT = r"\s?[-/.]\s?"
_NUMERIC = rf"\d{{1,2}}{_CUT}\d{{1,2}}{_CUT}(?:{_FULL_YEAR})|(?:{_FULL_YEAR}){_CUT}\d{{1,2}}{_CUT}\d{{1,2}}"
_ANY_NUMERIC = rf"{_NUMERIC}|\d{{1,2}}[-/.\s]\d{{1,2}}[-/.\s]['’]?\d{{2,4}}|\d{{8}}|\d{{6}}|\d{{1,2}}[-/.]\d{{1,2}}"
_DAY_AND_MONTH = rf"{_DAY}\s*(?:of\s+|de\s+)?{_MONTH}(?!\w)|{_MONTH}\s*{_DAY}"
_ANY_DATE = rf"(?:{_complete(_YEAR)}|{_ANY_NUMERIC}|{_DAY_AND_MONTH}|{_MONTH}[\s,]+{_FULL_YEAR})"
_BIRTH = (
    r"(?:born|birth\s?date|date\s+of\s+birth|birth\s?day|bday|b-day|b'day|d\.?\s?o\.?\s?b\b\.?|birth|geboren|geb\.|"
    r"geburtstag|geburtsdatum|née?|naissance|naci[óo]|nacid[oa]|nacimiento|cumplea[ñn]os|nat[oa]|nascita|nascimento|"
    r"nasci|b\.|came\s(?:in)?to\s(?:the|this)\sworld|(?:year|years)\solder|turn(?:s|ed|ing)?\s\d{1,2}|named?-?\s?day)"
)
_BIRTH_WORDS = frozenset([
    "born", "birthdate", "birth", "birthday", "bday", "b", "dob", "d", "geboren", "geb", "geburtstag",
    "geburtsdatum", "née", "né", "nee", "naissance", "nació", "nacio", "nacido", "nacida", "nacimiento",
    "cumpleaños", "cumpleanos", "nato", "nata", "nascita", "nascimento", "nasci", "world", "older",
    "turn", "turns", "turned", "turning", "day", "baby",
])  # fmt: skip
_GAP = r"[\s:=,(–—-]*"
_BETWEEN = rf"(?:['’]s)?{_GAP}(?:(?:is|was|on|in|the|of|date|day|falls|it's|am|le|el|il|em|den)\b{_GAP}){{0,6}}"
_FAMOUS = re.compile(
    r"(?i)sep\w*\.?\s*11|11\w*\s+(?:of\s+)?sep|\b0?9[-/]11[-/]2001|2001-09-11|dec\w*\.?\s*7\w*,?\s*1941|june\s*6\w*,?\s*1944|"
    r"nov\w*\.?\s*(?:22\w*,?\s*1963|9\w*,?\s*1989)|july\s*20\w*,?\s*1969|jan\w*\.?\s*1\w*,?\s*2000"
)


def _is_long_ago(match: re.Match[str]) -> bool:
    """Return whether the year of a complete date is one in which adults were born, and the date no famous one."""
    year = re.search(r"(?:19|20)\d\d", match[0])
    return year is not None and 1920 <= int(year[0]) <= LAST_YEAR and not _FAMOUS.search(match[0])


DATE_RULES = (
    Rule(
        "birth date",
        DATE,
        re.compile(
            rf"(?<!\w){_BIRTH}{_BETWEEN}(?:(?:in\s)?['’]?\d\d(?:\d\d)?,?\s(?:on\s)?(?:the\s)?)?(?P<detail>{_ANY_DATE})(?!\w)",
            re.I,
        ),
        words=_BIRTH_WORDS,
    ),
    Rule(
        "birth date",
        DATE,
        re.compile(
            rf"(?<!\w)(?P<detail>{_complete(_YEAR)}|{_NUMERIC}|{_DAY_AND_MONTH})\W{{1,3}}(?:is|was|\(|for|as)?\s*(?:my|his|her|our|their|the|when|that's|i|he|she|a)?\s*(?:\w+\s)?(?:was\s)?(?:birth\s?day|bday|b-day|birth\s?date|born|baby)",
            re.I,
        ),
        words=_BIRTH_WORDS,
    ),
    Rule(
        "birth date",
        DATE,
        re.compile(rf"(?<![\w/.-])(?:{_complete(_FULL_YEAR)}|{_NUMERIC})(?![\w/-]|\.\d)", re.I),
        signs=("19", "20"),
        accepts=_is_long_ago,
    ),
    Rule(
        "birth date",
        DATE,
        re.compile(r"(?<![\w/.-])(?:0?[1-9]|1[0-2]|[12]\d|3[01])/(?:0?[1-9]|[12]\d|3[01])/[4-9]\d(?![\w/-]|\.\d)"),
        signs=("/",),
    ),
)
