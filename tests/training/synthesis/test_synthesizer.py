"""Users go through the steps together; selves come from what they know, moments from what they do not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from agents.minds.language import FILL_TOKENS
from sandbox.config import compose
from sandbox.errors import ConfigError
from sandbox.question import Question, Value
from tests.training.synthesis.scripted import ASK, TEXT, Scripted, good, kind_of, made_by, paper, portion, written
from training.funnel import Tally
from training.synthesis import steps, synthesizer
from training.synthesis.asking import asker_of, close_mind
from training.synthesis.posts import POST, about, about_all, posts_of
from training.synthesis.synthesizer import OBJECT, synthesis_unit

Made = dict[str, pl.DataFrame]
KINDS = {step.kind for step in steps.ABOUT_POSTS}
WHOLE = {"persona", "profile", "style", "stories"}


@pytest.fixture
def mind(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """The mind that the stage asks, to be looked at afterwards."""
    made = Scripted(good)
    monkeypatch.setattr("training.synthesis.asking.mind_of", lambda _: made)
    return made


def made_of(folder: Path, rows: pl.DataFrame, **changes: Any) -> tuple[Made, Tally]:
    tally = Tally("synthesis")
    return dict(synthesis_unit([written(folder, "portion", rows)], made_by(**changes), tally)), tally


def kinds_asked(mind: Scripted) -> list[set[str]]:
    return [{kind_of(one) for one in batch} for batch in mind.batches]


def asked(mind: Scripted, kind: str) -> list[Question]:
    return [one for batch in mind.batches for one in batch if kind_of(one) == kind]


def about_posts(tables: Made) -> pl.DataFrame:
    return tables["object"].filter(pl.col("record") != "")


def test_all_users_go_through_a_step_in_one_batch(tmp_path: Path, mind: Scripted) -> None:
    made_of(tmp_path, portion(users=3))
    assert kinds_asked(mind) == [
        {"clean"}, {"tag"}, {"rewrite"}, {"screen"}, {"persona", "profile", "style"}, {"stories"}, KINDS, {"frame"},
    ]  # fmt: skip
    assert [len(batch) for batch in mind.batches[1:6]] == [24, 24, 24, 9, 12]


def test_every_object_is_made_of_every_user(tmp_path: Path, mind: Scripted) -> None:
    tables, tally = made_of(tmp_path, portion(users=2))
    assert {name: table.schema for name, table in tables.items()} == {"post": POST, "object": OBJECT}
    kinds = dict(tables["object"].group_by("kind").len().rows())
    assert kinds == {**dict.fromkeys(WHOLE, 2), **dict.fromkeys(KINDS, 8)}
    assert set(tables["object"]["model"]) == {"big-model@1"}
    assert set(tables["object"]["self"]) == {"latest"}
    assert {reason for _, _, reason in tally.counts} == {"in", "out", "asked"}


def test_stories_name_their_records_and_scenes_hold_text_and_frame(tmp_path: Path, mind: Scripted) -> None:
    values = dict(made_of(tmp_path, portion())[0]["object"].select("kind", "value").rows())
    told = msgspec.json.decode(values["stories"])
    assert [(one["record"], sorted(one)) for one in told] == [
        (f"0-{place}", ["content", "record", "summary"]) for place in range(4)
    ]
    assert sorted(msgspec.json.decode(values["scenario_thoughts"])) == ["background", "characters", "text"]


def test_a_self_is_made_from_what_it_knows_and_asked_about_what_it_does_not(tmp_path: Path, mind: Scripted) -> None:
    place = pl.col("id").str.slice(2).cast(pl.Int64)
    name = pl.when(place < 3).then(pl.lit("dawn")).when(place < 5).then(pl.lit("noon")).otherwise(pl.lit("dusk"))
    rows = portion(early=3, history=5, later=2).with_columns(text=pl.format("{} That was at {}.", "text", name))
    tables, _ = made_of(tmp_path, rows)
    selves = about_posts(tables).select("self", "record").unique().sort("record").rows()
    assert selves == [("early", "0-3"), ("early", "0-4"), ("latest", "0-5"), ("latest", "0-6")]
    assert set(tables["object"].filter(pl.col("record") == "")["self"]) == {"latest", "early"}
    shown = sorted([one for one in ("dawn", "noon", "dusk") if one in str(each.facts)] for each in asked(mind, "style"))
    assert shown == [["dawn"], ["dawn", "noon"]]
    assert not [one for one in asked(mind, "stories") if "dusk" in str(one.facts)]
    assert not [one for one in asked(mind, "qa_reason") if "dawn" in str(one.facts)]


def test_there_is_no_early_self_of_too_few_posts(tmp_path: Path, mind: Scripted) -> None:
    tables, _ = made_of(tmp_path, portion(early=2))
    assert set(tables["object"]["self"]) == {"latest"}
    assert set(about_posts(tables)["record"]) == {"0-4", "0-5", "0-6", "0-7"}


def test_posts_are_shown_oldest_first_with_what_is_known_of_them(tmp_path: Path, mind: Scripted) -> None:
    made_of(tmp_path, portion(place="r/carers", context="What did you do today?"))
    (persona,) = asked(mind, "persona")
    first = " ".join(persona.facts["posts"][0])
    assert first.startswith("(2014-05-13; r/carers; about: What did you do today?) Yesterday my neighbour Ruth")
    assert len(persona.facts["posts"]) == 4


def answering(**answers: Value) -> Any:
    """The good answers, but for some steps."""
    return lambda question: answers.get(kind_of(question), good(question))


def test_users_with_too_few_qualified_posts_are_dropped(tmp_path: Path, mind: Scripted) -> None:
    mind.script = answering(tag={"quality": "low", "harmless": True})
    tables, tally = made_of(tmp_path, portion(users=2))
    assert [table.height for table in tables.values()] == [0, 0]
    assert tally.counts["diary", "users", "too few qualified posts"] == 2
    assert kinds_asked(mind) == [{"clean"}, {"tag"}]


def test_harmful_posts_are_dropped(tmp_path: Path, mind: Scripted) -> None:
    mind.script = answering(tag={"quality": "high", "harmless": False})
    _, tally = made_of(tmp_path, portion())
    assert tally.counts["diary", "posts", "harmful"] == 8
    assert ("diary", "users", "out") not in tally.counts


def test_every_post_is_kept_or_its_loss_is_counted(tmp_path: Path, mind: Scripted) -> None:
    def script(question: Question) -> Value:
        draw = question.seed % 5
        return (
            {"quality": ("low", "high", "medium", "high", "high")[draw], "harmless": draw != 1}
            if kind_of(question) == "tag"
            else good(question)
        )

    mind.script = script
    tables, tally = made_of(tmp_path, portion(users=20, history=5, later=2))
    mine = {reason: number for (_, what, reason), number in tally.counts.items() if what == "posts"}
    assert mine.pop("in") == sum(mine.values()) == 140
    assert mine["out"] == tables["post"].height
    assert set(mine) == {"out", "harmful", "low quality", "of a user with too few"}


@pytest.mark.parametrize(("platform", "posts"), [("forum", 8), ("blog", 0)])
def test_blogs_need_high_quality(tmp_path: Path, mind: Scripted, platform: str, posts: int) -> None:
    mind.script = answering(tag={"quality": "medium", "harmless": True})
    tables, _ = made_of(tmp_path, portion(platform=platform))
    assert tables["post"].height == posts


def test_what_could_not_be_cleaned_stays_as_it_was(tmp_path: Path, mind: Scripted) -> None:
    mind.script = answering(clean={"text": "No."})
    tables, tally = made_of(tmp_path, portion())
    assert set(tables["post"]["text"]) == {TEXT}
    assert tally.counts["diary", "clean", "content is lost"] == 8


def test_nothing_is_made_of_a_post_alone_that_could_not_be_rewritten(tmp_path: Path, mind: Scripted) -> None:
    mind.script = answering(rewrite={"text": "No."})
    tables, _ = made_of(tmp_path, portion())
    assert not any(tables["post"]["is_private"])
    assert set(tables["object"]["kind"]) == WHOLE - {"stories"}


@pytest.mark.parametrize(("unsafe", "concrete", "kinds"), [(True, True, set()), (False, False, {"topic"})])
def test_the_second_look_decides_what_is_made(
    tmp_path: Path, mind: Scripted, unsafe: bool, concrete: bool, kinds: set[str]
) -> None:
    mind.script = answering(screen={"unsafe": unsafe, "concrete": concrete})
    tables, _ = made_of(tmp_path, portion())
    assert set(about_posts(tables)["kind"]) == kinds


def test_a_scene_without_its_frame_is_dropped(tmp_path: Path, mind: Scripted) -> None:
    frame = {"background": "They laughed about the broken heater until late.", "characters": ["a"]}
    mind.script = answering(frame=frame)
    tables, _ = made_of(tmp_path, portion())
    assert set(about_posts(tables)["kind"]) == {"topic", *(step.kind for step in steps.QA)}


def test_no_more_posts_are_used_than_set_of_each_part_of_a_users_time(tmp_path: Path, mind: Scripted) -> None:
    most = dict.fromkeys(paper("synthesis")["max_posts"], 2)
    tables, _ = made_of(tmp_path, portion(early=3, history=6, later=5), max_posts={**most, "rewrite": 3})
    assert about_posts(tables).group_by("kind", "self").len()["len"].to_list() == [2] * 18
    assert sum(tables["post"]["is_private"]) == 9
    assert len(asked(mind, "stories")) == 2


def test_better_posts_are_taken_first(tmp_path: Path, mind: Scripted) -> None:
    def script(question: Question) -> Value:
        if kind_of(question) != "tag":
            return good(question)
        return {"quality": "high" if "latest" in str(question.facts) else "medium", "harmless": True}

    mind.script = script
    is_last = pl.col("id") == "0-7"
    rows = portion().with_columns(
        text=pl.when(is_last).then(pl.format("{} That is the latest.", "text")).otherwise("text")
    )
    tables, _ = made_of(tmp_path, rows, max_posts=dict.fromkeys(paper("synthesis")["max_posts"], 1))
    assert set(about_posts(tables)["record"]) == {"0-7"}


def test_shoppers_are_made_from_their_last_purchases_and_get_no_scenes(tmp_path: Path, mind: Scripted) -> None:
    texts = [*[TEXT] * 4, *["Fits."] * 2, TEXT]
    rows = portion(history=6, later=1, platform="reviews", stars=4.0, title="Heater").with_columns(
        text=pl.Series(texts)
    )
    tables, _ = made_of(tmp_path, rows, max_purchases=3)
    assert len(asked(mind, "tag")) == 5
    assert set(tables["object"]["kind"]) == {"persona", "profile", "style", "topic"}
    (persona,) = asked(mind, "persona")
    assert [" ".join(post)[-5:] for post in persona.facts["posts"]] == [TEXT[-5:], "Fits.", "Fits."]
    assert "4 of 5 stars; Heater" in str(persona.facts)


def test_a_unit_does_the_same_twice_and_users_do_not_depend_on_each_other(tmp_path: Path, mind: Scripted) -> None:
    together, _ = made_of(tmp_path / "a", portion(users=2))
    num = len(mind.batches)
    again, _ = made_of(tmp_path / "b", portion(users=2))
    assert [[one.seed for one in batch] for batch in mind.batches[:num]] == [
        [one.seed for one in batch] for batch in mind.batches[num:]
    ]
    assert all(together[name].equals(again[name]) for name in together)
    made_of(tmp_path / "c", portion(users=1))
    assert set(_seeds(mind.batches[2 * num :])) < set(_seeds(mind.batches[:num]))


def test_prompts_stay_within_their_budget(tmp_path: Path, mind: Scripted) -> None:
    made_of(tmp_path, portion(history=9, text=TEXT * 6), max_source_tokens=700, max_post_tokens=300)
    shown = [sum(len(piece) for post in one.facts["posts"] for piece in post) for one in mind.batches[4]]
    assert max(shown) <= 3 * 700
    assert min(shown) > 500


def test_the_budget_of_a_prompt_covers_a_form() -> None:
    assert synthesizer.PROMPT_TOKENS > FILL_TOKENS


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_posts": {"topic": 3}}, "max_posts must name"),
        ({"qualities": {"blog": ["high"]}}, "must name a default"),
        ({"max_post_tokens": 2000}, "max_post_tokens must not be more"),
        ({"min_posts": 0}, "synthesis.min_posts"),
    ],
)
def test_settings_are_checked(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        made_of(tmp_path, portion(), **changes)


def test_the_stage_builds_its_mind_from_its_settings(tmp_path: Path) -> None:
    settings = {**made_by(), "ask": {**ASK, "model": "another@2"}}
    tables = dict(synthesis_unit([written(tmp_path, "portion", portion())], settings, Tally("synthesis")))
    close_mind()
    assert set(tables["object"]["model"]) == {"another@2"}


@pytest.mark.engine
def test_a_real_model_tags_posts_and_describes_their_author(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.minds.language.FILL_TOKENS", 48)  # so that a slow machine is done soon
    node = compose([], "config")["mind"] | {"kv_cache_gib": 1.0, "text_temperature": 0.3}
    tally = Tally("synthesis")
    asker = asker_of({**ASK, "mind": node, "model": "smollm2-135m"}, tally)
    posts = posts_of(written(tmp_path, "portion", portion(history=4, later=0)))
    tags = [(steps.TAG, about(one, 200)) for one in posts]
    made = asker.ask([*tags, (steps.PERSONA, about_all(posts, 600, 200))])
    close_mind()
    assert tally.counts["diary", "tag", "out"] == 4
    assert tally.counts["diary", "persona", "in"] == 1
    assert all(one.model.startswith("smollm2-135m@") for one in made if one)


def _seeds(batches: list[list[Question]]) -> Iterator[int]:
    return (one.seed for batch in batches for one in batch)
