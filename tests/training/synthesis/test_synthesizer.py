"""Users go through the steps together; selves come from what they know, other objects from what they do not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import polars as pl
import pytest

from agents.minds.language import FILL_TOKENS
from sandbox.composition import compose
from sandbox.core.answer import Value
from sandbox.core.question import Question
from sandbox.errors import ConfigError
from tests.training.synthesis.scripted_synthesizer import (
    ASK,
    TEXT,
    ScriptedSynthesizer,
    answer_well,
    paper_settings,
    portion,
    prompt_kind,
    synthesis_settings,
    write_table,
)
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.synthesis import steps, synthesizer
from training.synthesis.posts import POST, load_posts, post_input, user_input
from training.synthesis.questions import build_asker, close_mind
from training.synthesis.synthesizer import OBJECT, synthesis_unit

Tables: TypeAlias = dict[str, pl.DataFrame]
RECORD_KINDS = {step.kind for step in steps.ABOUT_POSTS}
PORTRAIT_KINDS = {"persona", "profile", "style", "stories"}


@pytest.fixture
def mind(monkeypatch: pytest.MonkeyPatch) -> ScriptedSynthesizer:
    """The mind that the stage asks."""
    mind = ScriptedSynthesizer(answer_well)
    monkeypatch.setattr("training.synthesis.questions.open_mind", lambda _: mind)
    return mind


def synthesize(folder: Path, rows: pl.DataFrame, **changes: Any) -> tuple[Tables, Tally]:
    tally = Tally("synthesis")
    unit = Unit("0000", {"portion": [write_table(folder, "portion", rows)]})
    return dict(synthesis_unit(unit, synthesis_settings(**changes), tally)), tally


def batch_kinds(mind: ScriptedSynthesizer) -> list[set[str]]:
    return [{prompt_kind(question) for question in batch} for batch in mind.batches]


def questions_of_kind(mind: ScriptedSynthesizer, kind: str) -> list[Question[Any]]:
    return [question for batch in mind.batches for question in batch if prompt_kind(question) == kind]


def record_objects(tables: Tables) -> pl.DataFrame:
    return tables["object"].filter(pl.col("record") != "")


def test_all_users_go_through_a_step_in_one_batch(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    synthesize(tmp_path, portion(users=3))
    assert batch_kinds(mind) == [
        {"clean"}, {"tag"}, {"rewrite"}, {"screen"}, {"persona", "profile", "style"}, {"stories"}, RECORD_KINDS,
        {"frame"},
    ]  # fmt: skip
    assert [len(batch) for batch in mind.batches[1:6]] == [24, 24, 24, 9, 12]


def test_every_object_is_made_of_every_user(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    tables, tally = synthesize(tmp_path, portion(users=2))
    assert {name: table.schema for name, table in tables.items()} == {"post": POST, "object": OBJECT}
    kinds = dict(tables["object"].group_by("kind").len().rows())
    assert kinds == {**dict.fromkeys(PORTRAIT_KINDS, 2), **dict.fromkeys(RECORD_KINDS, 8)}
    assert set(tables["object"]["model"]) == {"big-model@1"}
    assert set(tables["object"]["self"]) == {"latest"}
    assert {reason for _, _, reason in tally.counts} == {"in", "out", "asked"}


def test_stories_name_their_records_and_scenes_hold_text_and_frame(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    tables, _ = synthesize(tmp_path, portion())
    values = dict(tables["object"].select("kind", "value").rows())
    stories = msgspec.json.decode(values["stories"])
    assert [(story["record"], sorted(story)) for story in stories] == [
        (f"0-{place}", ["content", "record", "summary"]) for place in range(4)
    ]
    assert sorted(msgspec.json.decode(values["scenario_thoughts"])) == ["background", "characters", "text"]


def test_a_self_is_made_from_what_it_knows_and_asked_about_what_it_does_not(
    tmp_path: Path, mind: ScriptedSynthesizer
) -> None:
    place = pl.col("id").str.slice(2).cast(pl.Int64)
    time = pl.when(place < 3).then(pl.lit("dawn")).when(place < 5).then(pl.lit("noon")).otherwise(pl.lit("dusk"))
    rows = portion(early=3, history=5, later=2).with_columns(text=pl.format("{} That was at {}.", "text", time))
    tables, _ = synthesize(tmp_path, rows)
    selves = record_objects(tables).select("self", "record").unique().sort("record").rows()
    assert selves == [("early", "0-3"), ("early", "0-4"), ("latest", "0-5"), ("latest", "0-6")]
    assert set(tables["object"].filter(pl.col("record") == "")["self"]) == {"latest", "early"}
    style_facts = [str(question.facts) for question in questions_of_kind(mind, "style")]
    times = sorted([word for word in ("dawn", "noon", "dusk") if word in facts] for facts in style_facts)
    assert times == [["dawn"], ["dawn", "noon"]]
    assert not [question for question in questions_of_kind(mind, "stories") if "dusk" in str(question.facts)]
    assert not [question for question in questions_of_kind(mind, "qa_reason") if "dawn" in str(question.facts)]


def test_too_few_posts_make_no_early_self(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    tables, _ = synthesize(tmp_path, portion(early=2))
    assert set(tables["object"]["self"]) == {"latest"}
    assert set(record_objects(tables)["record"]) == {"0-4", "0-5", "0-6", "0-7"}


def test_posts_are_shown_oldest_first_with_their_heading(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    synthesize(tmp_path, portion(category="r/carers", context="What did you do today?"))
    (persona,) = questions_of_kind(mind, "persona")
    first = " ".join(persona.facts["posts"][0])
    assert first.startswith("(2014-05-13; r/carers; about: What did you do today?) Yesterday my neighbour Ruth")
    assert len(persona.facts["posts"]) == 4


def script_with(**answers: Value) -> Callable[[Question[Any]], Value]:
    """Return a script with good answers, except for some steps."""
    return lambda question: answers.get(prompt_kind(question), answer_well(question))


def test_users_with_too_few_qualified_posts_are_dropped(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    mind.script = script_with(tag={"quality": "low", "harmless": True})
    tables, tally = synthesize(tmp_path, portion(users=2))
    assert [table.height for table in tables.values()] == [0, 0]
    assert tally.counts["diary", "users", "too few qualified posts"] == 2
    assert batch_kinds(mind) == [{"clean"}, {"tag"}]


def test_harmful_posts_are_dropped(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    mind.script = script_with(tag={"quality": "high", "harmless": False})
    _, tally = synthesize(tmp_path, portion())
    assert tally.counts["diary", "posts", "harmful"] == 8
    assert ("diary", "users", "out") not in tally.counts


def test_every_post_is_kept_or_its_loss_is_counted(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    def script(question: Question[Any]) -> Value:
        draw = question.seed % 5
        return (
            {"quality": ("low", "high", "medium", "high", "high")[draw], "harmless": draw != 1}
            if prompt_kind(question) == "tag"
            else answer_well(question)
        )

    mind.script = script
    tables, tally = synthesize(tmp_path, portion(users=20, history=5, later=2))
    counts = {reason: number for (_, entity, reason), number in tally.counts.items() if entity == "posts"}
    assert counts.pop("in") == sum(counts.values()) == 140
    assert counts["out"] == tables["post"].height
    assert set(counts) == {"out", "harmful", "low quality", "of a user with too few"}


@pytest.mark.parametrize(("platform", "posts"), [("forum", 8), ("blog", 0)])
def test_blogs_need_high_quality(tmp_path: Path, mind: ScriptedSynthesizer, platform: str, posts: int) -> None:
    mind.script = script_with(tag={"quality": "medium", "harmless": True})
    tables, _ = synthesize(tmp_path, portion(platform=platform))
    assert tables["post"].height == posts


def test_what_could_not_be_cleaned_stays_as_it_was(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    mind.script = script_with(clean={"text": "No."})
    tables, tally = synthesize(tmp_path, portion())
    assert set(tables["post"]["text"]) == {TEXT}
    assert tally.counts["diary", "clean", "content is lost"] == 8


def test_a_post_that_could_not_be_rewritten_is_never_the_only_source(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    mind.script = script_with(rewrite={"text": "No."})
    tables, _ = synthesize(tmp_path, portion())
    assert not any(tables["post"]["is_private"])
    assert set(tables["object"]["kind"]) == PORTRAIT_KINDS - {"stories"}


@pytest.mark.parametrize(("unsafe", "concrete", "kinds"), [(True, True, set()), (False, False, {"topic"})])
def test_the_screening_decides_what_is_made(
    tmp_path: Path, mind: ScriptedSynthesizer, unsafe: bool, concrete: bool, kinds: set[str]
) -> None:
    mind.script = script_with(screen={"unsafe": unsafe, "concrete": concrete})
    tables, _ = synthesize(tmp_path, portion())
    assert set(record_objects(tables)["kind"]) == kinds


def test_a_scene_without_its_frame_is_dropped(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    frame = {"background": "They laughed about the broken heater until late.", "characters": ["a"]}
    mind.script = script_with(frame=frame)
    tables, _ = synthesize(tmp_path, portion())
    assert set(record_objects(tables)["kind"]) == {"topic", *(step.kind for step in steps.QA)}


def test_the_bound_on_posts_holds_for_each_part_of_a_users_time(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    bounds = {**dict.fromkeys(paper_settings("synthesis")["max_posts"], 2), "rewrite": 3}
    tables, _ = synthesize(tmp_path, portion(early=3, history=6, later=5), max_posts=bounds)
    assert record_objects(tables).group_by("kind", "self").len()["len"].to_list() == [2] * 18
    assert sum(tables["post"]["is_private"]) == 9
    assert len(questions_of_kind(mind, "stories")) == 2


def test_better_posts_are_taken_first(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    def script(question: Question[Any]) -> Value:
        if prompt_kind(question) != "tag":
            return answer_well(question)
        return {"quality": "high" if "latest" in str(question.facts) else "medium", "harmless": True}

    mind.script = script
    is_last = pl.col("id") == "0-7"
    rows = portion().with_columns(
        text=pl.when(is_last).then(pl.format("{} That is the latest.", "text")).otherwise("text")
    )
    tables, _ = synthesize(tmp_path, rows, max_posts=dict.fromkeys(paper_settings("synthesis")["max_posts"], 1))
    assert set(record_objects(tables)["record"]) == {"0-7"}


def test_shoppers_are_made_from_their_last_purchases_and_get_no_scenes(
    tmp_path: Path, mind: ScriptedSynthesizer
) -> None:
    texts = [*[TEXT] * 4, *["Fits."] * 2, TEXT]
    reviews = portion(history=6, later=1, platform="reviews", stars=4.0, title="Heater")
    tables, _ = synthesize(tmp_path, reviews.with_columns(text=pl.Series(texts)), max_purchases=3)
    assert len(questions_of_kind(mind, "tag")) == 5
    assert set(tables["object"]["kind"]) == {"persona", "profile", "style", "topic"}
    (persona,) = questions_of_kind(mind, "persona")
    assert [" ".join(post)[-5:] for post in persona.facts["posts"]] == [TEXT[-5:], "Fits.", "Fits."]
    assert "4 of 5 stars; Heater" in str(persona.facts)


def test_a_unit_repeats_exactly_and_users_do_not_depend_on_each_other(
    tmp_path: Path, mind: ScriptedSynthesizer
) -> None:
    first, _ = synthesize(tmp_path / "a", portion(users=2))
    num_batches = len(mind.batches)
    repeated, _ = synthesize(tmp_path / "b", portion(users=2))
    assert batch_seeds(mind.batches[:num_batches]) == batch_seeds(mind.batches[num_batches:])
    assert all(first[name].equals(repeated[name]) for name in first)
    synthesize(tmp_path / "c", portion(users=1))
    seeds_alone, seeds_together = (
        {seed for batch in batch_seeds(batches) for seed in batch}
        for batches in (mind.batches[2 * num_batches :], mind.batches[:num_batches])
    )
    assert seeds_alone < seeds_together


def test_prompts_stay_within_their_budget(tmp_path: Path, mind: ScriptedSynthesizer) -> None:
    synthesize(tmp_path, portion(history=9, text=TEXT * 6), max_source_tokens=700, max_post_tokens=300)
    lengths = [sum(len(piece) for post in question.facts["posts"] for piece in post) for question in mind.batches[4]]
    assert max(lengths) <= 3 * 700
    assert min(lengths) > 500


def test_the_budget_of_a_prompt_covers_a_form() -> None:
    assert synthesizer.PROMPT_TOKENS > FILL_TOKENS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_posts": {"topic": 3}}, "max_posts must name"),
        ({"qualities": {"blog": ["high"]}}, "must name a default"),
        ({"max_post_tokens": 2000}, "max_post_tokens must not be more"),
        ({"min_posts": 0}, "synthesis.min_posts"),
    ],
)
def test_settings_are_checked(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        synthesize(tmp_path, portion(), **changes)


def test_the_stage_builds_its_mind_from_its_settings(tmp_path: Path) -> None:
    settings = {**synthesis_settings(), "ask": {**ASK, "model": "another@2"}}
    unit = Unit("0000", {"portion": [write_table(tmp_path, "portion", portion())]})
    tables = dict(synthesis_unit(unit, settings, Tally("synthesis")))
    close_mind()
    assert set(tables["object"]["model"]) == {"another@2"}


@pytest.mark.engine
def test_a_real_model_tags_posts_and_describes_their_author(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.minds.language.FILL_TOKENS", 48)  # keeps the test short on a slow machine
    node = compose([], "config")["mind"] | {"kv_cache_gib": 1.0, "text_temperature": 0.3}
    tally = Tally("synthesis")
    asker = build_asker({**ASK, "mind": node, "model": "smollm2-135m"}, tally)
    posts = load_posts(write_table(tmp_path, "portion", portion(history=4, later=0)))
    tags = [(steps.TAG, post_input(post, 200)) for post in posts]
    outputs = asker.ask([*tags, (steps.PERSONA, user_input(posts, 600, 200))])
    close_mind()
    assert tally.counts["diary", "tag", "out"] == 4
    assert tally.counts["diary", "persona", "in"] == 1
    assert all(output.model.startswith("smollm2-135m@") for output in outputs if output)


def batch_seeds(batches: list[list[Question[Any]]]) -> list[list[int]]:
    return [[question.seed for question in batch] for batch in batches]
