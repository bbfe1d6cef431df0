"""Downloads are asked as the song market asks, beside the counts of that world at that moment."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from sandbox.core.answer import Answer
from sandbox.core.form import Choose
from sandbox.core.question import check_answer
from sandbox.errors import DataError
from sandbox.prompting.render import render
from training.evaluation.conditional_logit import Features, fit_conditional_logit
from training.panels.downloads import Downloads, measure_appeal
from training.panels.musiclab import NUM_SONGS, TRAIN_SHARE
from training.panels.panel import PanelDecision
from training.sources.source import Rejects

HEADER = "experiment,world,condition,person,song,seconds\n"
DATA = Path(__file__).parents[4] / "shared" / "data" / "market_musiclab" / "downloads.csv.gz"


def write_downloads(path: Path) -> Path:
    """Write three social worlds and an independent one, in which every person downloads two songs; return the path."""
    rows = [
        f"1,{world},{'independent' if world == 9 else 'social'},p{place // 2},{1 + (place * 7 + world) % 12},{place}"
        for world in (1, 7, 8, 9)
        for place in range(40)
    ]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(HEADER + "\n".join(rows) + "\n")
    return path


def read(path: Path) -> tuple[list[PanelDecision], Rejects]:
    """Return the decisions of a file, and what was rejected."""
    panel = Downloads(name="downloads", path=str(path), persona_share=0.5)
    rejects = Rejects(panel.name, path)
    return list(panel.read_decisions(path, rejects)), rejects


@pytest.fixture(scope="module")
def decisions(tmp_path_factory: pytest.TempPathFactory) -> list[PanelDecision]:
    """Return the decisions of made-up worlds."""
    return read(write_downloads(tmp_path_factory.mktemp("songs") / "downloads.csv.gz"))[0]


def test_worlds_are_the_splits_and_the_last_quarter_is_not_trained_on(decisions: list[PanelDecision]) -> None:
    sizes = {split: sum(decision.split == split for decision in decisions) for split in ("train", "val", "test")}
    assert sizes == {"train": TRAIN_SHARE * 40, "val": 40, "test": 40}
    assert {(decision.group, decision.split) for decision in decisions} == {("1", "train"), ("7", "val"), ("8", "test")}


def test_counts_are_those_of_the_world_at_that_moment(decisions: list[PanelDecision]) -> None:
    own = [decision for decision in decisions if decision.group == "1"]
    taken: list[str] = []
    for decision in own:
        for song in decision.question.facts["songs"]:
            assert song["count"] == taken.count(song["id"])
        taken.append(decision.answer)


def test_the_answer_is_on_the_page_with_others_and_nothing_else_can_be_done(decisions: list[PanelDecision]) -> None:
    for decision in decisions:
        form = decision.question.form
        assert isinstance(form, Choose)
        assert len({option.key for option in form.options}) == 6
        assert all(option.key.isdigit() for option in form.options)
        check_answer(decision.question, Answer(decision.answer, "human", mind="downloads"))


def test_a_person_remembers_and_is_not_offered_what_they_have(decisions: list[PanelDecision]) -> None:
    first, second = (decision for decision in decisions if decision.person == "1/p3")
    assert "You remember" not in render(first.question).user
    assert 'You downloaded "' in render(second.question).user
    assert first.answer not in {song["id"] for song in second.question.facts["songs"]}


def test_names_differ_between_people_and_stay_for_one(decisions: list[PanelDecision]) -> None:
    names: dict[tuple[str, str], set[str]] = {}
    for decision in decisions:
        form = decision.question.form
        assert isinstance(form, Choose)
        for option in form.options:
            names.setdefault((decision.person, option.key), set()).add(option.text.partition(" by ")[0])
    assert all(len(different) == 1 for different in names.values())
    assert len({next(iter(name)) for (_, song), name in names.items() if song == "0"}) > 10


def test_the_question_says_neither_a_page_nor_a_taste(decisions: list[PanelDecision]) -> None:
    opening = render(decisions[0].question).user.partition("\n* ")[0]
    assert opening.endswith(
        "\nYou listen to the songs. Beside each is how often other visitors downloaded it. Which one do you download?"
    )


def test_songs_sound_as_they_were_liked_where_nobody_saw_counts(decisions: list[PanelDecision]) -> None:
    sounds = {song["id"]: song["sound"] for decision in decisions for song in decision.question.facts["songs"]}
    liked = {str((place * 7 + 9) % 12) for place in range(int(TRAIN_SHARE * 40))}
    assert min(sounds[song] for song in liked) > max(sounds[song] for song in sounds.keys() - liked)
    assert measure_appeal([]) == [0.0] * NUM_SONGS


@pytest.mark.parametrize("song", ["0", "49", "x", ""])
def test_a_song_that_there_is_not_is_named(song: str, tmp_path: Path) -> None:
    path = tmp_path / "downloads.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(f"{HEADER}1,1,social,p,{song},0\n")
    with pytest.raises(DataError, match=rf"the song '{song}' is none of the numbers from 1 to 48"):
        read(path)


def test_a_file_of_another_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"other\.csv\.gz lacks the column world and condition"):
        read(path)
    (tmp_path / "plain.csv").write_text(HEADER, encoding="utf-8")
    with pytest.raises(DataError, match=r"plain\.csv cannot be read as a compressed CSV file"):
        read(tmp_path / "plain.csv")


@pytest.mark.skipif(not DATA.is_file(), reason="the shared data set market_musiclab is not here")
def test_real_listeners_follow_counts() -> None:
    decisions, rejects = read(DATA)
    assert rejects.number == 2
    train = [decision for decision in decisions if decision.split == "train"]
    assert len(train) > 3000
    songs = [decision.question.facts["songs"] for decision in train]
    golds = [[song["id"] for song in page].index(decision.answer) for page, decision in zip(songs, train, strict=True)]
    options: list[list[Features]] = [
        [{"count": np.log1p(song["count"]), song["id"]: 1.0} for song in page] for page in songs
    ]
    assert fit_conditional_logit(options, golds).weights["count"] > 0.2, "at equal songs"
