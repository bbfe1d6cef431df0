"""Licence plates: by their form where no other thing has it, else where the text speaks of a vehicle."""

import re

from training.curation.details.rule import Rule, any_phrase, first_words
from training.curation.words import is_ordinary_word

PLATE = "[PLATE]"

_CUES = (
    "license plate", "licence plate", "number plate", "plate", "license plates", "licence plates", "number plates",
    "plates", "lic plate", "lic", "lic.", "reg.", "license", "licence", "registration", "registered",
    "reg", "rego", "tag", "tags", "kennzeichen", "nummernschild", "matricula", "matrícula", "immatriculation",
    "plaque", "targa", "kenteken", "nummerplade", "rejestracja", "placa",
)  # fmt: skip
_IS = (
    r"(?:\s*(?:number|numbers|no\.?|nr\.?|num|#|is|was|are|said|says?|reads?|starts\swith|of|as|:|=|-|–|\(|mark))*"
    r"[\s\"'“‘:#(]*"
)
_VEHICLES = frozenset([
    "car", "cars", "truck", "van", "suv", "pickup", "vehicle", "motorcycle", "motorbike", "bike", "driver",
    "drove", "driving", "drives", "parked", "sedan", "hatchback", "convertible", "cab", "taxi", "lorry",
    "scooter", "honda", "toyota", "ford", "bmw", "audi", "mercedes", "vw", "volkswagen", "nissan", "hyundai",
    "kia", "subaru", "mazda", "chevy", "chevrolet", "dodge", "jeep", "tesla", "volvo", "fiat", "renault",
    "peugeot", "opel", "skoda", "seat", "lexus", "civic", "corolla", "golf",
])  # fmt: skip
_GROUP = r"[A-ZÄÖÜ\d]{1,8}"
_ANY_PLATE = rf"{_GROUP}(?:[ ·•-]{{1,3}}{_GROUP}){{0,3}}"
_DISTINCT = "|".join(
    (
        r"[A-Z]{2}\d{2} ?[A-Z]{3}",  # GB
        r"[A-Z]{2}-\d{3}-[A-Z]{2}|[A-Z]{2} \d{3} [A-Z]{2}|[A-Z]{2}\d{3}[A-Z]{2}",  # FR, IT
        r"\d{4}[ -]?[BCDFGHJKLMNPRSTVWXYZ]{3}",  # ES
        r"[A-ZÄÖÜ]{1,3}[-:][A-Z]{1,2}[ -]?\d{2,4}[EH]?|[A-ZÄÖÜ]{1,3} [A-Z]{2} ?\d{3,4}[EH]?",  # DE
        r"(?=[A-Z-]*\d)(?=[\d-]*[A-Z])[A-Z\d]{1,3}-(?:[A-Z]{1,3}|\d{1,3})-[A-Z\d]{1,3}",  # NL
        r"[A-Z]{2}-\d{2}-\d{2}|\d{2}-\d{2}-[A-Z]{2}",  # NL, PT
        r"[A-Z]{2}[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{4}",  # IN
        r"[A-Z]{3}-?\d[A-Z]\d{2}|[A-Z]{3}-\d{4}",  # BR
        r"\d[A-Z]{3}\d{3}|[A-Z]{3} ?\d{2}[A-Z\d]\b",  # US (California), SE, AU
        r"\d{2} ?[A-Z]{1,3} ?\d{3,4}",  # TR
    )
)
_MIXED = r"(?=[A-ZÄÖÜ\d ·•-]{0,9}\d)(?=[\d ·•-]{0,9}[A-ZÄÖÜ])"
_SHORT = _MIXED + r"[A-ZÄÖÜ\d]{1,8}(?:[ ·•-][A-ZÄÖÜ\d]{1,5}){0,2}"
_NO_PLATE = re.compile(
    r"(?:I|HWY|RT|SR|BUS|TF|"
    r"USB|HDMI|CD|DVD|MP|PS|XBOX|ISO|RTX|GTX|AMD|WWII|AK|AR|COVID|UTF|SHA|MD|AES|RFC|CVE|NFL|NBA|NHL|MLB|GMT|EST|PST|"
    r"PDT|EDT|CST|UTC|BC|AD|CE|BCE|AM|PM|MPH|KMH|RPM|PSI|MBPS|KBPS|GHZ|MHZ|KHZ|FPS|DPI|PPM|PCS|LBS|FT|MM|CM|KM|KG|ML|MG|"
    r"TV|PC|HP|GB|MB|TB|KB|HD|SD|UK|US|EU|SAT|ACT|GRE|MCAT|LSAT|GPA|THE|AND|FOR|NOT|BUT|ALL|YOU|WAS|HAS|TOP|MAX|MIN|AGE|"
    r"USD|EUR|GBP|CAD|AUD|PPD|LED|LCD|CPU|GPU|RAM|SSD|HDD|API|URL|BMW|SPF|DLC|VHS|WWE|UFC|WWI|NES|GPS)"
)
_WORDS = re.compile(r"[A-Z]+")


def _is_distinct(match: re.Match[str]) -> bool:
    """Return whether a match may be a plate: it has several parts, or neither a usual abbreviation nor a year."""
    detail = match["detail"]
    words = _WORDS.findall(detail)
    if not 4 <= len(detail) <= 11 or any(len(word) > 3 and is_ordinary_word(word) for word in words):
        return False
    if len(re.split("[ -]", detail)) > 2 or len(words) > 1:
        return True
    is_year = re.search(r"\b(?:19|20)\d\d\b", detail)
    return not is_year and not any(_NO_PLATE.fullmatch(word) for word in words)


def _is_plate_shaped(match: re.Match[str]) -> bool:
    """Return whether what a text calls a plate has the letters and digits of one."""
    detail = match["detail"]
    num_digits = sum(char.isdigit() for char in detail)
    return num_digits >= 1 and len(detail) >= 4 and (bool(_WORDS.search(detail)) or num_digits >= 4)


PLATE_RULES = (
    Rule(
        "plate",
        PLATE,
        re.compile(rf"\b(?i:{any_phrase(_CUES)})(?i:{_IS})(?P<detail>(?=[\w ·-]*\d){_ANY_PLATE})(?!\w)"),
        words=first_words(_CUES),
        accepts=_is_plate_shaped,
    ),
    Rule(
        "plate",
        PLATE,
        re.compile(
            rf"(?<![\w.$€£-])(?P<detail>{_SHORT})(?![\w-]|\.\d)(?=[^.!?\n]{{1,25}}\b(?i:{any_phrase(_CUES[:9])})\b)"
        ),
        words=first_words(_CUES[:9]),
        accepts=_is_distinct,
    ),
    Rule("plate", PLATE, re.compile(rf"(?<![\w.-])(?P<detail>{_DISTINCT})(?![\w-]|\.\d)"), accepts=_is_distinct),
    Rule(
        "plate",
        PLATE,
        re.compile(
            rf"\b(?i:{any_phrase(_VEHICLES)})\b[^.!?\n]{{0,40}}?(?<![\w.$€£-])(?P<detail>{_SHORT})(?![\w-]|\.\d)"
        ),
        words=_VEHICLES,
        accepts=_is_distinct,
    ),
    Rule(
        "plate",
        PLATE,
        re.compile(
            rf"(?<![\w.$€£-])(?P<detail>{_SHORT})(?![\w-]|\.\d)[^.!?\n]{{0,15}}\b(?i:{any_phrase(_VEHICLES)})\b"
        ),
        words=_VEHICLES,
        accepts=_is_distinct,
    ),
)
