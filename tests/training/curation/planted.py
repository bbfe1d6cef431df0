"""Draws private details of twelve kinds, each in a sentence, to see which of them a corpus lets through.

The details are made independently of the rules that look for them: most come from `faker`, in the forms of many
countries; names and handles are also made from syllables, so that no list can have them.
"""

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple, TypeAlias

from faker import Faker

FRAMES = (
    "So I said to them, {} is the one to use, and nobody wrote it down.",
    "{} -- that was on the note.",
    "Honestly (and I checked: {}), it made no difference!",
    "Last week it was still {}; now I am not so sure",
    "we were told {} by the office, and then again by the clerk.",
    "If it goes wrong: {}. Good luck.",
    'The clerk wrote "{}" on the form,and that was it',
    "what i have here is {}",
)
LOCALES = (
    "en_US", "en_GB", "en_CA", "en_AU", "en_IN", "de_DE", "de_AT", "fr_FR", "es_ES", "es_MX", "it_IT", "pt_BR", "nl_NL",
    "sv_SE", "pl_PL", "da_DK", "no_NO", "fi_FI", "cs_CZ", "tr_TR", "hu_HU", "ro_RO", "hr_HR",
)  # fmt: skip
PLATE_LOCALES = ("en_US", "en_GB", "en_CA", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "nl_NL", "sv_SE", "pl_PL")
ADDRESS_LOCALES = (
    "en_US", "en_GB", "en_CA", "en_AU", "de_DE", "de_AT", "fr_FR", "es_ES", "it_IT", "pt_BR", "nl_NL", "sv_SE", "pl_PL",
    "no_NO", "da_DK",
)  # fmt: skip
FAKERS = {locale: Faker(locale, use_weighting=False) for locale in sorted({*LOCALES, *PLATE_LOCALES, *ADDRESS_LOCALES})}
NETWORKS = ("instagram", "Insta", "IG", "twitter", "TikTok", "snapchat", "Snap", "Discord", "telegram", "skype", "Kik")
AT = (" at ", " AT ", "(at)", " (at) ", "[at]", " [at] ", "{at}", "_at_", " (AT) ", "<at>", "[@]", " @ ")
DOT = (" dot ", " DOT ", "(dot)", " (dot) ", "[dot]", "[.]", "{dot}", " [DOT] ", "_dot_", " . ")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


class Planted(NamedTuple):
    """A private detail in a sentence."""

    kind: str
    detail: str
    sentence: str

    def surviving_parts(self, text: str) -> list[str]:
        """Return the parts of the detail, by which somebody could be found, that are still in a text."""
        words = re.split(r"[\s,;()\[\]<>]+", re.sub(r"^\d+th floor", "", self.detail))
        parts = [word.strip(".:'\"") for word in words if any(char.isdigit() for char in word) or word[:1].isupper()]
        found = [part for part in parts if len(part) > 2 and part not in HARMLESS and part in text]
        return [self.detail] * (self.detail in text) + found


HARMLESS = frozenset(
    ["Dr.", "Dr", "Mrs", "Apt", "Box", "DOT", "DOB", "D.O.B", "Honda", "Appartamento", "Studio", "Piso", "Driver's"]
    + [name for network in NETWORKS for name in (network, network.upper())]
    + ["Username", "Street", "Suite", "Unit", "Flat", "Account", "VIN", "SSN", "IBAN", "lat", "MAC"]
    + list(MONTHS)
    + [month[:3] for month in MONTHS]
)
"""Words of details that say nothing about anybody."""
Maker: TypeAlias = Callable[[Random], str]


def _faker(random: Random, locales: Sequence[str] = LOCALES) -> Faker:
    faker = FAKERS[random.choice(locales)]
    faker.seed_instance(random.getrandbits(32))
    return faker


def _digits(random: Random, number: int) -> str:
    return "".join(str(random.randint(1, 9)) for _ in range(number))


def _invented_word(random: Random) -> str:
    syllables = ("fa", "gu", "ru", "ge", "no", "ga", "da", "zel", "qui", "mor", "tav", "ye", "lin", "xo", "bri", "vek")
    return "".join(random.choice(syllables) for _ in range(random.randint(3, 4)))


