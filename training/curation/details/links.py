"""E-mail addresses and links, also where words or brackets stand for their @ and their dots."""

import re

from training.curation.details.rule import Rule
from training.curation.words import is_ordinary_word

EMAIL, URL = "[EMAIL]", "[URL]"

_OPEN, _CLOSE = r"\s?[\[({<«#_*~|/\"'“‘-]\s?", r"\s?[\])}>»#_*~|/\"'”’-]\s?"
_BRACKETED_AT = rf"{_OPEN}(?:a\s?t|a|@|arroba|ät|at[\s-](?:symbol|sign))\s?{_CLOSE}"
_AT = rf"(?:{_BRACKETED_AT}|\s(?:at|arroba|ät|at[\s-](?:symbol|sign))\s|\s?@\s?)"
_DOT = rf"(?:{_OPEN}(?:d\s?o\s?t|d0t|punkt|punto|ponto|period|point|\.){_CLOSE}|\s(?:dot|d0t|punkt|punto|ponto)\s)"
_ANY_DOT = rf"(?:{_DOT}|\s\.\s|\.)"
_SAID_DOT = rf"(?:{_DOT}|\speriod\s)"
"""Also words that mean a dot only behind an at."""
_LOCAL = rf"(?<!\w)[\w+%'\\-]{{1,64}}(?:(?:\.|\s\.\s|{_DOT})[\w+%'\\-]{{1,64}}){{0,5}}"
_NAME_OF_BOX = r"(?=[\w.+%'-]*[^\W\d_])[\w+'-](?:[\w.+'-]{0,62}[\w'])?"
_PROVIDER_NAMES = (
    "gmail", "googlemail", "yahoo", "ymail", "rocketmail", "hotmail", "outlook", "live", "msn", "aol", "icloud",
    "proton", "protonmail", "pm", "gmx", "web", "mail", "yandex", "zoho", "fastmail", "tuta", "tutanota", "comcast",
    "verizon", "sbcglobal", "btinternet", "qq", "naver", "wanadoo", "libero",
)  # fmt: skip
_PROVIDERS = f"(?:{'|'.join(_PROVIDER_NAMES)})"
_ENDINGS = (
    r"(?:com|net|org|edu|gov|mil|int|info|biz|name|io|dev|app|xyz|online|site|blog|tech|store|shop|club|social|page|link|"
    r"cloud|me|ly|tv|gg|ee|be|de|fr|uk|co\.\w\w|com\.\w\w|nl|es|pt|br|ru|ch|se|dk|fi|cz|gr|hu|jp|cn|kr|au|nz|ca|ie|eu|"
    r"hr|ro|ua|sk|tr|mx|ar|cl|co|ai|fm|pl|za|vn|pk|ke|ng|il|bg|lt|lv|rs|si|cc|pw|tw|hk|sg|eco|wiki|website|zone|media|"
    r"photos|games)"
)
_SIGNS_OF_DOT = (
    "dot",
    "d o t",
    "d0t",
    "punkt",
    "punto",
    "ponto",
    "period",
    "point",
    "[.]",
    "(.)",
    "{.}",
    "<.>",
    "_._",
    "-.-",
    "*.*",
)
_SIGNS_OF_AT = (
    "@",
    "#at",
    "«at",
    "# at",
    "« at",
    "~at",
    "|at",
    "/at",
    "'at",
    '"at',
    "“at",
    "‘at",
    "symbol",
    "sign",
    "ät",
    " . ",
    "[a",
    "(a",
    "{a",
    "<a",
    "_a",
    "-a",
    "*a",
    "[ a",
    "( a",
    "- a",
    "* a",
)

