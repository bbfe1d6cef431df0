"""Phone numbers, in any grouping, with letters or in words.

A number need not exist (`phonenumbers` would ask for that): people write old, foreign and wrong ones.
"""

import re

from training.curation.details.rule import Rule

PHONE = "[PHONE]"

_SEPARATOR = r"[\s./·‐‑–—-]"
_GAP = r"[\s().·‐‑–—/-]{0,3}"
_DIGIT_WORD = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)"
_CALL = r"(?:phone|tel|telephone|mobile|cell|call|text|ring|dial|fax|whatsapp|sms|number|handy|contact)"
_DATES = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{4}\s?[-–—/]\s?\d{4}"
_AMOUNTS = r"\d{1,3}(?:\s\d{3})*\s000|\d{1,3}(?:\.\d{3})+"
_SHORT_DATE = r"\d{1,2}/\d{1,2}/\d{2,4}"
_NO_PHONE = re.compile(rf"{_DATES}|{_AMOUNTS}|{_SHORT_DATE}(?:\s?[-–]\s?{_SHORT_DATE})?")


def _is_phone(match: re.Match[str]) -> bool:
    """Return whether a match has enough digits, and is no range of years, date, amount or plain number."""
    text = re.split(r"[x#]|\s?ext", match[0].lower())[0].strip()
    num_digits = sum(character.isdigit() for character in text)
    if not 7 <= num_digits <= 20 or _NO_PHONE.fullmatch(text):
        return False
    return num_digits >= 10 or not text.isdigit()


def _has_seven_digits(match: re.Match[str]) -> bool:
    return sum(character.isdigit() for character in match["detail"]) >= 7


INTERNATIONAL_PHONE_RULES = (
    Rule(
        "phone",
        PHONE,
        re.compile(
            rf"(?<![\w+])(?:\(?\+|00)\(?\d{{1,4}}{_GAP}(?:\d{_GAP}){{5,13}}\d(?:\s?(?:x|ext\.?|#)\s?\d+)?(?!\d)", re.I
        ),
        signs=("+", "00"),
    ),
)
PHONE_RULES = (
    Rule(
        "phone",
        PHONE,
        re.compile(
            r"(?<![\w$€£+])(?<![\d.][.,/-])(?<![\s(/]\.)(?:\(?\+|00)?(?:\(\+?\d{1,4}\)|\d{1,4}\)?)"
            rf"{_SEPARATOR}{{0,3}}(?:\(0\)\s?)?(?:\(?\d{{1,4}}\)?{_SEPARATOR}{{0,3}}){{1,6}}\d{{2,4}}"
            r"(?:\s?(?:x|ext\.?|#)\s?\d+)?(?![\w%°]|[.,]\d)",
            re.I,
        ),
        accepts=_is_phone,
    ),
    Rule(
        "phone",
        PHONE,
        re.compile(rf"\b{_CALL}\W{{0,3}}(?:\w+\W+){{0,3}}?(?P<detail>\+?\(?\d[\d\s().-]{{4,}}\d)", re.I),
        accepts=_has_seven_digits,
    ),
    Rule(
        "phone",
        PHONE,
        re.compile(r"(?<![\w$€£.])\(?\+?\d{2,4}\)?(?P<mark>[_*•|~=#:…\\'’+])(?:\d{2,4}(?P=mark)){1,3}\d{3,4}(?![\w%])"),
        accepts=_is_phone,
    ),
    Rule("phone", PHONE, re.compile(r"(?<![\w$€£.,-])\d(?P<mark>[ .·-])(?:\d(?P=mark)){8,12}\d(?![\w%]|[.,-]\d)")),
    Rule(
        "phone",
        PHONE,
        re.compile(rf"(?i)\b{_CALL}(?:\snumber)?\W{{1,3}}(?:\w{{1,2}}\s)?(?P<detail>\d{{3}},\d{{3}},\d{{4}})\b"),
    ),
    Rule("phone", PHONE, re.compile(r"(?<![\w$€£.,])\d{3},\d{3},\d{4}(?![\w,]|\.\d)")),
    Rule("phone", PHONE, re.compile(r"\b(?:1[\s.-]?)?8\d\d[\s.-][A-Z\d]{3,4}[\s.-]?[A-Z]{3,4}\b"), signs=("8",)),
    Rule("phone", PHONE, re.compile(r"\b1-8\d\d-[A-Z\d-]{6,9}\b"), signs=("-8",)),
)
SPELLED_PHONE_RULES = (
    Rule(
        "phone",
        PHONE,
        re.compile(rf"\b{_DIGIT_WORD}(?:[\s,-]+{_DIGIT_WORD}){{6,}}\b", re.I),
        words=frozenset({"three", "four", "five", "seven", "nine"}),
    ),
)
