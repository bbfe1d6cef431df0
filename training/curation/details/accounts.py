"""Names of accounts: what looks like one (@name, u/name), and what a text says is one ("my IG is name")."""

import re

from training.curation.details.rule import Rule
from training.curation.words import is_misspelling, is_ordinary_word

USER = "@user"

_LOGIN = r"\w(?:[\w.-]{0,30}\w)(?:#\d{4}\b)?"
_NETWORK_WORDS = frozenset([
    "instagram", "insta", "ig", "snap", "snapchat", "sc", "twitter", "tiktok", "tik", "discord", "telegram", "tg",
    "whatsapp", "skype", "facebook", "fb", "messenger", "kik", "twitch", "youtube", "yt", "steam", "psn", "xbox",
    "epic", "battlenet", "battle", "bnet", "riot", "origin", "linkedin", "pinterest", "tumblr", "reddit",
    "github", "gitlab", "spotify", "soundcloud", "venmo", "cashapp", "cash", "paypal", "zelle", "onlyfans",
    "wechat", "weixin", "line", "viber", "signal", "mastodon", "bluesky", "bsky", "threads", "vk", "icq", "aim",
    "msn", "myspace", "deviantart", "ao3", "wattpad", "goodreads", "strava", "nintendo", "switch", "minecraft",
    "roblox", "gmail", "hangouts", "flickr", "quora", "medium", "patreon", "etsy", "ebay", "poshmark", "depop",
    "xbl", "bumble", "tinder", "grindr", "ign", "letterboxd", "substack", "clubhouse", "vsco", "bereal",
])  # fmt: skip
_SECOND_WORDS = r"(?:(?<=tik)[\s-]tok|(?<=cash)\sapp|(?<=battle)\.net|(?<=xbox)\slive|(?<=psn)\sid)?"
_NETWORKS = rf"(?:{'|'.join(sorted(_NETWORK_WORDS))}){_SECOND_WORDS}(?:'s|’s)?"
_ACCOUNTS = (
    r"(?:user\s?names?|user\s?id|screen\s?names?|handles?|nick\s?names?|nicks?|gamer\s?tags?|logins?|log-in|alias|"
    r"friend\scode|ign|rsn|(?:apple|epic|riot|psn|steam|skype)\sid|in-?\s?game\sname|"
    r"(?:summoner|character|player|channel|page|server)\sname|account\snames?|profile\snames?|discord\stag|user)"
)
_ACCOUNT_WORDS = frozenset([
    "user", "username", "usernames", "userid", "screen", "screenname", "screennames", "handle", "handles", "nick",
    "nicks", "nickname", "nicknames", "gamer", "gamertag", "gamertags", "login", "logins", "log", "alias",
    "friend", "account", "profile", "discord", "ign", "rsn", "apple", "epic", "riot", "psn", "steam", "skype",
    "in", "ingame", "summoner", "character", "player", "channel",
    "page", "server",
])  # fmt: skip
_IS = r"(?:\s*(?::|=|->|→|–|—|-)\s*|\s+(?:is|was|are|as|under|named|called|name|by)\s*:?\s*|\s*\()[\"'“‘@]*(?:live:)?"
_FILLER_WORDS = (
    "me|at|as|under|on|account|name|handle|user|username|id|it's|is|the|profile|page|tag|url|channel|my|add|@|"
    "there|here"
)
_FILLER = rf"(?:\s+(?:{_FILLER_WORDS}))*"
_SHORT_NAMES = frozenset(
    ["ig", "insta", "snap", "sc", "kik", "psn", "ign", "venmo", "gamertag", "tele", "fb", "bnet", "battle"]
)
"""Names of networks that are said mostly before a name of an account."""
_CHAT_NAMES = frozenset(
    ["instagram", "telegram", "snapchat", "tiktok", "discord", "skype", "whatsapp", "wechat", "viber"]
)
"""Names of networks that mean nothing else."""
_NAMED = (
    r"(?:follow(?:s|ed|ing)?|add(?:ed)?|dm(?:'?ed)?|pm|msg|message|tag|as|by|i['’]?m|i\sam|am|me|find|found|hmu|called|"
    r"page|for|to|see|watch|join|check|user|account|at|under|by|on|up|ping|alt|alts|main|"
    r"named|is|it['’]s)"
)
_ODD = re.compile(r"[\d_#]|\w\.\w|[a-z][A-Z]")
"""What no word of a language has."""
_DEVICE = re.compile(r"(?i:ps[1-6]p?|mp[34]|[2-5]g|[48]k|ios\d+|xbox\d+|web[23])")
_LONG_ACCOUNTS = (
    r"(?:user\s?names?|screen\s?names?|nick\s?names?|gamer\s?tags?|user\s?id|friend\scode|"
    r"(?:apple|epic|riot|psn|steam|skype)\s?id|in-?\s?game\sname|(?:account|character|channel|profile)\sname)"
)
"""Words for names of accounts that a name may follow at once."""


