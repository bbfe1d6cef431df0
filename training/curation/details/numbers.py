"""Numbers that stand for one person or account, such as of documents and cards, by their form or their name in a text.

Check digits are not asked for (`python-stdnum` would): people mistype numbers, and change a digit to hide them.
"""

import re

from training.curation.details.rule import Rule, any_phrase, first_words

ID = "[ID]"

_DOCUMENTS = (
    "passport", "license", "licence", "driver's license", "driver's licence", "drivers license", "driving licence",
    "account", "acct", "a/c", "order", "member", "membership", "student", "employee", "staff", "badge", "case",
    "claim", "policy", "insurance", "invoice", "receipt", "docket", "confirmation", "booking", "reservation",
    "tracking", "shipment", "parcel", "customer", "client", "patient", "ticket", "reference", "ref", "serial",
    "s/n", "imei", "vin", "ssn", "sin", "itin", "tin", "ein", "nino", "nhs", "dni", "nie", "nif", "bsn", "cpf",
    "cnpj", "rut", "curp", "rfc", "pesel", "cnp", "amka", "aadhaar", "aadhar", "pan", "medicare", "medicaid",
    "national insurance", "social security", "social", "tax", "national id", "identity card", "id card",
    "identification", "matriculation", "enrolment", "enrollment", "registration", "routing", "sort code", "swift",
    "bic", "iban", "card", "flyer", "loyalty", "record locator", "pnr", "locker", "pin", "passcode", "password",
    "wallet", "voter", "visa", "permit", "alien", "uscis", "personnummer", "steuer id", "cvv", "cvc", "gift card",
    "voucher", "key", "id", "bsb", "mrn", "gstin", "dl", "locker combo", "combo", "combination", "credit card",
    "debit card",
    "bank card",
)  # fmt: skip
_IS = r"(?:\s*(?:number|numbers|no\.?|nr\.?|num|id|code|card|key|#|№|is|was|are|:|=|ends in|ending in))*\s*[#:=]?\s*"

_NATIONAL = "|".join(
    (
        r"\d{3}[-–. ]\d{2}[-–. ]\d{4}",  # US
        r"\d{3}[-. ]\d{3}[-. ]\d{3}",  # CA
        r"[A-Z]{2} ?\d{2} ?\d{2} ?\d{2}(?: ?[A-Z])?",  # GB
        r"\d{8} ?-?[A-Z]|[XYZ]-?\d{7}-?[A-Z]|[STFGM]\d{7}[A-Z]",  # ES, SG
        r"[A-Z]{6} ?\d{2}[A-Z]\d{2} ?[A-Z]\d{3}[A-Z]",  # IT
        r"\d{3}\.\d{3}\.\d{3}-\d{2}|\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}",  # BR
        r"\d{6}(?:\d{2})?[-+A]\d{3}[\dA-Z]",  # SE, DK, FI, LV
        r"\d{6}/\d{3,4}|\d{6} ?\d{5}",  # CZ, SK, NO
        r"\d{2}\.\d{2}\.\d{2}-\d{3}[.-]\d{2}|\d{3}\.\d{4}\.\d{4}\.\d{2}",  # BE, CH
        r"\d{6}-?[1-8]\d{6}|\d{17}[\dX]",  # KR, CN
        r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d|[A-Z]{4}\d{6}[A-Z\d]{3}|[A-Z]{5}\d{4}[A-Z]",  # MX, IN
        r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]|[A-Z]\d{6}\([\dA]\)|[A-Z][12]\d{8}",  # CL, HK, TW
        r"[1-4]\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3}(?: ?\d{2})?|\d-\d{4}-\d{5}-\d{2}-\d",  # FR, TH
        r"\d \d{2} \d{2} \d{2} \d{3} \d{3} \d{2}|[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3}(?: ?\d{2})?",  # FR
    )
)


def _is_no_amount(match: re.Match[str]) -> bool:
    """Return whether a number is neither round nor a date without separators."""
    return not re.search(r"000$|^(\d)\1+$|^(?:19|20)\d\d[01]\d[0-3]\d$", match[0])


def _has_odd_digit(match: re.Match[str]) -> bool:
    """Return whether a word has a digit, and is neither a size nor a year alone."""
    return not re.fullmatch(r"(?:19|20)\d\d|\d+(?:st|nd|rd|th|k|m|gb|mb|mp|x|%)", match["detail"], re.I)


