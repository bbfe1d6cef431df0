import pytest

from training.curation.introductions import NAME, replace_introduced
from training.curation.privacy import scrub_text


@pytest.mark.parametrize(
    "text",
    [
        "my name is DRAKETI GATA and I am new here",
        "My real name is Fadrepu-Pebo but nobody knows",
        "The name's Purokle O'Drocu.",
        "call me Necedru",
        "I am called ridrikla fafo",
        "I am known as Mupuku D. Fadrepu",
        "Sincerely,\nNiklo van Kosiva",
        "Yours truly, Kemadri",
        "Kind regards\nRopu-Beluce",
        "See you.\n- Secidi Tekude",
        "XOXO Pucoca R. Furula",
        "hello everyone, Rekidu here",
        "This is Draluno O'Mevanu speaking",
        "I'm Kemadri by the way",
        "hi, kemadri here",
        "I am kemadri, nice to meet you",
        "mr. kemadri was there",
        "my husband kemadri agrees",
        "they called her kemadri.",
        "Kemadri, my cousin, left",
        "Dear Kemadri, thanks",
    ],
)
def test_a_name_that_is_in_no_list_is_found_where_the_text_introduces_it(text: str) -> None:
    scrubbed, num_replaced = replace_introduced(text)
    name = next(word for word in text.replace(",", "").split() if word.strip(".").lower() not in scrubbed.lower())
    assert num_replaced == 1
    assert name not in scrubbed
    assert scrubbed.count(NAME) == 1


@pytest.mark.parametrize(
    "text",
    [
        "I'll be there, don't call me crazy.",
        "I truly didn’t think this would happen",
        "- Thanks for the advice",
        "It is known as the best place in town",
        "This is soooo good, thanks",
        "The temperature here has been well into the seventies",
        "I work with people who live with cats",
        "My name is the same as yours",
        "my sister recieved one, and my friend beleives it",
        "they call her back, and he called them yesterday",
    ],
)
def test_ordinary_words_after_a_cue_stay(text: str) -> None:
    assert scrub_text(text, {}) == text