EMAIL_RULES = (
    Rule(
        "e-mail",
        EMAIL,
        re.compile(
            rf"{_LOCAL}{_AT}[\w-]{{1,63}}(?:{_ANY_DOT}[\w-]{{1,63}}){{0,5}}?{_SAID_DOT}[\w-]{{1,63}}(?:{_ANY_DOT}[a-z]{{2,3}}\b)?",
            re.I,
        ),
        signs=_SIGNS_OF_DOT,
    ),
    Rule(
        "e-mail",
        EMAIL,
        re.compile(
            rf"{_LOCAL}{_BRACKETED_AT}[\w-]{{1,63}}(?:\s?\.\s?[\w-]{{1,63}})+|"
            rf"{_LOCAL}\sat\s[\w-]{{1,63}}(?:\s\.\s[\w-]{{1,63}}){{0,5}}\s\.\s{_ENDINGS}\b|"
            rf"{_LOCAL}\s?@\s?[\w-]{{1,63}}(?:\s\.\s[\w-]{{1,63}}){{0,5}}\s\.\s{_ENDINGS}\b",
            re.I,
        ),
        signs=_SIGNS_OF_AT,
    ),
    Rule(
        "e-mail",
        EMAIL,
        re.compile(
            rf"{_LOCAL}{_AT}{_PROVIDERS}(?:{_ANY_DOT}[a-z]{{2,3}}\b){{1,2}}|{_LOCAL}{_BRACKETED_AT}{_PROVIDERS}\b|"
            rf"(?<![\w-])(?=\w{{0,64}}[\d_.])[\w+%.-]{{1,64}}\sat\s{_PROVIDERS}\b",
            re.I,
        ),
        words=frozenset(_PROVIDER_NAMES),
    ),
    Rule(
        "e-mail",
        EMAIL,
        re.compile(
            rf"(?<![\w-])(?=\w{{0,64}}[\d_.])[\w+%.-]{{1,64}}\sat\s[\w-]{{1,63}}(?:(?:\.|\s\.\s)[\w-]{{1,63}}){{0,5}}(?:\.|\s\.\s){_ENDINGS}\b",
            re.I,
        ),
        signs=(" at ",),
        words=frozenset(re.findall(r"[a-z]+", _ENDINGS)),
    ),
    Rule(
        "e-mail",
        EMAIL,
        re.compile(r"[\w.+%'\\-]{1,64}\s?@\s?(?:[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.[^\W\d_]{2,}|\[[\d.]+\])"),
        signs=("@",),
    ),
    Rule(
        "e-mail",
        EMAIL,
        re.compile(
            rf"(?<!\w){_NAME_OF_BOX}\s?(?:[@＠]{{1,2}}|%40|[/|]\s?at\s?[/|])\s?[\w-]{{1,63}}"
            rf"(?:(?:[.,．]|[/|]\s?dot\s?[/|])(?:[\w-]{{1,63}})){{1,4}}",
            re.I,
        ),
        signs=("@@", "＠", "%40", "/at/", "|at|", "/ at /", "| at |"),
    ),
    Rule(
        "e-mail",
        EMAIL,
        re.compile(rf"(?<!\w){_NAME_OF_BOX}@[\w-]{{1,63}}(?:[,．]{_ENDINGS}\b(?:\.\w\w\b)?)?", re.I),
        signs=("@",),
    ),
    Rule(
        "e-mail",
        EMAIL,
        re.compile(r"\b[a-z][\w.]{2,63}AT[a-z][\w-]{1,63}(?:DOT[a-z]{2,}){1,2}\b"),
        signs=("dot",),
    ),
    Rule(
        "e-mail",
        EMAIL,
        re.compile(rf"(?<![\w-])(?P<name>{_NAME_OF_BOX})\s(?:at|AT|@)\s(?:[\w-]{{1,63}}\.){{1,4}}{_ENDINGS}\b", re.I),
        signs=(" at ", " @ "),
        accepts=lambda match: not is_ordinary_word(match["name"]),
    ),
    Rule(
        "e-mail",
        EMAIL,
        re.compile(rf"(?<![\w-])(?P<name>{_NAME_OF_BOX})\s(?:at|@)\s(?:the\s)?{_PROVIDERS}\b(?!['’])", re.I),
        words=frozenset(_PROVIDER_NAMES),
        accepts=lambda match: not is_ordinary_word(match["name"]),
    ),
    Rule(
        "e-mail",
        EMAIL,
        re.compile(
            rf"(?<![\w-])(?P<name>{_NAME_OF_BOX})(?:\s?@\s?|\s(?i:at)\s)(?:[\w-]{{1,63}}\s?\.\s?){{1,3}}(?:com|net|org|edu|de|fr|uk)\b",
            re.I,
        ),
        signs=("@", " at "),
        accepts=lambda match: "@" in match[0] or not is_ordinary_word(match["name"]),
    ),
    Rule("e-mail", EMAIL, re.compile(r"(?:\b[\w.]\s){3,}@(?:\s[\w.]\b){3,}"), signs=("@",)),
)

