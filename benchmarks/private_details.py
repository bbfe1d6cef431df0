"""Made-up private details of twelve kinds, each in a sentence that somebody could write.

Every kind has two sets of forms. The rules of `training/curation/details/` were mended with what survived of the first,
`tried`; the second, `fresh`, was written afterwards and left alone, so that it shows what happens to forms of which
nobody thought. Words are made of syllables, so that no list can have them; details are valid in form only.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple, TypeAlias

SYLLABLES = (
    "ba", "cor", "dri", "el", "fen", "gra", "hol", "iv", "jas", "kel", "lum", "mar", "nep", "or", "pra", "quen", "ros",
    "stev", "tal", "ul", "vor", "wyn", "yar", "zen",
)  # fmt: skip
FRAMES = (
    "We talked about it for an hour. {} That was all.",
    "{}",
    "The shop was closed again, so here it is: {}",
    "lol ok. {} anyway the soup was great",
    "(edit: {})",
    "I waited for two weeks and nothing came.\n\n{}\n\nWhat would you do?",
)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


class Detail(NamedTuple):
    """A private detail in a sentence."""

    kind: str
    sentence: str
    parts: tuple[str, ...]
    """What must not be left of it, each by itself."""

    def survives_in(self, text: str) -> bool:
        """Return whether one of its parts is still in a text."""
        return any(part in text for part in self.parts)


class Facts:
    """What forms are filled with: words, names and numbers of one made-up person."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.first, self.last = self.word(2).title(), self.word(3).title()
        self.login = random.choice((f"{self.word(3)}{self.digits(2)}", f"{self.word(2)}_{self.word(2)}", self.word(4)))
        self.domain, self.street = self.word(3), self.word(3).title()
        self.year, self.month, self.day = random.randint(1950, 2003), random.randint(1, 12), random.randint(13, 28)

    def word(self, syllables: int) -> str:
        """Return a word that there is not."""
        return "".join(self.random.choice(SYLLABLES) for _ in range(syllables))

    def digits(self, number: int) -> str:
        """Return digits, none of them 0."""
        return "".join(str(self.random.randint(1, 9)) for _ in range(number))

    def letters(self, number: int, alphabet: str = "BCDFGHJKLMNPRSTVWXYZ") -> str:
        """Return capital letters."""
        return "".join(self.random.choice(alphabet) for _ in range(number))

    def hexadecimal(self, number: int) -> str:
        """Return hexadecimal digits, of which some are letters."""
        return "".join(self.random.choice("0123456789abcdef") for _ in range(number - 1)) + "e"


Form: TypeAlias = Callable[[Facts], tuple[str, Sequence[str]]]
"""Returns what somebody writes, and the parts that must not be left."""


def _fill(template: str, **parts: str) -> tuple[str, Sequence[str]]:
    return template.format(**parts), tuple(parts.values())


def _form(template: str, **makers: Callable[[Facts], str]) -> Form:
    """Return a form that fills a template."""
    return lambda facts: _fill(template, **{name: make(facts) for name, make in makers.items()})


def _login(facts: Facts) -> str:
    return facts.login


def _numbers(*groups: int, mark: str = " ") -> Callable[[Facts], str]:
    return lambda facts: mark.join(map(facts.digits, groups))


def _logins(*templates: str) -> tuple[Form, ...]:
    return tuple(_form(template, login=_login) for template in templates)


def _in_mail(template: str) -> Form:
    return lambda facts: (template.format(login=facts.login, domain=facts.domain), (facts.login, facts.domain))


def _mails(*templates: str) -> tuple[Form, ...]:
    return tuple(map(_in_mail, templates))


def _with_number(template: str, *groups: int, mark: str = " ") -> Form:
    return _form(template, number=_numbers(*groups, mark=mark))


def _street(template: str) -> Form:
    return lambda facts: (template.format(street=facts.street, number=facts.digits(2)), (facts.street,))


def _streets(*templates: str) -> tuple[Form, ...]:
    return tuple(map(_street, templates))


