import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from math import log, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.prompt import render
from sandbox.errors import BackendError, ConfigError, DataError
from sandbox.mind import Context, Mind, chosen
from sandbox.question import Answer, Choose, Question
from training.evaluate.benchmarks.asking import MOTIVEBENCH_ORDERS, orders_of, questions_of
from training.evaluate.benchmarks.figures import benchmark_figures, benchmark_samples, drawn, guesses
from training.evaluate.benchmarks.layouts import Item, read_items
from training.evaluate.run import configured
from training.evaluate.samples import Key

SHARED = Path(__file__).parents[4] / "shared" / "data"


def scene(idx: int) -> dict[str, Any]:
    """A scene as MotiveBench prints it."""
    row: dict[str, Any] = {"idx": idx}
    for number, name in enumerate(("Motivation", "Behavior", "Motivation and Behavior"), 1):
        row[f"{name} Reasoning Question"] = f"Ann ({idx}) has lost her well-worn hat. {name}, what is it?"
        row[f"Options {number}"] = [f"{letter}. {name} {letter}{idx}." for letter in "ABCDEF"]
        row[f"Correct Answer {number}"] = "BCF"[number - 1]
    return row


def story(
    index: int, answer: str = "C", zh_options: Sequence[Any] = ("是", "B.不", "C. 也许", "D、从不")
) -> dict[str, Any]:
    """An item as ToMBench prints it; two of them have one story."""
    english = dict(zip("ABCD", ("A man did.", "B. Nobody did.", "C: A cat did.", nan), strict=True))
    return {
        "能力\nABILITY": "Belief",
        "序号\nINDEX": index,
        "故事": f"小红{index // 2}把卷心菜放进背包。",
        "问题": "在哪里？",
        **{f"选项{letter}": text for letter, text in zip("ABCD", zh_options, strict=True)},
        "STORY": f"Xiao Hong number {index // 2} puts a cabbage into her bag.",
        "QUESTION": f"Who did {index}?",
        **{f"OPTION-{letter}": text for letter, text in english.items()},
        "答案\nANSWER": answer,
    }


def lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def motivebench(tmp_path: Path) -> Path:
    """A folder as its authors publish it, with a file that holds no items."""
    folder = tmp_path / "MotiveBench" / "Persona"
    folder.mkdir(parents=True)
    (folder / "Persona_questions.json").write_text(json.dumps([scene(idx) for idx in range(4)]), encoding="utf-8")
    (folder / "persona.jsonl").write_text('{"persona": "a sailor"}\n', encoding="utf-8")
    return tmp_path / "MotiveBench"


@pytest.fixture
def tombench(tmp_path: Path) -> Path:
    folder = tmp_path / "ToMBench" / "data"
    folder.mkdir(parents=True)
    (folder / "False Belief Task.jsonl").write_text(lines([story(index) for index in range(6)]), encoding="utf-8")
    (folder / "Hinting Task Test.jsonl").write_text(lines([story(9, "A. ")]), encoding="utf-8")
    return tmp_path / "ToMBench"


class Weighing(Mind):
    """Weighs the options of a question by a rule; a voice may be sure of the opposite."""

    name = "weighing"

    def __init__(self, weigh: Callable[[Question, list[str]], Sequence[float]], source: Any = "model") -> None:
        self.weigh, self.source = weigh, source
        self.batches: list[Sequence[Question]] = []

    @classmethod
    def build(cls, settings: Mapping[str, Any], context: Context) -> "Weighing":
        raise NotImplementedError

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        self.batches.append(questions)
        return [chosen(one, self.weigh(one, texts(one)), self.source) for one in questions]


def texts(question: Question) -> list[str]:
    """Options as shown."""
    assert isinstance(question.form, Choose)
    return [option.text for option in question.form.options]


def figures(items: Sequence[Item], mind: Mind) -> dict[tuple[str, str], float]:
    orders = [orders_of(item) for item in items]
    made = benchmark_figures(items, orders, mind.answer(questions_of(items, orders)))
    return {what: float(sample.values.mean()) for what, sample in made.items()}


def test_motivebench_is_read_as_published_and_as_gzipped_lines(motivebench: Path, tmp_path: Path) -> None:
    items = read_items(motivebench)
    assert [(one.task, one.aspect, one.scene) for one in items[:3]] == [
        ("Persona", "motivation", "Persona/0"), ("Persona", "behaviour", "Persona/0"), ("Persona", "both", "Persona/0")
    ]  # fmt: skip
    assert items[1].options[items[1].gold] == "Behavior C0."
    assert items[1].forms == ("motivebench", "motivebench: Persona", "motivebench: behaviour")
    compact = tmp_path / "motivebench.jsonl.gz"
    rows = [{"subset": "Persona", **scene(idx)} for idx in range(4)]
    compact.write_bytes(gzip.compress(lines(rows).encode()))
    assert read_items(compact) == items


