import json
from pathlib import Path
from random import Random

import pytest

from sandbox.errors import DataError
from training.evaluation.benchmarks.items import load_items
from training.finetuning.contamination import (
    MIN_SHARED,
    SHIPPED,
    load_fingerprints,
    main,
    refuse_benchmarks,
    run_hashes,
)
from training.finetuning.examples import TaskRow

BENCHMARKS = Path(__file__).parents[4] / "shared" / "data"
TASKS = Path("tasks/train.jsonl")


def prose(seed: int, words: int, letters: str = "abcdefghij") -> str:
    """Return words that nobody has written before."""
    random = Random(seed)
    return " ".join("".join(random.choices(letters, k=5)) for _ in range(words))


def task_row(text: str) -> TaskRow:
    return TaskRow([{"role": "user", "content": text}, {"role": "assistant", "content": "So be it."}], "stars", "ann")


@pytest.fixture
def fingerprints(tmp_path: Path) -> Path:
    """The fingerprints of a benchmark with three stories in two languages."""
    items: list[dict[str, object]] = []
    for seed in range(3):
        chinese = prose(seed + 50, 12, "小红把卷心菜放进背包").replace(" ", "")
        items.append(
            {
                "STORY": prose(seed, 60).capitalize() + ".", "QUESTION": "Who?", "OPTION-A": "She", "OPTION-B": "He",
                "故事": chinese, "问题": "谁？", "选项A": "她", "选项B": "他", "答案\nANSWER": "A",
            }
        )  # fmt: skip
    file = tmp_path / "Hinting Task Test.jsonl"
    file.write_text("\n".join(json.dumps(item) for item in items), encoding="utf-8")
    assert main([str(file), "--out", str(tmp_path / "made.fingerprints")]) == 0
    return tmp_path / "made.fingerprints"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"Read this.\n\n{prose(1, 60).upper()}", "tombench en: Hinting Task Test/2"),
        (" ".join(prose(2, 60).split()[20:]).replace(" ", ", "), "tombench en: Hinting Task Test/3"),
        (prose(50, 12, "小红把卷心菜放进背包").replace(" ", ""), "tombench zh: Hinting Task Test/1"),
    ],
    ids=["in capitals", "the end of it", "Chinese"],
)
def test_a_task_that_contains_an_item_is_refused_with_its_line(text: str, name: str, fingerprints: Path) -> None:
    rows = [task_row(prose(100, 40))] * 1100
    refuse_benchmarks(rows, TASKS, fingerprints)
    rows[1033] = task_row(f"{prose(7, 30)} {text} {prose(8, 30)}")
    with pytest.raises(DataError, match=rf"tasks/train\.jsonl, line 1034: .* benchmark item {name}"):
        refuse_benchmarks(rows, TASKS, fingerprints)


def test_a_phrase_in_common_is_no_item(fingerprints: Path) -> None:
    words = prose(1, 60).split()
    for start in range(0, 40, 5):
        refuse_benchmarks([task_row(" ".join(words[start : start + 13]))], TASKS, fingerprints)
    with pytest.raises(DataError):
        refuse_benchmarks([task_row(" ".join(words))], TASKS, fingerprints)
    refuse_benchmarks([task_row("Too short."), task_row("")], TASKS, fingerprints)
    refuse_benchmarks([], TASKS, fingerprints)


def test_an_item_may_be_any_message_of_a_chat(fingerprints: Path) -> None:
    chat = [{"role": role, "content": "Yes."} for role in ("system", "user", "assistant")]
    for place in range(3):
        messages = [*chat[:place], {**chat[place], "content": prose(0, 60)}, *chat[place + 1 :]]
        with pytest.raises(DataError, match="line 1:"):
            refuse_benchmarks([TaskRow(messages, "stars", "ann")], TASKS, fingerprints)


def test_fingerprints_hold_hashes_and_no_text(fingerprints: Path) -> None:
    lines = fingerprints.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 6
    assert not any(word in line for line in lines for word in prose(0, 60).split())
    index = load_fingerprints(fingerprints)
    assert set(index.hashes.tolist()) > set(sorted(run_hashes(prose(0, 60)).tolist())[:16])


def test_hashes_are_the_same_everywhere() -> None:
    (run_hash,) = run_hashes("A fingerprint that is shipped must be found again by every machine, today!").tolist()
    assert run_hash == HASH


HASH = 11073941586404617469


@pytest.mark.parametrize("text", [None, "a name\tnot base64!\n", "no tab\n", "a name\tAAAA\n"])
def test_a_damaged_file_of_fingerprints_is_named(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "f").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="is no file of fingerprints"):
        refuse_benchmarks([task_row("Hello.")], TASKS, tmp_path / "f")


def test_the_command_names_a_file_that_is_no_benchmark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--out", str(tmp_path / "f")]) == 1
    assert "there is no benchmark at" in capsys.readouterr().err


def test_the_shipped_fingerprints_are_few_and_of_both_benchmarks() -> None:
    assert SHIPPED.stat().st_size < 400_000
    assert {name.partition(":")[0] for name in load_fingerprints(SHIPPED).names} == {
        "motivebench en", "tombench en", "tombench zh"
    }  # fmt: skip


@pytest.mark.skipif(not (BENCHMARKS / "ood_tombench").is_dir(), reason="the benchmarks are not beside the repository")
@pytest.mark.parametrize("name", ["ood_motivebench", "ood_tombench"])
def test_no_item_of_the_benchmarks_slips_through(name: str) -> None:
    index = load_fingerprints(SHIPPED)
    texts = sorted({item.text[0] for item in load_items(BENCHMARKS / name)})
    assert texts
    for text in texts[::20]:
        assert index.best_match(run_hashes(text))[1] >= MIN_SHARED
    with pytest.raises(DataError, match=f"benchmark item {name.removeprefix('ood_')} "):
        refuse_benchmarks([task_row(min(texts, key=len))], TASKS)