def _is_login(match: re.Match[str]) -> bool:
    """Return whether the word after a cue is no ordinary word."""
    word = match["detail"]
    return bool(_ODD.search(word)) or not is_ordinary_word(word)


def _is_strange_login(match: re.Match[str]) -> bool:
    """Return whether the word is no ordinary word, and no misspelling of a frequent one."""
    word = match["detail"]
    is_strange = len(word) > 4 and not is_ordinary_word(word) and not is_misspelling(word)
    return (bool(_ODD.search(word)) and not _DEVICE.fullmatch(word)) or is_strange


def _is_odd(match: re.Match[str]) -> bool:
    """Return whether the word has letters, and a character that no word of a language has; no device such as `PS5`."""
    word = match["detail"]
    return bool(_ODD.search(word)) and bool(re.search(r"[^\W\d_]", word)) and not _DEVICE.fullmatch(word)


def _is_personal(match: re.Match[str]) -> bool:
    """Return whether a word with an odd character is no model, size or rank, such as `ps4`, `1080p` and `5th`."""
    return _is_odd(match) and not re.fullmatch(
        r"[A-Za-z]{1,6}-?\d{1,2}\w?|\d+[A-Za-z]{1,3}|\w+[.]\w{1,3}", match["detail"]
    )


HANDLE_RULES = (
    Rule(
        "user",
        USER,
        re.compile(
            rf"(?<![\w@/.])(?P<detail>{_LOGIN})[\"'”’]?\s(?:(?i:on|is\smy)\s(?i:my\s|the\s)?(?i:{_NETWORKS})|\((?i:on\s)?(?i:{_NETWORKS})\))(?!\w)"
        ),
        words=_NETWORK_WORDS,
        accepts=_is_personal,
    ),
    Rule(
        "user",
        USER,
        re.compile(
            rf"(?:^|[.!?,:]\s|\n|\()(?P<detail>{_LOGIN})\s(?:(?i:is\smy|on)\s(?i:{_NETWORKS})|\((?i:{_NETWORKS})\))(?!\w)"
        ),
        words=_NETWORK_WORDS,
        accepts=_is_strange_login,
    ),
    Rule(
        "user",
        USER,
        re.compile(rf"(?<![@\w])(?i:{'|'.join(sorted(_CHAT_NAMES))})\s@?(?P<detail>(?!user\b){_LOGIN})(?![\w'’])"),
        words=_CHAT_NAMES,
        accepts=_is_strange_login,
    ),
    Rule(
        "user",
        USER,
        re.compile(r"(?i)\b(?:cash\s?app|venmo|cashtag)\b\W{0,3}(?:is\s|me\s|at\s)?\$(?P<detail>[a-z]\w+)"),
        signs=("$",),
    ),
    Rule(
        "user",
        USER,
        re.compile(
            rf"\b(?:GT|OF|RSN|(?i:in-?\s?game))(?:\s?:\s?|\s(?i:is|name|i['’]?m|i\sam)\s)@?(?P<detail>(?!user\b){_LOGIN})"
        ),
        words=frozenset({"gt", "of", "rsn", "in", "ingame"}),
        accepts=_is_login,
    ),
    Rule(
        "user",
        USER,
        re.compile(rf"\b(?i:me|us)\s(?i:on|at|in)\s(?i:{_NETWORKS})\W{{1,3}}(?P<detail>(?!user\b){_LOGIN})"),
        words=_NETWORK_WORDS,
        accepts=_is_login,
    ),
    Rule(
        "user",
        USER,
        re.compile(
            rf"\b(?i:{_NAMED}):?\s[\"'“‘@]?(?P<detail>(?!user\b){_LOGIN})[\"'”’]?\s(?i:(?:over\s|back\s)?on|in|at|over|via)\s(?i:my\s|the\s)?"
            rf"(?i:{_NETWORKS})\b"
        ),
        words=_NETWORK_WORDS,
        accepts=_is_login,
    ),
    Rule(
        "user",
        USER,
        re.compile(
            rf"(?<!@)\b(?i:{_NETWORKS}),?\s(?i:and\s)?(?i:i['’]?m|i\sam|it['’]s|as|under)\s[\"'“‘@]?(?P<detail>(?!user\b){_LOGIN})(?![\w'’])"
        ),
        words=_NETWORK_WORDS,
        accepts=_is_login,
    ),
    Rule(
        "user",
        USER,
        re.compile(
            rf"(?<![@\w])(?i:{'|'.join(sorted(_SHORT_NAMES - {'battle'}))}|battle\.?net)(?i:\sme|['’]s)?"
            rf"(?:\s?[:–>~]+\s?|\s?-\s|\s)(?:@\s?)?(?P<detail>(?!user\b){_LOGIN})"
        ),
        words=_SHORT_NAMES,
        accepts=_is_login,
    ),
    Rule(
        "user",
        USER,
        re.compile(rf"(?<!@)\b{_LONG_ACCOUNTS}\s+[\"'“‘@]?(?P<detail>(?!user\b){_LOGIN})", re.I),
        words=_ACCOUNT_WORDS,
        accepts=_is_login,
    ),
    Rule("user", "u/[USER]", re.compile(r"(?<![\w/])/?(?:u|user)/\w[\w-]*", re.I), signs=("u/", "user/")),
    Rule(
        "user", USER, re.compile(r"(?<!\w)@(?!user\b)(?!\d+\.\d+,)(?:\w[\w.-]*\w|\s[^\W\d_]\w*[\d_]\w*)"), signs=("@",)
    ),
    Rule("user", USER, re.compile(r"(?<![\w#])[^\W\d_][\w.-]{1,31}#\d{4}\b"), signs=("#",)),
    Rule(
        "user",
        USER,
        re.compile(rf"(?<!@)\b{_ACCOUNTS}(?:\s+(?:on|there|here|for)\b(?:\s+\w+)?)?{_IS}(?P<detail>{_LOGIN})", re.I),
        words=_ACCOUNT_WORDS,
        accepts=_is_login,
    ),
    Rule(
        "user",
        USER,
        re.compile(rf"(?<!@)\b{_NETWORKS}{_FILLER}{_IS}(?P<detail>(?!user\b){_LOGIN})", re.I),
        words=_NETWORK_WORDS,
        accepts=_is_login,
    ),
    Rule(
        "user",
        USER,
        re.compile(rf"(?<!@)\b{_NETWORKS}\s\w+\s?[:=]\s?@?(?P<detail>(?!user\b){_LOGIN})", re.I),
        words=_NETWORK_WORDS,
        accepts=_is_strange_login,
    ),
    Rule(
        "user",
        USER,
        re.compile(
            rf"(?<!@)\b{_NETWORKS}\s(?:handle|username|user|name|id|tag)\s+(?P<detail>(?!user\b){_LOGIN})", re.I
        ),
        words=_NETWORK_WORDS,
        accepts=_is_login,
    ),
    Rule(
        "user",
        USER,
        re.compile(rf"(?<!@)\b{_NETWORKS}{_FILLER},?\s+[\"'“‘@]*(?P<detail>(?!user\b){_LOGIN})", re.I),
        words=_NETWORK_WORDS,
        accepts=_is_odd,
    ),
)
