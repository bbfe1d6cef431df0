from collections.abc import Callable
from random import Random

import polars as pl
import pytest

from training.curation.privacy import scrub_text, scrub_texts

FRAMES = (
    "So I said to them, {} is the one to use, and nobody wrote it down.",
    "{} -- that was on the note.",
    "Honestly (and I checked: {}), it made no difference!",
    "Last week it was still {}; now I am not so sure",
    "we were told {} by the office, and then again by the clerk.",
    "If it goes wrong: {}. Good luck.",
)
FIRST = ("Rodrigo", "Ingeborg", "Deepika", "Thomas", "Katarzyna", "Giuseppe", "Jennifer", "Michael", "Stephanie")
LAST = ("Fernández", "Kowalczyk", "Lindqvist", "O'Brien", "Anderson", "Ramirez", "Schmidt", "Thompson", "Williams")
SITES = ("gmail.com", "mail.uni-bonn.de", "example.org", "company.co.uk")
STREETS = ("Maple Street", "Old Mill Road", "Sunset Boulevard", "Baker Lane", "N. Lincoln Ave", "Harbour View Drive")


def draw_digits(random: Random, number: int) -> str:
    return "".join(str(random.randint(1, 9)) for _ in range(number))


def e_mail(random: Random) -> str:
    name = f"{random.choice(FIRST).lower()}{random.choice(('.', '_', ''))}{random.randint(1, 99)}"
    site = random.choice(SITES)
    plain = f"{name}@{site}"
    return random.choice((plain, plain.upper(), f"{name} at {site.replace('.', ' dot ')}", f"{name}[at]{site}"))


def phone(random: Random) -> str:
    area, exchange, line = draw_digits(random, 3), draw_digits(random, 3), draw_digits(random, 4)
    forms = (
        f"({area}) {exchange}-{line}",
        f"{area}-{exchange}-{line}",
        f"+1 {area} {exchange} {line}",
        f"{area}.{exchange}.{line}",
        f"+49 {area} {draw_digits(random, 7)}",
        f"+44 20 {line} {draw_digits(random, 4)}",
        area + exchange + line,
    )
    return random.choice(forms)


def url(random: Random) -> str:
    user = f"{random.choice(FIRST).lower()}{random.randint(1, 999)}"
    return random.choice(
        (f"https://facebook.com/{user}", f"www.myspace.com/{user}", f"instagram.com/{user}", f"http://t.co/{user}")
    )


def mention(random: Random) -> str:
    user = f"{random.choice(FIRST)}{random.randint(1, 999)}"
    return random.choice((f"@{user}", f"/u/{user}", f"u/{user}", f"@{user.lower()}_"))


def address(random: Random) -> str:
    house = f"{random.randint(1, 9999)} {random.choice(STREETS)}"
    return random.choice(
        (
            house,
            f"{house}, Apt {random.randint(1, 40)}",
            f"PO Box {draw_digits(random, 4)}",
            f"P.O. Box {draw_digits(random, 5)}",
        )
    )


def number(random: Random) -> str:
    card = " ".join(draw_digits(random, 4) for _ in range(4))
    security = f"{draw_digits(random, 3)}-{draw_digits(random, 2)}-{draw_digits(random, 4)}"
    labelled = f"{random.choice(('passport number', 'account #', 'order no.', 'student ID'))} {draw_digits(random, 9)}"
    return random.choice((card, security, f"DE89 3704 0044 0532 {draw_digits(random, 4)} 00", labelled))


def machine(random: Random) -> str:
    octets = ".".join(str(random.randint(11, 254)) for _ in range(4))
    mac = ":".join(f"{random.randint(16, 255):02x}" for _ in range(6))
    position = f"{random.randint(10, 80)}.{draw_digits(random, 5)}, -{random.randint(10, 99)}.{draw_digits(random, 5)}"
    return random.choice((octets, mac, position))


def person(random: Random) -> str:
    first, last = random.choice(FIRST), random.choice(LAST)
    return random.choice((f"{first} {last}", f"Dr. {last}", f"my friend {first}", f"{first}", f"Mrs. {last}"))


MAKERS: dict[str, Callable[[Random], str]] = {
    maker.__name__: maker for maker in (e_mail, phone, url, mention, address, number, machine, person)
}


def plant_details() -> list[tuple[str, str, str]]:
    """Draw 200 private details of 8 kinds: kind, detail, sentence."""
    random = Random(7)
    details = [(kind, maker(random)) for kind, maker in MAKERS.items() for _ in range(25)]
    return [(kind, detail, random.choice(FRAMES).format(detail)) for kind, detail in details]


def surviving_parts(detail: str, text: str) -> list[str]:
    """Return the identifying parts of a detail that are still in the text."""
    words = detail.replace(",", " ").split()
    parts = [word for word in words if any(character.isdigit() for character in word) or word[0].isupper()]
    harmless = ("Dr.", "Mrs.", "Apt", "PO", "P.O.", "Box", "ID")
    return [part for part in [detail, *parts] if len(part) > 2 and part not in harmless and part in text]


def test_of_two_hundred_planted_details_none_survives() -> None:
    rows = plant_details()
    texts, counts = scrub_texts(pl.Series("text", [text for _, _, text in rows]))
    survivors = [
        (kind, detail, text)
        for (kind, detail, _), text in zip(rows, texts, strict=True)
        if surviving_parts(detail, text)
    ]
    assert survivors == []
    assert len(rows) == 200
    assert set(counts) >= {"e-mail", "phone", "url", "user", "address", "id", "name"}


@pytest.mark.parametrize(
    "text",
    [
        "I paid $1,299.00 for it in 2019, or was it 2020-21?",
        "My iPhone 12 and the AR-15 thread got 300 votes.",
        "We won 3-2 on 12/05/2014 at 7:30, and 10,000 people came.",
        "It has 5 stars, 4.5 on average, and lasts 24/7.",
        "The Will of the people is what counts in May or April.",
        "Read chapter 12, pages 100-250, before class 101.",
        "See [URL] or write to [EMAIL], as @user said.",
        "At the office we met at noon at the gate.",
        "Apple and Amazon sell in Paris; Virgin flies to Austin.",
        "The Moon and the Sun, the North and the South.",
        "I was born in 1985 and my GPA is 3.75.",
        "It costs 20 dollars to place an order in the store.",
    ],
)
def test_what_is_not_private_stays(text: str) -> None:
    assert scrub_text(text, {}) == text