def _born(template: str) -> Form:
    def fill(facts: Facts) -> tuple[str, Sequence[str]]:
        names = {"day": facts.day, "month": facts.month, "year": facts.year, "name": MONTHS[facts.month - 1]}
        date = template[template.index("<") + 1 : template.index(">")].format(**names, short=facts.year % 100)
        return template[: template.index("<")] + date + template[template.index(">") + 1 :], (date,)

    return fill


def _births(*templates: str) -> tuple[Form, ...]:
    return tuple(map(_born, templates))


def _plate(template: str, pattern: str) -> Form:
    """Return a form with a plate: A stands for a letter, 9 for a digit."""

    def fill(facts: Facts) -> tuple[str, Sequence[str]]:
        plate = "".join({"A": facts.letters(1), "9": facts.digits(1)}.get(mark, mark) for mark in pattern)
        return template.format(plate), (plate,)

    return fill


def _name(template: str) -> Form:
    def fill(facts: Facts) -> tuple[str, Sequence[str]]:
        names = {"first": facts.first, "last": facts.last, "small": facts.first.lower(), "other": facts.last.lower()}
        text = template.format(**names)
        return text, tuple(name for name in names.values() if name in text)

    return fill


def _names(*templates: str) -> tuple[Form, ...]:
    return tuple(map(_name, templates))


def _iban(country: str, length: int, mark: str = " ") -> Callable[[Facts], str]:
    def make(facts: Facts) -> str:
        digits = country + facts.digits(length)
        return mark.join(digits[start : start + 4] for start in range(0, len(digits), 4))

    return make


def _hexadecimal(groups: int, width: int, mark: str) -> Callable[[Facts], str]:
    return lambda facts: mark.join(facts.hexadecimal(width) for _ in range(groups))


def _octets(mark: str) -> Callable[[Facts], str]:
    return lambda facts: mark.join(str(facts.random.randint(11, 249)) for _ in range(4))


def _degrees(template: str) -> Form:
    def fill(facts: Facts) -> tuple[str, Sequence[str]]:
        north, east = (f"{facts.random.randint(12, 79)}.{facts.digits(5)}" for _ in range(2))
        return template.format(north=north, east=east), (north, east)

    return fill