def _login(random: Random) -> str:
    first, second = _invented_word(random), _invented_word(random)
    number = random.randint(1, 99)
    return random.choice((f"{first}.{second}", f"{first}_{number}", f"{first}{number}", f"{first}{second}"))


def _host(random: Random) -> tuple[str, str]:
    plain = ("gmail.com", "yahoo.co.uk", "uni-bonn.de", "hotmail.fr", f"{_invented_word(random)}.com", "example.org")
    name, _, ending = random.choice(plain).partition(".")
    return name, ending


def e_mail(random: Random) -> str:
    name, ending = _host(random)
    address = f"{_login(random)}@{name}.{ending}"
    return random.choice((address, address.upper(), f"mailto:{address}", f"<{address}>"))


def obfuscated_e_mail(random: Random) -> str:
    name, ending = _host(random)
    dot = random.choice(DOT)
    return f"{_login(random)}{random.choice(AT)}{name}{dot}{ending.replace('.', dot)}"


def phone(random: Random) -> str:
    area, exchange, line = _digits(random, 3), _digits(random, 3), _digits(random, 4)
    forms = (
        _faker(random).phone_number(), _faker(random).phone_number(), _faker(random).phone_number(),
        f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}", f"+1 {area} {exchange} {line}",
        f"{area}.{exchange}.{line}", f"+44 (0)20 {line} {_digits(random, 4)}", area + exchange + line,
        f"+33 6 {' '.join(_digits(random, 2) for _ in range(4))}", f"{area} - {exchange} - {line}",
        f"{area}\u2013{exchange}\u2013{line}", f"tel:{area}{exchange}{line}",
        f"1-800-{random.choice(('FLOWERS', 'TAVGUXO'))}",
    )  # fmt: skip
    return random.choice(forms)


def url(random: Random) -> str:
    login = _login(random)
    site = random.choice(("facebook.com", "www.myspace.com", "instagram.com", "mastodon.social", "t.me", "linktr.ee"))
    forms = (
        f"https://{site}/{login}", f"{site}/{login}", f"HTTP://{site}/{login}", f"WWW.{login.upper()}.COM",
        f"{login.replace('_', '-')}.tumblr.com", f"Facebook.com/{login}", f"discord.gg/{login}", f"twitch.tv/{login}",
        f"{site.replace('.', ' dot ')} slash {login}", f"{site.replace('.', '[.]')}/{login}", f"github.com/{login}",
        f"hxxps://{site}/{login}",
    )  # fmt: skip
    return random.choice(forms)


def handle(random: Random) -> str:
    login, network = _login(random), random.choice(NETWORKS)
    forms = (
        f"@{login}", f"u/{login.replace('.', '_')}", f"/U/{login.replace('.', '_')}", f"{network}: {login}",
        f"my {network} is {login}", f"add me on {network}: {login}", f"my username is {login}", f"{network} @{login}",
        f"Username: {login}", f"find me on {network} as {login}", f"{login}#{_digits(random, 4)}",
        f"my gamertag is {login}", f"{network} handle {login}", f"{network.upper()} - {login}", f"psn: {login}",
    )  # fmt: skip
    return random.choice(forms)


def address(random: Random) -> str:
    faker = _faker(random, ADDRESS_LOCALES)
    forms = (
        faker.street_address(), faker.street_address(), faker.street_address(), faker.street_address(),
        f"PO Box {_digits(random, 4)}", f"P.O. BOX {_digits(random, 5)}", f"{_digits(random, 3)} oakwood street",
        f"Calle de Alcal\u00e1 {_digits(random, 2)}", f"{_digits(random, 2)} rue de la R\u00e9publique",
        f"Am Alten Markt {_digits(random, 2)}", f"Via Garibaldi, {_digits(random, 2)}",
        f"ul. Marsza\u0142kowska {_digits(random, 2)}", f"{_digits(random, 2)}th floor, {_digits(random, 3)} Maple Ave",
        FAKERS["en_GB"].postcode(), FAKERS["en_CA"].postcode(),
    )  # fmt: skip
    return random.choice(forms).replace("\n", ", ")