ID_RULES = (
    Rule(
        "id",
        ID,
        re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?\b", re.I),
        accepts=lambda match: sum(char.isdigit() for char in match[0]) >= 10,
    ),
    Rule(
        "id",
        ID,
        re.compile(
            r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b0x[0-9a-f]{16,}\b|\b[0-9a-f]{32,64}\b|\b(?:bc1[a-z0-9]{25,60}|[13][a-km-zA-HJ-NP-Z1-9]{25,34})\b",
            re.I,
        ),
    ),
    Rule("id", ID, re.compile(rf"(?<![\w.,$€£-])(?:{_NATIONAL})(?![\w-]|[.,]\d)"), accepts=_is_no_amount),
    Rule("id", ID, re.compile(r"(?<![\w$€£])(?:\d[ -]?){12,22}\d\b")),
    Rule(
        "id",
        ID,
        re.compile(r"\b(?=[A-Z\d]*\d)(?=[A-Z\d]*[A-Z])(?!\d+[A-Z]{1,2}\b)[A-HJ-NPR-Z\d]{17}\b|\b1Z[A-Z\d]{16}\b"),
    ),
    Rule("id", ID, re.compile(r"(?<![\w-])[A-Z]{1,4}[- ]?\d{6,12}[A-Z]?\b")),
    Rule(
        "id",
        ID,
        re.compile(
            rf"(?<![\w-])(?i:{any_phrase(_DOCUMENTS)})(?i:{_IS})"
            r"(?P<detail>(?=[\w.-]*\d)(?:[A-Z0-9][A-Z0-9./-]{4,}|\d{2,4}(?:[ -]\d{2,4}){1,5}))\b"
        ),
        words=first_words(_DOCUMENTS),
        accepts=_has_odd_digit,
    ),
    Rule(
        "id",
        ID,
        re.compile(
            r"\b(?i:(?:ending|ends|ended)\s(?:in|with|on)|(?:visa|mastercard|amex|card|account)?\s?ending|last\s(?:four|4)(?:\sdigits)?(?:\s(?:is|are|of\s(?:my|the)\s\w+))*)\W{1,3}(?P<detail>\d{4})\b"
        ),
        words=frozenset({"ending", "ends", "ended", "last"}),
        accepts=_has_odd_digit,
    ),
    Rule(
        "id",
        ID,
        re.compile(
            r"(?<![\w-])(?i:pin|passcode|cvv|cvc|security\scode|code|locker|badge|otp)(?i:\s*(?:number|no\.?|code|#|is|was|:|=)|(?<=security\scode)(?=\s)){1,3}\s*(?P<detail>\d{3,8})\b"
        ),
    ),
)
LETTER_ID_RULES = (
    Rule(
        "id",
        ID,
        re.compile(
            r"\b(?i:bic|swift)(?i:[\s:=/-]|code|is|bic|swift)+\s*(?P<detail>[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)\b"
        ),
        words=frozenset({"bic", "swift"}),
    ),
    Rule(
        "id",
        ID,
        re.compile(
            r"\b(?i:pnr|record\slocator|booking\s(?:code|reference)|confirmation\scode)(?i:[\s:=#]|is)+(?P<detail>[A-Z\d]{5,8})\b"
        ),
    ),
)
_PARTIAL = re.compile(
    r"\b\d{4}[ -]?[xX*•]{4,}(?:[ -]?[xX*•]{2,})*[ -]?\d{4}\b|"
    r"\b[xX*•]{4,}[ -]?(?:[xX*•]{4}[ -]?)*\d{4}\b|"
    r"\b\d:\d\d-[a-z]{2}-\d{4,6}\b"
)
PARTIAL_ID_RULES = (
    Rule("id", ID, _PARTIAL),
    Rule(
        "id",
        ID,
        re.compile(
            r"(?i)\b(?:exp(?:iry|ires|iration)?(?:\sdate)?|valid\s(?:thru|until))\W{1,3}(?P<detail>(?:0?[1-9]|1[0-2])/(?:20)?\d\d)\b"
        ),
    ),
)
BARE_NUMBER_RULES = (Rule("id", ID, re.compile(r"(?<![\w$€£.,#-])\d{7,12}(?![\w%°]|[.,]\d)"), accepts=_is_no_amount),)
PASSWORD_RULES = (
    Rule(
        "id",
        ID,
        re.compile(r"\b(?:password|passwd|pwd|passphrase|pw)\s*(?:is\s*)?[:=]\s*(?P<detail>\S+)", re.I),
        words=frozenset({"password", "passwd", "pwd", "passphrase", "pw"}),
    ),
    Rule(
        "id",
        ID,
        re.compile(
            r"\b(?:password|passphrase|passwd|pwd|pw|passcode)\s+(?:(?:is|was)\s+)?[\"'“]?(?P<detail>(?=\S*[\d!@#$%^&*])\S{4,})",
            re.I,
        ),
        words=frozenset({"password", "passphrase", "passwd", "pwd", "pw", "passcode"}),
    ),
)
