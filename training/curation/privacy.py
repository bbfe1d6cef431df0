"""Replace private details in texts by placeholders, and ids by keyed hashes.

The rules match forms (an e-mail address has an @, a phone number a certain number of digits), so they find what is
written in the usual way and miss what is not. `[EMAIL]`, `[PHONE]`, `[URL]`, `[ADDRESS]`, `[ID]`, `[NAME]`, `@user` and
`u/[USER]` stand for what was there.
"""

import re

import polars as pl

from training.curation.names import replace_names

_DIGITS = re.compile(r"\d")
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Circle|Cir|Place|Pl|Way|Terrace|Ter|"
    r"Square|Sq|Parkway|Pkwy|Highway|Hwy|Close|Crescent|Grove|Gardens)"
)
_ID_WORD = (
    r"(?:passport|licen[cs]e|driver'?s licen[cs]e|account|acct|order|member(?:ship)?|student|employee|case|policy|"
    r"confirmation|booking|reservation|tracking|customer|patient|ticket|reference|ref|serial|ssn|social security|tax|"
    r"routing|iban|card|flyer|record locator|pin|password)"
)

RULES: tuple[tuple[str, str, str, re.Pattern[str]], ...] = (
    ("e-mail", "[EMAIL]", "@", re.compile(r"[\w.+%-]+\s?@\s?[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")),
    (
        "e-mail",
        "[EMAIL]",
        " at ",
        re.compile(
            r"\b[\w+-]+(?: (?:dot|\.) [\w+-]+)* (?:at|\[at\]|\(at\)) [\w-]+(?: (?:dot|\[dot\]|\(dot\)) [\w-]+)+\b", re.I
        ),
    ),
    ("e-mail", "[EMAIL]", "at", re.compile(r"[\w.+-]+\s?[\[(]at[\])]\s?[\w-]+\s?(?:[\[(]dot[\])]|\.)\s?\w+", re.I)),
    ("url", "[URL]", "://", re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s<>\")\]]+", re.I)),
    ("url", "[URL]", "www.", re.compile(r"\bwww\.[^\s<>\")\]]+", re.I)),
    (
        "url",
        "[URL]",
        ".",
        re.compile(
            r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|edu|gov|io|me|ly|co\.uk|info|tv|blog|de|fr)\b(?:/[^\s<>\")\]]*)?",
            re.I,
        ),
    ),
    ("user", "u/[USER]", "u/", re.compile(r"(?<![\w/])/?u/[\w-]+")),
    ("user", "@user", "@", re.compile(r"(?<![\w])@(?!user\b)\w{2,}")),
    (
        "id",
        "[ID]",
        ":",
        re.compile(r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b", re.I),
    ),
    ("id", "[ID]", ".", re.compile(r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b")),
    ("address", "[ADDRESS]", ".", re.compile(r"[-+]?\d{1,3}\.\d{3,}°?\s?[NS]?,\s?[-+]?\d{1,3}\.\d{3,}°?\s?[EW]?")),
    ("id", "[ID]", "-", re.compile(r"\b\d{3}-\d{2}-\d{4}\b")),
    ("id", "[ID]", "", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")),
    ("id", "[ID]", "", re.compile(r"\b(?:\d[ -]?){12,18}\d\b")),
    (
        "id",
        "[ID]",
        "",
        re.compile(
            rf"(?<!\w)(?i:{_ID_WORD})(?i:\s*(?:number|no\.?|num|id|code|#|is|was|:|=))*\s*[#:]?\s*(?=[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{{4,}}\b"
        ),
    ),
    (
        "phone",
        "[PHONE]",
        "",
        re.compile(
            r"(?<![\w$€£.,/-])(?:\+|00)?(?:\(?\d{1,4}\)?[\s./-]?)(?:\(?\d{2,4}\)?[\s./-]?){1,4}\d{2,4}"
            r"(?:\s?(?:x|ext\.?)\s?\d+)?(?![\w%°]|[.,]\d)",
            re.I,
        ),
    ),
    (
        "address",
        "[ADDRESS]",
        "",
        re.compile(
            rf"\b\d{{1,5}}[A-Za-z]? (?:[NSEW]\.? )?(?:[A-Z][\w'-]*\s){{1,3}}{_STREET}\b\.?"
            r"(?:,? (?:Apt|Apartment|Suite|Unit|#)\.? ?\w+)?"
        ),
    ),
    ("address", "[ADDRESS]", "ox", re.compile(r"\bP\.?\s?O\.?\s?Box \d+\b", re.I)),
    ("address", "[ADDRESS]", "", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b")),
    ("address", "[ADDRESS]", "", re.compile(r"(?<=, [A-Z]{2} )\d{5}(?:-\d{4})?\b")),
)
"""Kind, placeholder, a sign (cheap to find) without which the rule is not tried, and the form; in order of trial."""


def scrub_texts(texts: pl.Series) -> tuple[pl.Series, dict[str, int]]:
    """Return texts without private details, and the number of replacements of each kind."""
    counts: dict[str, int] = {}
    scrubbed = [scrub_text(text, counts) for text in texts]
    return pl.Series(texts.name, scrubbed, dtype=pl.String), counts


def scrub_text(text: str, counts: dict[str, int]) -> str:
    """Return a text without private details; adds the numbers of replacements to `counts`."""
    for kind, placeholder, sign, form in RULES:
        if sign in text:
            text = _replace_details(text, kind, placeholder, form, counts)
    text, num_names = replace_names(text)
    if num_names:
        counts["name"] = counts.get("name", 0) + num_names
    return text


def _replace_details(text: str, kind: str, placeholder: str, form: re.Pattern[str], counts: dict[str, int]) -> str:
    def replace_match(match: re.Match[str]) -> str:
        if kind == "phone" and not _is_phone(match[0]):
            return match[0]
        counts[kind] = counts.get(kind, 0) + 1
        return placeholder

    return form.sub(replace_match, text)


def _is_phone(text: str) -> bool:
    """Return whether a match has enough digits, and is no range of years, date or plain number."""
    digits = _DIGITS.findall(text)
    if not 7 <= len(digits) <= 15:
        return False
    if re.fullmatch(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{4}\s?-\s?\d{4}", text):
        return False
    return len(digits) >= 10 or not text.isdigit()
