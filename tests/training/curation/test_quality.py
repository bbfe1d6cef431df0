"""Rules that generated text must pass."""

from pathlib import Path

import msgspec
import polars as pl
import pytest

from sandbox.core.profile import Profile
from sandbox.errors import DataError
from training.curation.quality import RULES, failures, forbidden_content, leaks, people_unit
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally

SOURCE = (
    "I have kept bees behind the school in Delft for 12 years. Last spring a swarm settled on the roof and the "
    "children watched from the window while I carried it down in a straw basket, slowly, with my hands shaking."
)
PERSONA = "A patient beekeeper who works near a school and lets children watch the swarm."


def test_a_supported_text_in_other_words_passes() -> None:
    assert failures("persona", PERSONA, [SOURCE]) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Keeps bees near a school.", "too short"),
        (" ".join([PERSONA] * 12), "too long"),
        (PERSONA.removesuffix(" swarm.") + " sw", "cut off"),
        ("A patient beekeeper who has kept bees near a school for 30 years.", "unsupported number"),
        ("A patient beekeeper near a school who was taught by Margaret about bees.", "unsupported name"),
        ("A retired pilot fond of chess, opera, jazz and racing cars on weekends.", "unsupported words"),
        ("Somebody who watched while I carried it down in a straw basket with bees.", "copied from the source"),
        (PERSONA + " Write to bee@hive.example about it.", "e-mail address"),
        (PERSONA + " See www.bees about it.", "link"),
        (PERSONA + " As an AI, I keep to bees.", "refusal"),
        ("Sure! " + PERSONA, "chat artefact"),
        ("Bees and a school. " * 15, "repeats itself"),
    ],
)
def test_each_rule_refuses_what_it_should(text: str, reason: str) -> None:
    assert reason in failures("persona", text, [SOURCE])


def test_what_repeats_the_prompt_is_refused() -> None:
    prompt = "Say of the school and the bees who this person is in one paragraph."
    assert failures("persona", prompt, [SOURCE, prompt.upper()], [prompt]) == [
        "copied from the source",
        "repeats the prompt",
    ]


def test_a_story_may_use_the_words_of_its_post() -> None:
    assert failures("stories.content", SOURCE, [SOURCE]) == []


def test_an_unknown_kind_lists_the_kinds() -> None:
    with pytest.raises(DataError, match=r"unknown kind of text 'persna'.*Did you mean 'persona'"):
        failures("persna", PERSONA, [SOURCE])


@pytest.mark.parametrize(
    "text",
    [
        "I cannot believe that the swarm came back.",
        "I'm sorry that I shouted at my sister.",
        "My thesis is about an artificial hive; the system works.",
        "We paid 120,000 in 2014 and 2015.",
        "Call [PHONE] or write to [EMAIL].",
    ],
)
def test_ordinary_sentences_are_not_forbidden(text: str) -> None:
    assert forbidden_content(text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Ring +31 6 1234 5678 9.", "long number"),
        ("See https://hive.example/x.", "link"),
        ("I am unable to fulfil this.", "refusal"),
        ("I can't assist with that.", "refusal"),
        ("Here is the persona you wanted.", "chat artefact"),
        ("<|im_start|>user", "chat artefact"),
        ("Fine.\nAssistant: yes", "chat artefact"),
    ],
)
def test_contact_data_and_chatter_are_forbidden(text: str, reason: str) -> None:
    assert reason in forbidden_content(text)


def test_an_answer_in_the_context_leaks() -> None:
    context = "The keeper's hands were shaking because the swarm was heavy and angry."
    assert leaks("Because the swarm was heavy and angry.", [context]) == ["answer is in the context"]
    paraphrase = "An angry and heavy swarm made the keeper shake."
    assert leaks("The keeper's swarm: heavy, and angry, so shaking.", [paraphrase]) == [
        "answer's words are in the context"
    ]


def test_an_answer_that_adds_something_does_not_leak() -> None:
    context = ["A swarm has settled on the roof of a school.", "What does the keeper do?"]
    assert leaks("The keeper carries it down in a basket while the children watch.", context) == []


def test_every_kind_has_bounds_in_order() -> None:
    assert all(0 < fewest <= most for (fewest, most), *_ in RULES.values())


def test_people_keep_only_what_may_be_shown(tmp_path: Path) -> None:
    copied = "They carried it down in a straw basket slowly, with my hands shaking."
    fine = Profile("a", "Keeps bees.", profile="Keeps bees near a school.", stories=("The bees left.", copied))
    bad = Profile("b", "Keeps bees, see www.bees for more.", profile="Keeps bees.")
    rows = [
        {
            "source": "s",
            "platform": "forum",
            "user": profile.id,
            "self": "latest",
            "profile": msgspec.json.encode(profile).decode(),
        }
        for profile in (fine, bad)
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "people.parquet")
    texts = pl.DataFrame({"source": ["s"], "user": ["a"], "text": [SOURCE]})
    texts.write_parquet(tmp_path / "records.parquet")
    tally = Tally("quality")
    unit = Unit("x", {"person": [tmp_path / "people.parquet"], "record": [tmp_path / "records.parquet"]})
    ((name, people),) = people_unit(unit, {}, tally)
    assert name == "person"
    assert [msgspec.json.decode(text, type=Profile).stories for text in people["profile"]] == [("The bees left.",)]
    assert tally.counts == {
        ("s", "people", "in"): 2,
        ("s", "stories", "in"): 2,
        ("s", "stories", "out"): 1,
        ("s", "stories", "copied from the source"): 1,
        ("s", "people", "out"): 1,
        ("s", "people", "persona link"): 1,
    }
