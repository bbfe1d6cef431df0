"""Addresses of machines (IP, MAC), and coordinates of places."""

import re
from ipaddress import ip_address

from training.curation.details.rule import Rule

ID, PLACE = "[ID]", "[ADDRESS]"

_MAC = (
    r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b|\b(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}\b|"
    r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12}\b|"
    r"(?<![\w-])(?=[0-9a-f:-]*\d)(?=[0-9a-f:-]*[a-f])[0-9a-f]{6}[-:][0-9a-f]{6}(?![\w-])"
)
_DOT = r"(?:\.|\s?[\[({]\s?(?:\.|dot)\s?[\])}]\s?|\s\.\s|\sdot\s)"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"


def _is_ip(match: re.Match[str]) -> bool:
    """Return whether a match with colons is an address of IPv6, and no time or emoticon."""
    text = match[0].partition("/")[0].partition("%")[0]
    has_digit = any(char.isdigit() for char in text)
    try:
        return len(text) > 5 and has_digit and ip_address(text).version == 6
    except ValueError:  # a part of an address, or one with a mistake
        groups = [group for group in text.split(":") if group]
        return (
            has_digit and len(groups) >= 4 and bool(re.search("[a-f]", text, re.I)) and len(text) >= 4 * len(groups) - 1
        )


def _is_comma_ip(match: re.Match[str]) -> bool:
    """Return whether four numbers may be an address: two of them are above 99, and they are in no order."""
    octets = list(map(int, re.findall(r"\d+", match[0])))
    return sum(octet > 99 for octet in octets) > 1 and octets not in (sorted(octets), sorted(octets, reverse=True))


MACHINE_RULES = (
    Rule("id", ID, re.compile(_MAC, re.I)),
    Rule(
        "id",
        ID,
        re.compile(r"(?<![\w.])[0-9a-f]{2}(?P<mark>[ ._])(?:[0-9a-f]{2}(?P=mark)){4}[0-9a-f]{2}(?!\w)", re.I),
        accepts=lambda match: bool(re.search("[a-f]", match[0], re.I)),
    ),
    Rule(
        "id",
        ID,
        re.compile(
            rf"(?i)\b(?:ip|host|server)\b\W{{0,3}}(?:is\s|address\W{{0,2}})?(?P<detail>(?:{_OCTET}\s?[,-]\s?){{3}}{_OCTET})(?!\d)"
        ),
    ),
    Rule(
        "id",
        ID,
        re.compile(
            rf"(?<![\w$€£.-])(?<!\d,)(?<!\d,\s)(?:{_OCTET},\s?){{3}}{_OCTET}(?![\w%]|,\s?\d|\.\d|\s(?:and|or)\s)"
        ),
        signs=(",",),
        accepts=_is_comma_ip,
    ),
    Rule(
        "id",
        ID,
        re.compile(r"(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:\.\d+){0,3}(?:%\w+)?(?:/\d+)?(?![\w:])", re.I),
        signs=(":",),
        accepts=_is_ip,
    ),
    Rule(
        "id",
        ID,
        re.compile(rf"(?<![\w.])(?:{_OCTET}{_DOT}){{3}}{_OCTET}\b(?!\.\d)(?::\d{{2,5}}\b)?(?:/\d\d?\b)?", re.I),
    ),
)

_DEGREE = r"\s?(?:°|º|˚|deg(?:rees)?)\s?"
_SECONDS = r"(?:\d{1,2}(?:\.\d+)?\s?(?:''|[\"″”])\s?)?"
_DMS = rf"\d{{1,3}}{_DEGREE}\d{{1,2}}(?:\.\d+)?\s?['′’]\s?{_SECONDS}"
POSITION_RULES = (
    Rule(
        "address",
        PLACE,
        re.compile(
            r"(?<![\w.])[-+−]?\d{1,3}\.\d{3,}°?\s?[NS]?(?:,\s?|\s|;\s?|\s?[/|]\s?|\s(?:by|and|x)\s)[-+−]?\d{1,3}\.\d{3,}°?\s?[EW]?\b|"
            rf"[-+−]?\d{{1,3}}\.\d+{_DEGREE}[NS],?\s?[-+−]?\d{{1,3}}\.\d+{_DEGREE}[EWO]\b|"
            r"\b[NS]\s?\d{1,3}\.\d{2,}°?,?\s?[EW]\s?\d{1,3}\.\d{2,}°?"
        ),
        signs=(".",),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            rf"\b\d{{1,3}}\s\d{{1,2}}\s\d{{1,2}}(?:\.\d+)?\s?[NS],?\s\d{{1,3}}\s\d{{1,2}}\s\d{{1,2}}(?:\.\d+)?\s?[EWO]\b|{_DMS}[NS]?,?\s?{_DMS}[EWO]?\b|\b[NS]\s?{_DMS},?\s?[EWO]\s?{_DMS}",
            re.I,
        ),
        signs=("°", "º", "˚", "deg", "n", "s"),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(
            r"\b(?:lat(?:itude)?|lon(?:g(?:itude)?)?|lng)\W{0,3}(?:is\s)?[-+−]?\d{1,3}[.,]\d+(?:°?\s?[NSEW]\b)?|"
            r"\b(?:gps|coord(?:inate)?s?)\W{0,3}(?:are\s)?[-+−]?\d{1,3}\.\d+\W{1,3}[-+−]?\d{1,3}\.\d+",
            re.I,
        ),
        words=frozenset(
            [
                "lat",
                "latitude",
                "lon",
                "long",
                "longitude",
                "lng",
                "gps",
                "coord",
                "coords",
                "coordinate",
                "coordinates",
            ]
        ),
    ),
    Rule(
        "address",
        PLACE,
        re.compile(r"\b\d{1,2}[C-HJ-NP-X]\s?[A-HJ-NP-Z]{2}(?:\s?\d{10}|\s?\d{5}\s\d{5}|\s?\d{8}|\s?\d{4}\s\d{4})\b"),
    ),
    Rule("address", PLACE, re.compile(r"\b[23456789CFGHJMPQRVWX]{4,8}\+[23456789CFGHJMPQRVWX]{2,3}\b"), signs=("+",)),
)