def test_tombench_is_read_in_both_languages(tombench: Path, tmp_path: Path) -> None:
    items = read_items(tombench)
    english, chinese = items[:2]
    assert english.options == ("A man did.", "Nobody did.", "A cat did.")
    assert chinese.options == ("是", "不", "也许", "从不")
    assert (english.gold, items[-1].gold) == (2, 0)
    assert english.text == ("Xiao Hong number 0 puts a cabbage into her bag.", "Who did 0?")
    assert chinese.forms == ("tombench zh", "tombench zh: False Belief Task")
    same = [one.scene for one in items if one.language == "en"]
    assert same == ["False Belief Task/1"] * 2 + ["False Belief Task/2"] * 2 + ["False Belief Task/3"] * 2 + [
        "Hinting Task Test/1"
    ]
    compact = tmp_path / "small.jsonl"
    names = {"STORY": "story", "QUESTION": "question", "故事": "story_zh", "问题": "question_zh"}
    rows = [{"task": "False Belief Task", **story(index)} for index in range(6)]
    for row in rows:
        for old, new in names.items():
            row[new] = row.pop(old)
        row["options"] = {letter: row[f"OPTION-{letter}"] for letter in "ABC"}
        row["options_zh"] = {letter: row[f"选项{letter}"] for letter in "ABCD"}
        row["answer"] = row.pop("答案\nANSWER")
    compact.write_text(lines(rows), encoding="utf-8")
    assert read_items(compact) == items[:12]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.jsonl", '{"x": 1}\n', "item 1: not as MotiveBench or ToMBench"),
        ("a.jsonl", "{", "cannot be read"),
        ("a.jsonl.gz", "no gzip", "cannot be read"),
        ("a_questions.json", json.dumps([scene(0), {**scene(1), "Correct Answer 2": "G"}]), "item 2: not as"),
        ("b.jsonl", lines([story(0, zh_options=("只", nan, nan, nan))]), "1 options"),
        ("c.jsonl", lines([story(0, zh_options=("长" * 200, "短", "不", "是"))]), "the longest of 201 tokens"),
        ("none.csv", "", "there is no benchmark at"),
    ],
)
def test_a_damaged_file_is_named(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_items(tmp_path)


def test_every_word_of_an_item_is_asked_however_long_it_is() -> None:
    english = ("A long-winded story. " * 120, "Who — well — “said” {{ it }}?")
    chinese = ("很长的故事。" * 100, "谁？")
    for language, text in (("en", english), ("zh", chinese)):
        item = Item("tombench", "t", "", language, "t/1", text, ("是", "no"), 0)
        asked = "".join(render(questions_of([item], [orders_of(item)])[1]).user.split())
        for part in (*text, "* no: A", "* 是: B"):
            assert "".join(part.split()) in asked


def test_motivebench_is_asked_in_its_own_orders_and_tombench_in_all_shifts(motivebench: Path, tombench: Path) -> None:
    orders = orders_of(read_items(motivebench)[0])
    assert len(set(orders)) == 18
    assert orders[0] == tuple(range(6))
    assert all(sorted(order) == list(range(6)) for order in orders)
    assert all(sorted(places) == list(range(6)) for places in zip(*MOTIVEBENCH_ORDERS[:6], strict=True))
    item = read_items(tombench)[1]
    assert orders_of(item) == ((0, 1, 2, 3), (1, 2, 3, 0), (2, 3, 0, 1), (3, 0, 1, 2))
    asked = questions_of([item], [orders_of(item)])
    assert [texts(one)[0] for one in asked] == ["是", "不", "也许", "从不"]
    assert {key.key for one in asked if isinstance(one.form, Choose) for key in one.form.options[:1]} == set("ABCD")


def test_who_knows_is_always_right_and_who_likes_a_letter_is_right_by_chance(motivebench: Path, tombench: Path) -> None:
    items = [*read_items(motivebench), *read_items(tombench)]
    right = {item.options[item.gold] for item in items}
    knows = figures(items, Weighing(lambda _, shown: [3.0 if text in right else 0.25 for text in shown]))
    assert knows["motivebench", "accuracy"] == knows["motivebench: both", "accuracy, as printed"] == 1
    assert knows["motivebench: Persona", "all three correct"] == 1
    assert ("motivebench: both", "all three correct") not in knows
    assert knows["motivebench", "nll"] == pytest.approx(-log(3 / 4.25))
    likes = figures(items, Weighing(lambda _, shown: [1.0, *[0.0] * (len(shown) - 1)]))
    assert likes["tombench zh", "accuracy"] == pytest.approx(1 / 4)
    assert likes["tombench en: False Belief Task", "accuracy"] == pytest.approx(1 / 3)
    assert likes["tombench en", "share of the favourite letter"] == 1
    assert likes["motivebench", "accuracy, as printed"] == 0


def test_a_scene_counts_only_where_all_three_are_right_in_one_order(motivebench: Path) -> None:
    items = read_items(motivebench)
    right = {item.options[item.gold] for item in items if item.aspect != "both"}
    found = figures(
        items, Weighing(lambda _, shown: [float(text in right) + 0.01 * place for place, text in enumerate(shown)])
    )
    # Without a right option in mind, the last letter is chosen: sometimes it is the right one.
    lucky = np.mean([order.index(5) == 5 for order in MOTIVEBENCH_ORDERS])
    assert found["motivebench", "all three correct"] == pytest.approx(lucky)
    assert found["motivebench", "accuracy"] == pytest.approx((2 + lucky) / 3)


def test_guesses_are_what_the_orders_leave_to_chance(motivebench: Path, tombench: Path) -> None:
    items = [*read_items(motivebench), *read_items(tombench)]
    made = guesses(items, [orders_of(item) for item in items])
    found = {(name, *what): sample.values.mean() for name, mine in made.items() for what, sample in mine.items()}
    assert found["uniform", "motivebench", "accuracy"] == pytest.approx(1 / 6)
    assert found["uniform", "motivebench", "all three correct"] == pytest.approx(1 / 6**3)
    assert found["uniform", "tombench zh", "nll"] == pytest.approx(log(4))
    assert found["always one letter", "tombench zh", "accuracy"] == pytest.approx(1 / 4)
    assert found["always one letter", "tombench zh: Hinting Task Test", "accuracy, as printed"] == 1
    most = max(sum(order[place] == 5 for order in MOTIVEBENCH_ORDERS) for place in range(6))
    assert found["always one letter", "motivebench: both", "accuracy"] == pytest.approx(most / 18)


def test_contestants_are_asked_in_one_batch_with_their_voices(motivebench: Path, tombench: Path) -> None:
    mind = Weighing(lambda one, shown: [1.0 + (one.voice == "tuned") * (text in RIGHT) for text in shown])
    files = {"motivebench": motivebench, "tombench": tombench}
    samples = benchmark_samples(files, {"base": None, "tuned": "folder"}, mind, None, 0)
    (batch,) = mind.batches
    asked = 12 * 18 + 7 * 3 + 7 * 4
    assert [one.voice for one in batch] == [""] * asked + ["tuned"] * asked
    tuned = samples[Key("tuned", "own", "motivebench", "accuracy")]
    assert tuned.values.tolist() == [1.0] * 12
    assert tuned.users[:4] == ("Persona/0",) * 3 + ("Persona/1",)
    base = samples[Key("base", "own", "tombench en: Hinting Task Test", "nll")]
    assert base.values.tolist() == pytest.approx([log(3)])
    assert {key.contestant for key in samples} == {"base", "tuned", "uniform", "always one letter"}


RIGHT = {f"{name}{idx}." for idx in range(4) for name in ("Motivation B", "Behavior C", "Motivation and Behavior F")}


def test_what_has_no_answer_is_no_result(tombench: Path) -> None:
    lost = Weighing(lambda _, shown: [1.0] * len(shown), "fallback")
    with pytest.raises(BackendError, match="49 of 49 questions"):
        benchmark_samples({"tombench": tombench}, {"base": None}, lost, None, 0)


def test_a_benchmark_under_another_name_is_refused(tombench: Path) -> None:
    mind = Weighing(lambda _, shown: [1.0] * len(shown))
    with pytest.raises(ConfigError, match=r"benchmarks\.motivebench: .* holds tombench"):
        benchmark_samples({"motivebench": tombench}, {"base": None}, mind, None, 0)
    with pytest.raises(ConfigError, match=r"unknown benchmark 'tomebench'.*tombench"):
        benchmark_samples({"tomebench": tombench}, {"base": None}, mind, None, 0)


def test_a_draw_keeps_whole_scenes_of_every_part(motivebench: Path, tombench: Path) -> None:
    items = [*read_items(motivebench), *read_items(tombench)]
    few = drawn(items, 2, 1)
    assert [sum(one.scene == scene for one in few) for scene in {one.scene for one in few if one.aspect}] == [3, 3]
    assert sum(one.language == "en" and one.task == "False Belief Task" for one in few) == 4
    assert drawn(items, 2, 1) == few
    assert drawn(items, None, 1) == items
    assert len({tuple(drawn(items, 2, seed)) for seed in range(8)}) > 1


def test_benchmarks_are_named_on_the_command_line_as_the_manual_has_it() -> None:
    assert configured([])[0].benchmarks == {}
    config, _ = configured(["benchmarks={motivebench: one, tombench: other}"])
    assert config.benchmarks == {"motivebench": Path("one"), "tombench": Path("other")}
    with pytest.raises(ConfigError, match="benchmarks: it takes motivebench, tombench, and nothing else"):
        configured(["benchmarks={tomebench: one}"])


@pytest.mark.skipif(not (SHARED / "ood_tombench").is_dir(), reason="the benchmarks are not beside the repository")
def test_the_benchmarks_themselves_are_read_whole() -> None:
    motives, minds = (read_items(SHARED / name) for name in ("ood_motivebench", "ood_tombench"))
    assert (len(motives), len({one.scene for one in motives})) == (180, 60)
    assert (len(minds), len({one.task for one in minds})) == (2 * 1323, 10)
    assert all(len(one.options) == (6 if one.aspect else 4) for one in (*motives, *minds))
    for item in (*motives[::20], *minds[::100]):
        asked = "".join(render(questions_of([item], [orders_of(item)])[0]).user.split())
        assert all("".join(part.split()) in asked for part in (*item.text, *item.options))