def number(random: Random) -> str:
    faker = _faker(random)
    label = random.choice(("passport number", "account #", "student ID", "Driver's license", "my pin is", "policy no:"))
    forms = (
        faker.ssn(), faker.ssn(), faker.ssn(), faker.iban(), faker.credit_card_number(), faker.vin(),
        " ".join(_digits(random, 4) for _ in range(4)), f"{label} {_digits(random, 9)}",
        f"passport {random.choice('ABCX')}{_digits(random, 7)}", f"{_digits(random, 8)}{random.choice('ABCDEFGH')}",
        f"AB {_digits(random, 2)} {_digits(random, 2)} {_digits(random, 2)} C", f"member no. {_digits(random, 6)}",
        faker.uuid4(), f"sort code {_digits(random, 2)}-{_digits(random, 2)}-{_digits(random, 2)}",
    )  # fmt: skip
    return random.choice(forms)


def machine(random: Random) -> str:
    faker = _faker(random)
    forms = (
        faker.ipv4(), faker.ipv4().replace(".", "[.]"), f"{faker.ipv4()}:8080", faker.ipv6(),
        f"2001:db8::{_digits(random, 4)}",
        faker.mac_address(), faker.mac_address().upper().replace(":", "-"),
        "".join(f"{_digits(random, 3)}a." for _ in range(3))[:-1],
    )  # fmt: skip
    return random.choice(forms)


def position(random: Random) -> str:
    north, east = random.uniform(10, 80), random.uniform(10, 170)
    forms = (
        f"{north:.5f}, -{east:.5f}", f"{north:.4f} {east:.4f}", f"{north:.4f}\u00b0 N, {east:.4f}\u00b0 W",
        f"lat {north:.3f}, lon {east:.3f}", f"{north:.6f},{east:.6f}",
        f"{int(north)}\u00b0{_digits(random, 1)}4'16\"N {int(east)}\u00b0{_digits(random, 1)}0'21\"W",
    )  # fmt: skip
    return random.choice(forms)


def birth_date(random: Random) -> str:
    day, month, year = random.randint(10, 28), random.randint(1, 12), random.randint(1950, 2004)
    name = MONTHS[month - 1]
    dates = (
        f"{day}/{month:02}/{year}", f"{month:02}/{day}/{year}", f"{year}-{month:02}-{day}", f"{day}.{month:02}.{year}",
        f"{day} {name} {year}", f"{name} {day}, {year}", f"{name[:3]} {day}th {year}", f"the {day}th of {name}, {year}",
        f"{day}-{name[:3]}-{year}", f"{month}/{day}/{year % 100:02}",
    )  # fmt: skip
    date = random.choice(dates)
    cues = ("born on {}", "DOB: {}", "my birthday is {}", "date of birth {}", "D.O.B. {}", "b. {}", "birthdate = {}")
    return random.choice(cues).format(date)


def plate(random: Random) -> str:
    form = _faker(random, PLATE_LOCALES).license_plate()
    cues = (
        "license plate {}",
        "licence plate: {}",
        "plate number {}",
        "my car ({})",
        "registration {}",
        "a red Honda, {}",
    )
    return random.choice(cues).format(form)


def person(random: Random) -> str:
    faker = _faker(random)
    first, last = faker.first_name(), faker.last_name()
    new, other = (_invented_word(random).title() for _ in range(2))
    forms = (
        f"{first} {last}", f"Dr. {last}", f"my friend {first}", f"Mrs. {last}", f"{first} {last}",
        f"{new} {other}", f"Dr. {other}", f"my brother {new}", f"my name is {new}",
        f"{new} {other}", f"{first} {other}",
    )  # fmt: skip
    return random.choice(forms)


MAKERS: dict[str, Maker] = {
    maker.__name__: maker
    for maker in (
        e_mail, obfuscated_e_mail, phone, url, handle, address, number, machine, position, birth_date, plate, person,
    )
}  # fmt: skip


def draw_planted(number_of_each: int, seed: int) -> list[Planted]:
    """Draw private details, the same number of each kind, in the order of the kinds."""
    random = Random(seed)
    details = [(kind, maker(random)) for kind, maker in MAKERS.items() for _ in range(number_of_each)]
    return [Planted(kind, detail, random.choice(FRAMES).format(detail)) for kind, detail in details]
