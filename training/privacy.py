"""Private details in texts, replaced by placeholders; ids, replaced by keyed hashes.

The rules look for forms (an address has an @, a phone number so many digits), so they find what is written in the usual
way and miss what is not. `[EMAIL]`, `[PHONE]`, `[URL]`, `[ADDRESS]`, `[ID]`, `[NAME]`, `@user` and `u/[USER]` stand for
what was there.
"""

import os
import re
import secrets
from hashlib import blake2b
from pathlib import Path

import polars as pl

from sandbox.errors import ConfigError
from training.names import without_names

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
"""Kind, placeholder, what must stand in the text for the rule to be tried, and the form, in the order of trial."""


def scrubbed(texts: pl.Series) -> tuple[pl.Series, dict[str, int]]:
    """Texts without private details, and how many of each kind were replaced."""
    counts: dict[str, int] = {}
    made = [scrub(text, counts) for text in texts]
    return pl.Series(texts.name, made, dtype=pl.String), counts


def scrub(text: str, counts: dict[str, int]) -> str:
    """One text without private details; adds to `counts`."""
    for kind, placeholder, sign, form in RULES:
        if sign in text:
            text = _replaced(text, kind, placeholder, form, counts)
    text, found = without_names(text)
    if found:
        counts["name"] = counts.get("name", 0) + found
    return text


def _replaced(text: str, kind: str, placeholder: str, form: re.Pattern[str], counts: dict[str, int]) -> str:
    def put(match: re.Match[str]) -> str:
        if kind == "phone" and not _is_phone(match[0]):
            return match[0]
        counts[kind] = counts.get(kind, 0) + 1
        return placeholder

    return form.sub(put, text)


def _is_phone(found: str) -> bool:
    """Enough digits, and not just a year range, a date or a plain number."""
    digits = _DIGITS.findall(found)
    if not 7 <= len(digits) <= 15:
        return False
    if re.fullmatch(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{4}\s?-\s?\d{4}", found):
        return False
    return len(digits) >= 10 or not found.isdigit()


def make_key(path: Path, secret: str | None) -> None:
    """Make sure that there is a key in `path`, readable by its owner alone: from `secret`, else a random one.

    Whoever has it can say which hash belongs to a known id, and so delete a person. Once it is destroyed, nobody can.
    """
    wanted = None if secret is None else blake2b(secret.encode(), digest_size=32).digest()
    if not path.exists():
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(wanted or secrets.token_bytes(32))
    elif wanted not in (None, path.read_bytes()):
        raise ConfigError(
            f"{path} holds another key than secret={secret} makes; take another corpus_dir or that secret"
        )


def keyed_hash(ids: pl.Series, key: bytes, prefix: str) -> pl.Series:
    """Every id as the prefix and 16 hex digits of its hash (BLAKE2b, keyed)."""
    unique = ids.unique().to_list()
    known = {one: prefix + blake2b(one.encode(), key=key, digest_size=8).hexdigest() for one in unique}
    return pl.Series(ids.name, [known[one] for one in ids], dtype=pl.String)