_REST = r"(?:[^\s<>\")\]]|\)(?=[\w/]))"
_NO_SITE = re.compile(r"\w\.\w\.?(?:/.*)?|\w+\.js\b.*|battle\.net:?", re.I)
"""An abbreviation such as i.e./e.g., or a library such as node.js/express, or a network before a name."""

URL_RULES = (
    Rule("url", URL, re.compile(rf"\b[a-z][a-z0-9+.-]*:\\?/\\?/{_REST}+", re.I), signs=("://", ":\\/")),
    Rule(
        "url",
        URL,
        re.compile(r"\b(?:https?\s?:\s?/\s?/\s?)?(?:www\s?\.\s?)?[\w-]{1,63}(?:\s\.\s[\w-]{1,63}){1,4}\b", re.I),
        signs=("www", "http"),
        accepts=lambda match: match[0].lower().startswith(("www", "http")),
    ),
    Rule("url", URL, re.compile(rf"\bwww\d?\.{_REST}+", re.I), signs=("www",)),
    Rule(
        "url",
        URL,
        re.compile(r"(?<![\w.-])[\w-]{2,63}\s\.\s(?:com|net|org|me|tv|gg|io|co|social)\s?/\s?@?\w[\w./@-]*", re.I),
        signs=(" . ",),
    ),
    Rule(
        "url",
        URL,
        re.compile(
            rf"(?<![\w-])(?:[\w-]{{1,63}}\.){{1,6}}(?:{_ENDINGS}\b(?:\s/\s[\w.-]+|[/?#:]{_REST}*)?|[a-z]{{2,24}}/@?\w{_REST}*)",
            re.I,
        ),
        signs=(".",),
        accepts=lambda match: not _NO_SITE.fullmatch(match[0]),
    ),
    Rule(
        "url",
        URL,
        re.compile(
            rf"\b[\w-]{{1,63}}(?:{_ANY_DOT}[\w-]{{1,63}}){{0,5}}?{_DOT}{_ENDINGS}\b(?:{_DOT}\w\w\b)?(?:\s?(?:slash|/)\s?[\w.-]+)*",
            re.I,
        ),
        signs=_SIGNS_OF_DOT,
    ),
    Rule(
        "url",
        URL,
        re.compile(r"(?<![\w.-])(?P<name>[\w-]{3,63}?)(?:DOT\s?|dot\s|\s\.\s?|\s?,)(?:com|net|org)\b"),
        signs=("com", "net", "org"),
        accepts=lambda match: not is_ordinary_word(match["name"]),
    ),
    Rule(
        "url",
        URL,
        re.compile(
            r"(?<![\w@.-])(?P<name>[a-z0-9][\w-]{2,62})\.(?:us|in|it|at|is|no|be|so|to|am|do|as|my|id|pro|top|win|fun|live|news|world|space|"
            r"art|video|example|test|local|onion|place|land|life|love|works|today|rocks|guru|tips|email|ninja|cafe|bar|vip|one|"
            r"studio|design|team|agency|digital|network|systems|solutions|services|group|center|company|moe|lol|gay|wtf|ooo)(?![\w-])"
        ),
        signs=(".",),
        accepts=lambda match: not is_ordinary_word(match["name"]),
    ),
    Rule(
        "url",
        URL,
        re.compile(r"(?i)(?:/(?:home|users)/|\b[a-z]:\\+users\\+|~/)(?P<detail>(?!user\b)\w[\w.-]+)"),
        signs=("home/", "users", "~/"),
    ),
    Rule("url", URL, re.compile(r"(?<=\[EMAIL\])[:/][\w./~-]+"), signs=("[email]",)),
    Rule("address", "[ADDRESS]", re.compile(r"///\w+\.\w+\.\w+"), signs=("///",)),
)
