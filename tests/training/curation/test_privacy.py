import re
import time

import polars as pl
import pytest

from benchmarks.private_details import draw_details, read_forms
from training.curation.privacy import hide_accounts, scrub_text, scrub_texts

from .planted import MAKERS, draw_planted

MAX_MISSED_SHARE = 0.01
"""Share of planted details that may survive, of all kinds together; see "What the cleaning cannot do"."""
MAX_CHANGED_SHARE = 0.02
"""Share of clean sentences that may be changed."""


UNTOUCHED = (
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
    "My husband recieved it for Father's Day, and my boyfriend, I've heard, too.",
    "I play on my PS5 with Xbox, PS5, and Switch friends; a score of 120, 150, 180, 210 is fine.",
    "We saw the White House and a Waffle House on the farm road; tomorow, my girlfriend will too.",
    "Instagram reels and Telegram stickers are fun, and my dog definately agrees.",
)
"""Clean sentences none of which may change."""
CLEAN = (
    *UNTOUCHED,
    "The warranty ran out in March 2019, three years after I bought it.",
    "It weighs 2.5 kg and measures 30 x 20 x 10 cm.",
    "Version 3.11.4 fixed the bug that 3.11.3 had.",
    "We drove 350 miles in 6 hours on I-95.",
    "The 4K monitor has a 144 Hz panel and two HDMI 2.1 ports.",
    "My RTX 3080 runs at 1,950 MHz and 68 degrees.",
    "She scored 1450 on the SAT and 33 on the ACT.",
    "The bill was $45.99 plus 20% tip, so about $55.",
    "In 1969 people walked on the moon, and in 2019 they took selfies.",
    "The meeting is at 10:30 am in room 204.",
    "I have read 100 pages of it in 2 hours.",
    "It got 4,512 upvotes and 300 comments in a day.",
    "The population grew from 1.2 million to 1.5 million.",
    "My old Canon T3i still takes better pictures than the iPhone 12.",
    "You need 2 cups of flour, 1/2 cup of sugar and 3 eggs.",
    "Bake it at 350 degrees for 45 minutes.",
    "The ratio was 3:1 and later 5:2.",
    "He ran 5k in 24:31, which is a personal best.",
    "Order two of them, since one is never enough.",
    "The case against it was never strong.",
    "I like to sign in early and take my time.",
    "She was born in the spring and loves flowers.",
    "He was born to be an actor, everybody says so.",
    "My birthday is next week and I want cake.",
    "Twitter is full of bots these days.",
    "I deleted Instagram because it was bad for my sleep.",
    "Facebook is for old people, my sister says.",
    "Discord was down all morning.",
    "Reddit: the front page of the internet.",
    "YouTube is better than television now.",
    "My username is taken everywhere.",
    "The handle is broken and the lid does not close.",
    "The password is wrong, it says.",
    "Send me a message at noon, or at night.",
    "Look at the dot on the wall.",
    "I work at home on Mondays and at the office on Fridays.",
    "The car is parked at the end of the street.",
    "We live on a quiet street near the park.",
    "It takes 10 minutes by bike to get to the lake.",
    "There is a 2 hour drive between the two towns.",
    "The road is closed for 3 weeks.",
    "I walked down the avenue and looked at the shops.",
    "He drives a red truck with 4 doors.",
    "The new car gets 40 miles per gallon.",
    "My license was renewed last week without a problem.",
    "The registration was easy and took 5 minutes.",
    "The serial was about a detective in the north.",
    "Reference books are kept on the second floor.",
    "Her student loans are almost paid off.",
    "I lost my passport once, and it took weeks.",
    "The card game needs 4 players and 52 cards.",
    "The PIN pad was greasy and slow.",
    "Read chapters 3-7 and answer questions 1-10.",
    "Phone calls make me nervous, so I text.",
    "The number of people doubled in 10 years.",
    "I have called them 3 times this week.",
    "It's a 50/50 chance, more or less.",
    "The score was 21-14 at half time.",
    "Use 1024 by 768 or 1920 by 1080 pixels.",
    "My dog is 7 years old and weighs 60 pounds.",
    "The book costs less than a coffee, honestly.",
    "He said that the movie was too long.",
    "They asked whether we had enough chairs.",
    "The king and the queen lived in a castle.",
    "Christmas is in December, and Easter in April.",
    "We flew from London to New York and back.",
    "France and Germany share a long border.",
    "The Beatles are older than my parents.",
    "Harvard and Stanford are hard to get into.",
    "Netflix has raised its prices again.",
    "I bought it on Amazon for my kitchen.",
    "Google knows more than I do.",
    "The Kindle lasts for weeks on one charge.",
    "My Toyota has never let me down.",
    "Microsoft Excel cannot open the file.",
    "The Old Testament is longer than the New Testament.",
    "The Great Wall can be seen from far away.",
    "A Friday evening in June is the best time of all.",
    "Democrats and Republicans agree on nothing.",
    "The Supreme Court will decide next year.",
    "I am American, but I grew up in Canada.",
    "I'm sorry, but I'm not sure about that.",
    "Thanks, everybody, for the kind words.",
    "OMG I LOVE THIS SO MUCH!!!",
    "THIS IS THE BEST THING I HAVE EVER BOUGHT.",
    "DO NOT BUY THIS, IT BROKE AFTER ONE DAY.",
    "tbh idk lol, it was ok i guess",
    "i think its fine but my mom hates it",
    "so yeah, that happened... again",
    "I can't even; it's just too good :)",
    "Well... that escalated quickly!",
    "Does anyone know how to fix this?",
    "What would you do in my place?",
    "The product works as described and arrived on time.",
    "Five stars, would buy again for my family.",
    "The first one was lost, the second one came broken.",
    "One, two, three, go!",
    "The instructions were clear, and it took ten minutes.",
    "It is a bit small for a family of five.",
    "The colour is not quite what I expected.",
    "Either way, the ending made me cry.",
    "We had 25 guests, 3 cakes and no rain.",
)
"""Sentences without private details, many with what looks a little like one."""


