"""Users go through the steps together; people come from history, moments from what came later."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from agents.minds.language import FILL_TOKENS
from sandbox.errors import ConfigError
from sandbox.question import Question, Value
from tests.training.synthesis.scripted import TEXT, Scripted, good, records, settings, written
from training.funnel import Tally
from training.synthesis import steps, synthesizer
from training.synthesis.synthesizer import MADE, PERSON, POST, SynthesisConfig, synthesize_unit

Made = dict[str, pl.DataFrame]


@pytest.fixture
def mind(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """The mind that the stage builds, to be looked at afterwards."""
    made = Scripted(good)
    monkeypatch.setattr(synthesizer, "mind_of", lambda *_: made)
    return made


def parts(rows: pl.DataFrame, history: int) -> pl.DataFrame:
    """The first so many records of every user as history."""
    place = pl.int_range(pl.len()).over("user")
    part = pl.when(place < history).then(pl.lit("history")).otherwise(pl.lit("target"))
    return rows.select("source", "user", "id", split=pl.lit("train"), part=part, early=False)


def made_of(tmp_path: Path, rows: pl.DataFrame, history: int | None = None, **changes: Any) -> tuple[Made, Tally]:
    files = [written(tmp_path, "record", rows)]
    if history is not None:
        files.append(written(tmp_path, "split", parts(rows, history)))
    tally = Tally("persons")
    return dict(synthesize_unit(files, settings("synthesis", **changes), tally)), tally


def kinds_asked(mind: Scripted) -> list[set[str]]:
    return [{one.template.name.removeprefix("synthesis/") for one in batch} for batch in mind.batches]


def test_all_users_go_through_a_step_in_one_batch(tmp_path: Path, mind: Scripted) -> None:
    made_of(tmp_path, records(users=3))
    scenes = {step.kind for step in steps.SCENES}
    assert kinds_asked(mind) == [
        {"clean"}, {"tag"}, {"rewrite"}, {"screen"}, {"persona", "profile", "style", "stories"},
        {"topic", *(step.kind for step in steps.QA), *scenes}, {"frame"},
    ]  # fmt: skip
    assert len(mind.batches[1]) == 12


def test_every_object_is_made_of_every_user(tmp_path: Path, mind: Scripted) -> None:
    tables, tally = made_of(tmp_path, records(users=2))
    assert {name: table.schema for name, table in tables.items()} == {"post": POST, "person": PERSON, "made": MADE}
    people = tables["person"].group_by("object").len().sort("object").rows()
    assert people == [("persona", 2), ("profile", 2), ("stories", 2), ("style", 2)]
    kinds = dict(tables["made"].group_by("kind").len().rows())
    assert kinds == {step.kind: 8 for step in steps.ABOUT_POSTS}
    assert set(tables["made"]["model"]) == {"big-model@1"}
    assert not [key for key in tally.counts if key[2] not in ("in", "out", "asked", "read", "written", "qualified")]


def test_stories_name_their_records_and_scenes_hold_text_and_frame(tmp_path: Path, mind: Scripted) -> None:
    tables, _ = made_of(tmp_path, records())
    told = tables["person"].filter(pl.col("object") == "stories")["text"].item()
    assert [(one["record"], sorted(one)) for one in msgspec.json.decode(told)] == [
        (f"0-{place}", ["content", "record", "summary"]) for place in range(4)
    ]
    scene = tables["made"].filter(pl.col("kind") == "scenario_thoughts")["object"].first()
    assert sorted(msgspec.json.decode(str(scene))) == ["background", "characters", "text"]


def test_people_come_from_history_and_moments_from_later_posts(tmp_path: Path, mind: Scripted) -> None:
    rows = records(posts=6).with_columns(
        text=pl.lit(TEXT)
        + pl.when(pl.col("id") >= "0-4").then(pl.lit(" It was late.")).otherwise(pl.lit(" It was early."))
    )
    tables, _ = made_of(tmp_path, rows, history=4)
    assert set(tables["made"]["record"]) == {"0-4", "0-5"}
    assert dict(tables["post"].select("record", "part").rows())["0-4"] == "target"
    about_users = [one for one in mind.batches[4] if not one.template.name.endswith("tag")]
    assert about_users
    assert not [one for one in about_users if "late" in str(one.facts)]
    assert not [one for one in mind.batches[5] if "early" in str(one.facts)]


def test_posts_are_shown_oldest_first_with_what_is_known_of_them(tmp_path: Path, mind: Scripted) -> None:
    rows = records(place="r/carers", context="What did you do today?").sort("time", descending=True)
    made_of(tmp_path, rows)
    (persona,) = [one for one in mind.batches[4] if one.template.name == "synthesis/persona"]
    first = " ".join(persona.facts["posts"][0])
    assert first.startswith("(2014-05-13; r/carers; about: What did you do today?) Yesterday my neighbour Ruth")
    assert len(persona.facts["posts"]) == 4


def answering(**answers: Value) -> Any:
    """The good answers, but for some steps."""

    def script(question: Question) -> Value:
        return answers.get(question.template.name.removeprefix("synthesis/"), good(question))

    return script


def test_users_with_too_few_qualified_posts_are_dropped(tmp_path: Path, mind: Scripted) -> None:
    mind.script = answering(tag={"quality": "low", "harmless": True})
    tables, tally = made_of(tmp_path, records(users=2))
    assert [table.height for table in tables.values()] == [0, 0, 0]
    assert tally.counts["diary", "users", "too few qualified posts"] == 2
    assert kinds_asked(mind) == [{"clean"}, {"tag"}]


def test_harmful_posts_are_dropped(tmp_path: Path, mind: Scripted) -> None:
    mind.script = answering(tag={"quality": "high", "harmless": False})
    _, tally = made_of(tmp_path, records())
    assert tally.counts["diary", "posts", "harmful"] == 4
    assert ("diary", "users", "out") not in tally.counts


@pytest.mark.parametrize(("platform", "posts"), [("forum", 4), ("blog", 0)])
def test_blogs_need_high_quality(tmp_path: Path, mind: Scripted, platform: str, posts: int) -> None:
    mind.script = answering(tag={"quality": "medium", "harmless": True})
    tables, _ = made_of(tmp_path, records(platform=platform))
    assert tables["post"].height == posts


def test_what_could_not_be_cleaned_stays_as_it_was(tmp_path: Path, mind: Scripted) -> None:
    mind.script = answering(clean={"text": "No."})
    tables, tally = made_of(tmp_path, records())
    assert set(tables["post"]["text"]) == {TEXT}
    assert tally.counts["diary", "clean", "content is lost"] == 4


def test_nothing_is_made_of_a_post_alone_that_could_not_be_rewritten(tmp_path: Path, mind: Scripted) -> None:
    mind.script = answering(rewrite={"text": "No."})
    tables, _ = made_of(tmp_path, records())
    assert tables["made"].height == 0
    assert not any(tables["post"]["is_private"])
    assert tables["person"].height == 4


@pytest.mark.parametrize(("unsafe", "concrete", "kinds"), [(True, True, 0), (False, False, 1)])
def test_the_second_look_decides_what_is_made(
    tmp_path: Path, mind: Scripted, unsafe: bool, concrete: bool, kinds: int
) -> None:
    mind.script = answering(screen={"unsafe": unsafe, "concrete": concrete})
    tables, _ = made_of(tmp_path, records())
    assert tables["made"]["kind"].n_unique() == kinds


def test_a_scene_without_its_frame_is_dropped(tmp_path: Path, mind: Scripted) -> None:
    mind.script = answering(
        frame={"background": "They laughed about the broken heater until late.", "characters": ["a"]}
    )
    tables, _ = made_of(tmp_path, records())
    assert set(tables["made"]["kind"]) == {"topic", *(step.kind for step in steps.QA)}


def test_no_more_posts_are_used_than_set(tmp_path: Path, mind: Scripted) -> None:
    most = {name: 2 for name in settings("synthesis")["max_posts"]}
    tables, _ = made_of(tmp_path, records(posts=5), max_posts={**most, "rewrite": 4})
    assert tables["made"].group_by("kind").len()["len"].to_list() == [2] * 9
    assert sum(tables["post"]["is_private"]) == 4


def test_better_posts_are_taken_first(tmp_path: Path, mind: Scripted) -> None:
    def script(question: Question) -> Value:
        is_late = "latest" in str(question.facts)
        return (
            {"quality": "high" if is_late else "medium", "harmless": True} if _is(question, "tag") else good(question)
        )

    mind.script = script
    rows = records().with_columns(
        text=pl.when(pl.col("id") == "0-3").then(pl.lit(f"{TEXT} That is the latest.")).otherwise("text")
    )
    most = {name: 1 for name in settings("synthesis")["max_posts"]}
    tables, _ = made_of(tmp_path, rows, max_posts=most)
    assert set(tables["made"]["record"]) == {"0-3"}


def test_shoppers_are_made_from_their_last_purchases_and_get_no_scenes(tmp_path: Path, mind: Scripted) -> None:
    texts = [TEXT] * 4 + ["Fits."] * 2
    rows = records(posts=6, platform="reviews", stars=4.0, title="Heater").with_columns(text=pl.Series(texts))
    tables, _ = made_of(tmp_path, rows, max_purchases=3)
    assert len(mind.batches[1]) == 4
    assert set(tables["person"]["object"]) == {"persona", "profile", "style"}
    assert set(tables["made"]["kind"]) == {"topic"}
    (persona,) = [one for one in mind.batches[4] if _is(one, "persona")]
    assert [" ".join(post)[-5:] for post in persona.facts["posts"]] == [TEXT[-5:], "Fits.", "Fits."]
    assert "4 of 5 stars; Heater" in str(persona.facts)


def test_a_unit_does_the_same_twice_and_users_do_not_depend_on_each_other(tmp_path: Path, mind: Scripted) -> None:
    together, _ = made_of(tmp_path / "a", records(users=2))
    again, _ = made_of(tmp_path / "b", records(users=2))
    seeds = [[one.seed for one in batch] for batch in mind.batches]
    assert seeds[:7] == seeds[7:]
    assert all(together[name].equals(again[name]) for name in together)
    made_of(tmp_path / "c", records(users=1))
    assert set(_seeds(mind.batches[14:])) < set(_seeds(mind.batches[:7]))


def test_prompts_stay_within_their_budget(tmp_path: Path, mind: Scripted) -> None:
    made_of(tmp_path, records(posts=9, text=TEXT * 6), max_source_tokens=700, max_post_tokens=300)
    shown = [sum(len(piece) for post in one.facts["posts"] for piece in post) for one in mind.batches[4]]
    assert max(shown) <= 3 * 700
    assert min(shown) > 500


def test_the_shipped_settings_fit_the_shipped_engine() -> None:
    import yaml

    from sandbox.paths import CONF_DIR

    node = yaml.safe_load((CONF_DIR / "mind" / "vllm.yaml").read_text(encoding="utf-8"))
    config = SynthesisConfig(**settings("synthesis"))
    assert config.max_source_tokens + synthesizer.PROMPT_TOKENS <= node["max_model_len"]
    assert config.max_post_tokens + synthesizer.SCENE_TOKENS <= node["max_model_len"]
    assert synthesizer.PROMPT_TOKENS > FILL_TOKENS


def test_prompts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    node = {**settings("synthesis")["mind"], "max_model_len": 512}
    with pytest.raises(ConfigError, match=r"mind\.max_model_len is 512"):
        made_of(tmp_path, records(), mind=node)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_posts": {"topic": 3}}, "max_posts must name"),
        ({"qualities": {"blog": ["high"]}}, "must name a default"),
        ({"max_post_tokens": 2000}, "max_post_tokens must not be more"),
        ({"model": None}, "llm.model"),
    ],
)
def test_settings_are_checked(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        made_of(tmp_path, records(), **changes)


def test_the_stage_builds_its_mind_from_its_settings(tmp_path: Path) -> None:
    tables, _ = made_of(tmp_path, records(), model="another@2")
    assert set(tables["made"]["model"]) == {"another@2"}


@pytest.mark.engine
def test_a_real_model_tags_and_describes_a_user(tmp_path: Path) -> None:
    import yaml

    from sandbox.paths import CONF_DIR

    node = yaml.safe_load((CONF_DIR / "mind" / "vllm.yaml").read_text(encoding="utf-8"))
    config = SynthesisConfig(
        **settings("synthesis", mind={**node, "kv_cache_gib": 1.0, "text_temperature": 0.3}, model="smollm2-135m")
    )
    posts = synthesizer.posts_of([written(tmp_path, "record", records())])
    tally = Tally("persons")
    mind = synthesizer.mind_of(config.mind, config.model, use_cache=False)
    asker = synthesizer.Asker(mind, 0, tally)
    tagged = synthesizer.tagged(posts, asker, config)
    assert tally.counts["diary", "tag", "out"] == 4
    for one in tagged or posts:
        one.quality = "high"
    list(synthesizer.people(tagged or posts, asker, config))
    assert tally.counts["diary", "persona", "in"] == 1
    assert tally.counts["all", "tokens", "written"] > 50
    mind.close()


def _is(question: Question, kind: str) -> bool:
    return question.template.name == f"synthesis/{kind}"


def _seeds(batches: list[list[Question]]) -> Iterator[int]:
    return (one.seed for batch in batches for one in batch)