_FIRST_TRIED: dict[str, tuple[Form, ...]] = {
    "e-mail": _mails(
        "write to {login}@{domain}.com", "{login}@{domain}.co.nz is mine", "Mail: {login} @ {domain}.org",
        "reach me: {login}+shop@{domain}.com.au", "my e-mail's {login}@{domain}.info, ok?",
    ),
    "obfuscated e-mail": _mails(
        "mail me: {login} [at] {domain} [dot] com", "{login} AT {domain} DOT com", "{login}(at){domain}(dot)org",
        "{login} at {domain} dot co dot uk", "{login}[@]{domain}[.]de", "{login}-at-{domain}-dot-net",
        "{login} (a) {domain} (punkt) de", "{login} @ {domain} dot com",
    ),
    "phone": (
        _with_number("ring me on 0{number}", 3, 3, 4), _with_number("+49 {number}", 3, 8),
        _with_number("call +61 4{number}", 2, 3, 3), _with_number("tel. 0{number}", 2, 2, 2, 2, 2, mark="."),
        _with_number("WhatsApp +91{number}", 10, mark=""), _with_number("text ({number}", 3, 4, mark=") 555-"),
        _with_number("phone: 011-{number}", 4, 4), _with_number("my cell is {number}", 3, 3, 4, mark="/"),
    ),
    "url": _logins(
        "https://www.{login}.com/about", "see facebook.com/{login}", "vk.com/{login}", "my page: {login}.blogspot.com",
        "www.{login}.net", "instagram . com / {login}", "http://t.me/{login}", "linkedin.com/in/{login}",
    ),
    "handle": _logins(
        "snap: {login}", "add me on tiktok @{login}", "my insta is {login}", "hit me up at {login} on kik",
        "ig - {login}", "follow {login} on twitter", "Apple id {login}", "discord: {login}", "my psn is {login}",
        "i'm {login} on steam", "username {login} there", "find me as {login} on reddit", "tiktok = {login}",
        "yt channel: {login}", "dm {login} on insta", "skype name {login}", "my sc: {login}",
    ),
    "address": _streets(
        "I live at {number} {street} Street", "{street}straße {number}", "{number} rue {street}", "Via {street} {number}",
        "calle {street} {number}", "{number} {street} Road, Flat 3", "Rua {street}, {number}", "{street} Cottage, Mill Lane",
        "our house is called {street} House", "ul. {street} {number}", "{street}gatan {number}", "{street} Farm, near the church",
    ),
    "number": (
        _form("IBAN {iban}", iban=_iban("DE", 20)), _form("{iban}", iban=_iban("GB", 20, "")),
        _form("passport no. {number}", number=lambda facts: facts.letters(1) + facts.digits(8)),
        _with_number("SSN {number}", 3, 2, 4, mark="-"), _with_number("my social is {number}", 3, 2, 4),
        _with_number("NHS number {number}", 3, 3, 4), _with_number("NHS {number}", 3, 3, 4, mark="-"),
        _with_number("card {number}", 4, 4, 4, 4), _with_number("tax id {number}", 2, 3, 3, 3),
        _with_number("my passport is {number}", 9), _with_number("BSN {number}", 9), _with_number("CPF {number}", 3, 3, 5, mark="."),
    ),
    "machine": (
        _form("my ip is {ip}", ip=_octets(".")), _form("ip {ip}", ip=_octets(",")), _form("{ip}", ip=_octets(", ")),
        _form("mac {mac}", mac=_hexadecimal(3, 4, ".")), _form("{mac}", mac=_hexadecimal(6, 2, ".")),
        _form("mac {mac}", mac=_hexadecimal(6, 2, "-")), _form("{ip}", ip=_hexadecimal(8, 4, ":")),
        _form("ping 2001:{ip}", ip=_hexadecimal(2, 4, "::")), _form("[fe80::{ip}]", ip=_hexadecimal(3, 4, ":")),
    ),
    "position": tuple(map(_degrees, (
        "{north}, {east}", "{north}N {east}W", "GPS {north} / -{east}", "lat={north} lng={east}", "N{north} E{east}",
        "{north}° N {east}° E", "at {north};{east}", "geo:{north},{east}",
    ))),
    "birth date": _births(
        "I was born <{day} {name} {year}>", "dob <{year}-{month:02}-{day}>", "my bday is <{month}/{day}/'{short:02}>",
        "born in '{short:02}, on <{name} {day}>".replace("{short:02}", "84"), "birthday: <{day}.{month}.{year}>",
        "I was born on <the {day}th of {name}, {year}>", "born <{name} {day} '{short:02}>", "D.O.B: <{day}/{month:02}/{short:02}>",
    ),
    "plate": (
        _plate("my plate is {}", "AA99 AAA"), _plate("a car with {}", "A-AA 9999"), _plate("number plate {}", "AAA-999"),
        _plate("plates: {}", "9AAA999"), _plate("the van was {}", "AA-999-AA"), _plate("rego {}", "AAA 99A"),
        _plate("his plate {}", "99-AA-99"), _plate("reg. {}", "AAA 9999"), _plate("licence plate {}", "AA 99 AA 9999"),
    ),
    "name": _names(
        "my name is {first}", "my name's {small}", "I'm {first} {last}", "Dr. {last} said no", "ask for {first} {last}",
        "call me {small}", "my boss {first} knows", "my sister {small} came", "{first} {last} wrote it", "- {first}",
        "names {small}, hi all", "i am {small} {other} from the north", "my son {small} is ten", "this is {small}, hello",
    ),
}  # fmt: skip
_ALSO_TRIED: dict[str, tuple[Form, ...]] = {
    "e-mail": _mails(
        "contact {login}@mail.{domain}.edu.", "E-Mail={login}@{domain}.io", "cc {login}@{domain}.gov.in;", "<{login}@{domain}.fr>",
        "my address ({login}@{domain}.ca) works",
    ),
    "obfuscated e-mail": _mails(
        "{login} {{at}} {domain} {{dot}} ca", "{login} at {domain} period com", "{login} <at> {domain} <dot> eu",
        "{login} (at) {domain}.com", "{login} [ at ] {domain} [ dot ] io", "{login}_AT_{domain}_DOT_com",
        "{login}AT{domain}DOTcom", "{login} arroba {domain} punto es",
    ),
    "phone": (
        _with_number("my number: 07{number}", 3, 6), _with_number("+81 {number}", 2, 4, 4, mark="-"),
        _with_number("reach me under 00353 {number}", 2, 3, 4), _with_number("fax 1.{number}", 3, 3, 4, mark="."),
        _with_number("just text {number}", 10, mark=""), _with_number("call {number} ext 12", 3, 3, 4, mark="-"),
        _with_number("+55 (11) 9{number}", 4, 4, mark="-"), _with_number("tel: 8({number}", 3, 7, mark=")"),
    ),
    "url": _logins(
        "my shop is etsy.com/shop/{login}", "youtube.com/@{login}", "ko-fi.com/{login}", "{login}.wordpress.com/blog",
        "gofundme.com/f/{login}", "https://m.facebook.com/{login}?ref=1", "soundcloud.com/{login}", "{login}.github.io",
    ),
    "handle": _logins(
        "My Telegram handle: {login}", "u can find me on twitch under {login}", "xbox live: {login}", "add {login} on snap",
        "my roblox user is {login}", "ign: {login}", "insta: @{login}", "my tumblr url is {login}", "PM me, fb {login}",
        "battle.net {login}", "I go by {login} on discord", "mastodon: @{login}@social.example", "kik me {login}",
        "my minecraft name is {login}", "venmo {login}", "threads: {login}", "my steam is {login}",
    ),
    "address": _streets(
        "send it to {number}b {street} Avenue", "{street}weg {number}", "{number}, avenue de {street}", "Piazza {street} {number}",
        "av. {street} {number}, 3º", "{street} Road {number}", "{number} {street} Crescent", "{street} Lodge, Church Road",
        "we live in {street} Villa", "{street}laan {number}", "{number}/2 {street} Terrace", "Jl. {street} No. {number}",
    ),
    "number": (
        _form("account {iban}", iban=_iban("FR", 25)), _form("iban: {iban}", iban=_iban("NL", 12, "")),
        _form("my passport: {number}", number=lambda facts: facts.letters(2) + facts.digits(7)),
        _with_number("social security number is {number}", 3, 2, 4, mark="-"), _with_number("Medicare {number}", 4, 5, 1),
        _with_number("PESEL {number}", 11), _with_number("student number {number}", 8), _with_number("DNI {number}K", 8),
        _with_number("visa {number}", 4, 4, 4, 4, mark="-"), _with_number("SIN {number}", 3, 3, 3),
        _with_number("policy {number}", 4, 6, mark="-"), _with_number("case no {number}", 7),
    ),
    "machine": (
        _form("server at {ip}:8080", ip=_octets(".")), _form("ssh root@{ip}", ip=_octets(".")), _form("IP: {ip}", ip=_octets("-")),
        _form("bssid {mac}", mac=_hexadecimal(6, 2, ":")), _form("hw addr {mac}", mac=_hexadecimal(2, 6, "-")),
        _form("{mac}", mac=_hexadecimal(6, 2, " ")), _form("v6 is {ip}", ip=_hexadecimal(8, 3, ":")),
        _form("2a02:{ip}/64", ip=_hexadecimal(3, 4, ":")), _form("ip is {ip}", ip=_octets(" . ")),
    ),
    "position": tuple(map(_degrees, (
        "meet at ({north}, -{east})", "{north} N, {east} E", "coords: {north} {east}", "latitude {north}, longitude {east}",
        "maps?q={north},{east}", "[{north},{east}]", "{north}°/{east}°", "S{north} W{east}",
    ))),
    "birth date": _births(
        "Birthday <{name} {day}th> here", "date of birth: <{day}-{month:02}-{year}>", "I came into the world on <{day} {name} {year}>",
        "born <{year}/{month:02}/{day}>", "b. <{day} {name} {year}>", "my birth date, <{name} {day} {year}>, is on it",
        "we were both born on <{day}/{month:02}>", "born <{day}th {name} '{short:02}>",
    ),
    "plate": (
        _plate("vehicle reg: {}", "AA99AAA"), _plate("my licence plate was {}", "AAA 9A99"), _plate("tag {}", "AAA9999"),
        _plate("Kennzeichen {}", "AA-AA 999"), _plate("the truck, plate {}, left", "AA999AA"), _plate("matricula {}", "9999 AAA"),
        _plate("its plate number was {}", "99-AAA-9"), _plate("plate no {}", "AA 9999 AA"), _plate("she drives {}", "AAA999"),
    ),
    "name": _names(
        "the name is {first} {last}", "mr {other} was there", "signed, {first}", "my friend {first} said so", "hi, {small} here",
        "my husband {small} agrees", "Yours, {first} {last}", "people call me {first}", "a man called {first} {last}",
        "our teacher Mrs {last}", "my name: {small}", "I am {small}, nice to meet you", "{first}, my cousin, left",
        "contact {first} {last} for it",
    ),
}  # fmt: skip
TRIED = {kind: (*forms, *_ALSO_TRIED[kind]) for kind, forms in _FIRST_TRIED.items()}
"""Forms that the rules were mended with."""
FRESH: dict[str, tuple[Form, ...]] = {
    "e-mail": _mails(
        "Email - {login}@{domain}.ac.uk", "sent from {login}@{domain}.co.za", "pay pal: {login}@{domain}.us",
        "{login}@{domain}.museum or call", "Reply-To: <{login}@{domain}.jp>", "it's {login}@{domain}.com.br!",
    ),
    "obfuscated e-mail": _mails(
        "{login} /at/ {domain} /dot/ org", "{login} at {domain} (dot) com", "{login}[at]{domain}.com",
        "{login} {{@}} {domain} {{.}} net", "{login} -at- {domain} -dot- com", "{login} at-sign {domain} dot com",
        "{login} (AT) {domain} (DOT) co (DOT) uk", "{login} *at* {domain} *dot* de", "{login}@{domain} dot com",
    ),
    "phone": (
        _with_number("my whatsapp: +234 80{number}", 8, mark=""), _with_number("0{number}", 4, 6),
        _with_number("Mob: 04{number}", 2, 3, 3), _with_number("(0{number}", 3, 7, mark=") "),
        _with_number("you can text me at {number} after six", 3, 3, 4, mark="."), _with_number("Tel +7 {number}", 3, 3, 2, 2),
        _with_number("+86 1{number}", 2, 4, 4), _with_number("phone number is {number}", 3, 7, mark="-"),
        _with_number("call me! {number}", 3, 3, 4, mark=" "), _with_number("+971-5{number}", 1, 3, 4, mark="-"),
    ),
    "url": _logins(
        "patreon.com/{login}", "https://www.reddit.com/user/{login}/comments", "onlyfans.com/{login}", "{login}.carrd.co",
        "steamcommunity.com/id/{login}", "my blog is at {login}.livejournal.com", "open.spotify.com/user/{login}",
        "bsky.app/profile/{login}.bsky.social", "www dot {login} dot com", "goodreads.com/{login}",
    ),
    "handle": _logins(
        "snap me @ {login}", "my discord name is {login}", "add my snap {login}", "Insta handle -> {login}",
        "I stream as {login} on twitch", "look up {login} on youtube", "PSN ID: {login}", "friend me, {login} on xbox",
        "telegram {login}", "line id {login}", "my user name here was {login}", "twitter handle is @{login}",
        "tag me {login} on ig", "{login} on insta if you care", "wechat: {login}", "cashapp ${login}", "my reddit name is {login}",
        "tiktok username {login}", "skype: live:{login}",
    ),
    "address": _streets(
        "{number} {street} Ave.", "my flat at {number} {street} Gardens", "{street}allee {number}", "Calle {street}, nº {number}",
        "{number} chemin de {street}", "Corso {street} {number}", "{street}vej {number}", "{street} Barn, Chapel Hill",
        "No. {number}, {street} Street", "Av. {street}, {number}", "he lives in {street} Manor", "aleja {street} {number}",
        "Plot {number}, {street} Nagar", "{number} {street} Blvd Apt 4",
    ),
    "number": (
        _form("bank: {iban}", iban=_iban("IT", 23)), _form("{iban} is the account", iban=_iban("ES", 22)),
        _form("passport {number}", number=lambda facts: facts.letters(2) + " " + facts.digits(7)),
        _with_number("my SSN: {number}", 9), _with_number("NHS no. {number}", 10), _with_number("Aadhaar {number}", 4, 4, 4),
        _with_number("CURP is not it, RUT {number}-K", 2, 3, 3, mark="."), _with_number("personnummer {number}", 6, 4, mark="-"),
        _with_number("amex {number}", 4, 6, 5), _with_number("insurance number {number}", 3, 3, 3),
        _with_number("driver's license {number}", 8), _with_number("TFN {number}", 3, 3, 3), _with_number("order #{number}", 3, 7, 7, mark="-"),
        _form("NINO {number}", number=lambda facts: "QQ" + facts.digits(6) + "C"),
    ),
    "machine": (
        _form("my home ip {ip} got banned", ip=_octets(".")), _form("http://{ip}/admin", ip=_octets(".")), _form("{ip} port 22", ip=_octets("[.]")),
        _form("router mac: {mac}", mac=_hexadecimal(6, 2, ":")), _form("MAC address {mac}", mac=_hexadecimal(1, 12, "")),
        _form("{mac}", mac=_hexadecimal(3, 4, ".")), _form("ipv6 {ip}", ip=_hexadecimal(8, 4, ":")),
        _form("2600:1700:{ip}::1", ip=_hexadecimal(2, 4, ":")), _form("host {ip} replied", ip=_octets(" . ")), _form("IP = {ip}", ip=_octets(".")),
    ),
    "position": tuple(map(_degrees, (
        "I was at {north},{east}", "lat/long {north}/{east}", "@{north},{east},15z", "coordinates are {north}, {east}",
        "{north}S, {east}E", "POINT({east} {north})", "lat {north} and long {east}", "+{north} -{east}", "loc: {north} N / {east} W",
    ))),
    "birth date": _births(
        "birthday's <{name} {day}>", "DOB=<{year}{month:02}{day}>", "I was born the <{day}th of {name} {year}>",
        "my birthday is <{month}/{day}>", "geboren am <{day}.{month:02}.{year}>", "née le <{day}/{month:02}/{year}>",
        "born: <{name} {day}, {year}>", "birthdate <{month:02}-{day}-{short:02}>", "d.o.b <{day} {name} '{short:02}>",
        "my son's date of birth is <{year}-{month:02}-{day}>", "turning 40 on <{name} {day}>",
    ),
    "plate": (
        _plate("car reg {}", "AA99 AAA"), _plate("licence plate {} (NSW)", "AAA99A"), _plate("my plates say {}", "AAA 999"),
        _plate("plate: {}", "A999AA77"), _plate("Kennzeichen: {}", "AAA-A 999"), _plate("a white van, {}, cut me off", "AA99 AAA"),
        _plate("number plate is {}", "AA-9999"), _plate("blue Toyota {}", "9AAA999"), _plate("plaque {}", "AA-999-AA"),
        _plate("tag number {}", "A99-AAA"), _plate("registration no {}", "AA 99 A 9999"),
    ),
    "name": _names(
        "my name is {first} {last}", "I'm {first}, by the way", "my friend {small} told me", "Best,\n{first}", "{first} {last} is my boss",
        "Mr. {last} called", "it's {small} here", "my daughter {first} is six", "my neighbor {small} has a dog", "ask Dr {last}",
        "hello, my name is {small} {other}", "Cheers, {first}", "they call her {small}", "my ex, {first}, left", "Thanks, {first} {last}",
        "we named him {first}", "my wife's name is {small}", "her name was {first}",
    ),
}  # fmt: skip
"""Forms that were written after the rules, and that these are not changed for."""


def draw_details(forms: dict[str, tuple[Form, ...]], number_of_each: int, seed: int) -> list[Detail]:
    """Draw details, the same number of each kind."""
    random = Random(seed)
    details: list[Detail] = []
    for kind, choices in forms.items():
        for _ in range(number_of_each):
            text, parts = random.choice(choices)(Facts(random))
            details.append(Detail(kind, random.choice(FRAMES).format(text), tuple(parts)))
    return details