@pytest.mark.parametrize("seed", [7, 8])
def test_of_twelve_hundred_planted_details_hardly_any_survives(seed: int) -> None:
    details = draw_planted(100, seed)
    texts, counts = scrub_texts(pl.Series("text", [detail.sentence for detail in details]))
    survivors = [
        (detail.kind, detail.detail, text)
        for detail, text in zip(details, texts, strict=True)
        if detail.surviving_parts(text)
    ]
    assert len(details) == 1200
    assert len(MAKERS) == 12
    assert len(survivors) <= MAX_MISSED_SHARE * len(details), survivors
    assert set(counts) >= {"e-mail", "phone", "url", "user", "address", "id", "name", "plate", "birth date"}


def test_of_details_in_the_forms_of_the_benchmark_hardly_any_survives() -> None:
    details = draw_details(read_forms("tried"), 60, seed=9)
    survivors = [detail.sentence for detail in details if detail.survives_in(scrub_text(detail.sentence, {}))]
    assert len(survivors) <= 2 * MAX_MISSED_SHARE * len(details), survivors


@pytest.mark.parametrize(
    "text",
    [
        "write to faguruge (at) nogada dot com",
        "write to FAGURUGE AT NOGADA DOT COM",
        "write to faguruge AT nogada . com",
        "f a g u @ n o g a . c o m is mine",
        "P.O. BOX 4411, or p.o. box 4411",
        "see WWW.FAGURUGE.ORG/NOGADA or FAGURUGE.COM",
        "fagu\u200bruge@nogada\u00ad.com is mine",
        "call five five five, zero one nine nine, nine four four",
        "my password: faguruge",
        "MY IG IS FAGURUGE_4411",
        "/U/FAGURUGE wrote that",
        "lat 44.115, lon 44.115",
        "PLATE NUMBER FAG 4411",
        "My tags say 44-1144, or FAG-4411",
        "write to faguruge at nogada.net, or faguruge%40nogada.net",
        "mail me: faguruge＠nogada.com or faguruge@@nogada.com",
        "mail faguruge/at/nogada/dot/com or fagurugeATnogadaDOTcom or faguruge@gmail",
        "DM faguruge44 on insta, or add faguruge on xbox live",
        "my ign is faguruge",
        "look at https : // www . faguruge . com or faguruge.co",
        "my cell: 440_441_4411, 440*441*4411, 440•441•4411",
        "my card ends in 4411",
        "my BIC is FAGUNOGA, see faguruge.pl",
        "I live at 12 Rubu Street, Nogada 44115",
        "PLATES: 44 FAG 11, or the Uber had 4411FA as its plate",
        "dob 03/Mar/1944, in Japan 1944年3月11日",
        'mail faguruge "at" nogada "dot" com or faguruge~at~nogada~dot~com',
        "faguruge (at symbol) nogada (period) com, or faguruge at the gmail place",
        "faguruge_44 on Discord, nogada.44 is my insta",
        "add me on battle.net: faguruge44 or cashapp $nogada",
        "my files are in /home/faguruge/x and C:\\Users\\nogada\\y",
        "it is fa:44:11:44:11:fa, or fa_44_11_44_11_fa",
        "ph: 4 4 1 1 4 4 1 1 4 4 or 441,144,4411",
        "card 4411xxxxxxxx4411, expires 04/41",
        "the wifi password faguruge44",
        "my PNR is NOGADA",
        "41.4411 and 44.4411, or lat 44,115",
        "I live at 12 Rubu Street\nNogada - 441144",
        "I came into the world on March 3rd, 44 years after faguruge@nogada",
    ],
)
def test_a_detail_is_found_in_any_case_and_spelling(text: str) -> None:
    scrubbed = scrub_text(text, {})
    assert not re.search(
        r"faguruge|fagunoga|nogada|4411|44\.115|f a g u|five five|march|/mar/|年|41\.44|441|04/41",
        scrubbed,
        re.IGNORECASE,
    ), scrubbed


def test_the_author_s_own_account_is_hidden_in_what_they_wrote() -> None:
    texts = pl.Series("text", ["I am Faguruge everywhere", "The gardener is me", "faguruges differ"])
    users = pl.Series("user", ["faguruge", "gardener", "faguruge"])
    assert hide_accounts(texts, users).to_list() == ["I am @user everywhere", "The gardener is me", "faguruges differ"]


@pytest.mark.parametrize("piece", ["1", "a.", "1 ", "1-", "@a", "A ", "my ig ", "born ", "(", "a_", "Aa "])
def test_no_text_takes_long(piece: str) -> None:
    start = time.perf_counter()
    scrub_text(piece * (5_000 // len(piece)), {})
    assert time.perf_counter() - start < 5


def test_few_clean_sentences_are_changed() -> None:
    changed = [(text, scrubbed) for text in CLEAN if (scrubbed := scrub_text(text, {})) != text]
    assert len(CLEAN) >= 100
    assert len(changed) <= MAX_CHANGED_SHARE * len(CLEAN), changed


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_is_not_private_stays(text: str) -> None:
    assert scrub_text(text, {}) == text
