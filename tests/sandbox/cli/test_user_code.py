"""Errors in a world of the user's own: a sentence with file and line, the line itself, and the traceback on demand."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.cli.main import main
from sandbox.cli.new import write_world
from sandbox.user_code import DEBUG_HINT, explain_user_code

SMALL = ("mind=rule", "population.size=8", "steps=2", "world.pioneers=1", "null_worlds=0")
RULE = 'share = question.facts["percent"] / 100'
FRIENDS = "% of your friends"
GATHER = "decisions = yield from gather([resident.ask_adoption() for resident in undecided])"
TABLES = 'return {"agents": ['
METRICS = 'return {"habit_share": '


@pytest.fixture
def village(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A user's folder with a world that works; it is the working directory. Return the world's file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    write_world("village", tmp_path)
    yield tmp_path / "village.py"
    sys.modules.pop("village", None)


def break_world(file: Path, old: str, new: str) -> int:
    """Replace a piece of a world; return the line on which the new piece begins."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def run_village(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Run a world that fails; return the lines of its error."""
    assert main(["run", "world=village", *SMALL, *arguments]) == 1
    text = capsys.readouterr().err
    return text[text.index("error: ") :].splitlines()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (RULE, 'share = question.facts["percnt"]', "the rule of village/adopt, step 0, agent {agent} of main/0, raised "
         "KeyError: 'percnt', at village.py:{line} in adopt_like_friends"),
        (GATHER, f"1 / 0; {GATHER}", "world village, main/0: step 0 raised ZeroDivisionError: division by zero, at "
         "village.py:{line} in turn"),
        (RULE, "raise SystemExit(0)", "the rule of village/adopt, step 0, agent {agent} of main/0, raised SystemExit: "
         "0, at village.py:{line} in adopt_like_friends"),
        (METRICS, f"{METRICS}1 / 0 * ", "world village, main/0: step 0 after village/adopt raised ZeroDivisionError: "
         "division by zero, at village.py:{line} in metrics"),
        ('"node": node, ', '"node": noed, ', "world village: reading its tables raised NameError: name 'noed' is not "
         "defined, at village.py:{line} in <listcomp>"),
        ("super().__init__(params, **parts)", "self.people = 5 + parts", "world village: building the world raised "
         "TypeError: unsupported operand type(s) for +: 'int' and 'dict', at village.py:{line} in __init__"),
        (GATHER, 'decisions = (yield [open("prices.csv")])', "world village, main/0: step 0 raised FileNotFoundError: "
         "[Errno 2] No such file or directory: 'prices.csv', at village.py:{line} in turn"),
        (FRIENDS, "% of {{ freinds }}", "template village/adopt: 'freinds' is undefined; its facts are habit, percent"),
        (FRIENDS, "% {% if %}", "template village/adopt: Expected an expression, got 'end of statement block'; its "
         "facts are habit, percent"),
        (FRIENDS, "% of {{ percent + habit }}", "template village/adopt: TypeError: unsupported operand type(s) for +: "
         "'int' and 'str'; its facts are habit, percent"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_and_template(
    capsys: pytest.CaptureFixture[str], village: Path, old: str, new: str, sentence: str
) -> None:
    line = break_world(village, old, new)
    first, place, hint = run_village(capsys)
    agent = first.partition("agent ")[2].partition(" ")[0]
    assert first == f"error: {sentence.format(line=line, agent=agent)}"
    assert place.startswith(f'  File "{village}", line {line}: ')
    assert new.partition("; ")[0] in place
    assert hint == DEBUG_HINT


@pytest.mark.parametrize(
    ("old", "new", "sentence", "definition"),
    [
        ("return [share, 1.2 - share]", "return None", "raised TypeError: object of type 'NoneType' has no len()",
         "def adopt_like_friends("),
        (METRICS, "return 5 and 5 or {", "`metrics` returns 5, but it must return a mapping", "class Village("),
        (METRICS, 'return {"habit_share": "many"} or {', "the metric 'habit_share' is 'many'", "class Village("),
        (METRICS, 'return {"habit_share": float("inf")} or {', "the metric 'habit_share' is inf", "class Village("),
        (METRICS, 'return {"habit_share": 10**400} or {', "the metric 'habit_share' is 1000", "class Village("),
        (TABLES, 'return {"agents": [1]} or {"agents": [', "a row of the table 'agents' is 1; a row is a "
         "dictionary", "class Village("),
        (TABLES, 'return {"../agents": [', "a table is called '../agents'; use letters", "class Village("),
        ('"node", "has_habit"', '"nod", "has_habit"', "world village: drawing the figure network raised KeyError",
         "class Village("),
        (GATHER, "decisions = yield 5", "`turn` must yield lists of questions, found 5", "class Village("),
        (GATHER, "decisions = yield [5]", "`turn` must yield lists of questions, found 5", "class Village("),
    ],
)  # fmt: skip
def test_what_a_world_returns_wrongly_names_its_definition(
    capsys: pytest.CaptureFixture[str], village: Path, old: str, new: str, sentence: str, definition: str
) -> None:
    break_world(village, old, new)
    first, place, *_ = run_village(capsys)
    assert sentence in first
    lines = village.read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines, 1) if line.startswith(definition))
    assert place.startswith(f'  File "{village}", line {number}')


LEVELS = "levels=grid((20, 40, 60, 80), (2, 4, 6, 8))"
OUTCOME = 'outcome=log_odds(lambda _: {"yes"})'
REACTIONS = "    reactions = (ADOPTION_BY_FRIENDS,)"
FIGURES = '        TimeSeries("spread", "Spread of the habit", ("habit_share",), "share of agents"),'
LABELS = '    metric_labels: ClassVar = {"habit_share": "share of agents with the habit"}'
RULES = '    rules: ClassVar = {"adopt": adopt_like_friends}'
NAME = '    name = "village"'
END = "    def tables(self)"
NO_COUNT = "    @classmethod\n    def num_profiles(cls, params, size):\n        return {}\n\n"


@pytest.mark.parametrize(
    ("old", "new", "sentence", "line"),
    [
        (LEVELS, "levels=lambda: grid((20, 40))", "`reactions[0].levels`: input should be an instance of Sequence",
         REACTIONS),
        (LEVELS, "levels=(1, 2)", "`reactions[0].levels[0]`: input should be a tuple", REACTIONS),
        (LEVELS, "levels=grid((20,))", "the reaction 'adoption_by_friends' needs levels at two positions", REACTIONS),
        ('template="adopt"', 'template="adpt"', "asks an unknown template 'adpt'; there is adopt, preamble.",
         REACTIONS),
        ("direction=1,", 'direction="up",', "`reactions[0].direction`: input should be 1 or -1, found 'up'",
         REACTIONS),
        (REACTIONS, "    reactions = ADOPTION_BY_FRIENDS", "`reactions`: input should be an instance of Sequence",
         "    reactions = ADOPTION_BY_FRIENDS"),
        (REACTIONS, "    reactions = (ADOPTION_BY_FRIENDS, ADOPTION_BY_FRIENDS)", "`reactions`: two have one name",
         "    reactions = (ADOPTION_BY_FRIENDS, ADOPTION_BY_FRIENDS)"),
        (FIGURES, "        TimeSeries,", "`figures[0]`: input should be an instance of Figure", "    figures = ("),
        (FIGURES, FIGURES.replace('("habit_share",)', '"habit_share"'), "`figures[0].metrics`: input should be a valid "
         "tuple", "    figures = ("),
        (FIGURES, FIGURES.replace('"spread"', '"network"'), "`figures`: two have one name, 'network'",
         "    figures = ("),
        (FIGURES, FIGURES.replace('"spread"', '"../spread"'), "`figures`: one is called '../spread'",
         "    figures = ("),
        (FIGURES, FIGURES.replace("habit_share", "habt_share"), "the figure 'spread' draws an unknown metric "
         "'habt_share'; there is habit_share.", "    figures = ("),
        (LABELS, '    metric_labels = ["habit_share"]', "`metric_labels`: input should be a valid dictionary",
         '    metric_labels = ["habit_share"]'),
        (LABELS, '    metric_labels: ClassVar = {"step": "steps"}', "no metric can be called 'step'",
         '    metric_labels: ClassVar = {"step": "steps"}'),
        (RULES, '    rules: ClassVar = {"adopt": "yes"}', "`rules.adopt`: input should be callable, found 'yes'",
         '    rules: ClassVar = {"adopt": "yes"}'),
        (NAME, f'    roles = "resident"\n{NAME}', "`roles`: 'str' instances are not allowed as a Sequence value",
         '    roles = "resident"'),
        (END, f'    def max_prompt_tokens(self):\n        return 5\n\n{END}', "`max_prompt_tokens`: input should be a "
         "valid integer", "    def max_prompt_tokens(self):"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_names_the_line_that_declares_it(
    capsys: pytest.CaptureFixture[str], village: Path, old: str, new: str, sentence: str, line: str
) -> None:
    break_world(village, old, new)
    first, place, hint = run_village(capsys)
    assert first.startswith("error: world village: ")
    assert sentence in first
    number = village.read_text(encoding="utf-8").splitlines().index(line) + 1
    assert place == f'  File "{village}", line {number}: {line.strip()}'
    assert hint == DEBUG_HINT


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (METRICS, 'return {"other": 1, "habit_share": ', "`metrics` returns 'other', which `metric_labels` does not"),
        (OUTCOME, 'outcome=lambda question, probs: "many"', "reaction adoption_by_friends: the outcome is 'many'"),
        (OUTCOME, 'outcome=lambda question, probs: float("nan")', "the outcome is nan, but it must be a finite"),
        (END, f"{NO_COUNT.format(3)}{END}", "`num_profiles` returns 3, but it must return an integer from 8 on"),
        (END, f"{NO_COUNT.format('str(size)')}{END}", "`num_profiles` returns '8', but it must return an integer"),
    ],
)
def test_what_a_declared_function_returns_is_checked_at_once(
    capsys: pytest.CaptureFixture[str], village: Path, old: str, new: str, sentence: str
) -> None:
    break_world(village, old, new)
    first, place = run_village(capsys)
    assert sentence in first
    assert place.startswith(f'  File "{village}", line ')


INTERVENTION = 'Intervention):\n    "A tax."\n'


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("def tax(world):\n    pass\n", "`interventions.tax`: input should be a type, found <function tax"),
        ("class Tax:\n    pass\n", "`interventions`: 'tax' is no subclass of Intervention"),
        (f"class Tax({INTERVENTION}", "raised NotImplementedError: the intervention Tax has no `apply`"),
        (f"class Tax({INTERVENTION}    def model_post_init(self, context):\n        1 / 0\n",
         "interventions[0]: checking the intervention tax raised ZeroDivisionError"),
        (f"class Tax({INTERVENTION}    def model_dump_json(self):\n        1 / 0\n",
         "step 1 raised ZeroDivisionError: division by zero, at village.py"),
    ],
)  # fmt: skip
def test_a_wrong_intervention_names_its_place(
    capsys: pytest.CaptureFixture[str], village: Path, code: str, sentence: str
) -> None:
    imports = "\n\nfrom sandbox.core.intervention import Intervention\n\n\n"
    with village.open("a", encoding="utf-8") as file:
        file.write(f'{imports}@Village.intervention("tax")\n{code}')
    first, place, hint = run_village(capsys, "interventions=[{step: 1, do: tax}]")
    assert sentence in first
    assert place.startswith(f'  File "{village}", line ')
    assert hint == DEBUG_HINT


def test_a_module_that_ends_the_process_is_one_sentence(capsys: pytest.CaptureFixture[str], village: Path) -> None:
    break_world(village, "from typing import Any, ClassVar\n", "raise SystemExit(0)\n")
    assert "importing village raised SystemExit: 0, at village.py:" in run_village(capsys)[0]


def test_a_world_without_metrics_runs(village: Path) -> None:
    break_world(village, '{"habit_share": "share of agents with the habit"}', "{}")
    break_world(village, METRICS, 'return {} and {"habit_share": ')
    break_world(
        village, '        TimeSeries("spread", "Spread of the habit", ("habit_share",), "share of agents"),\n', ""
    )
    assert main(["run", "world=village", *SMALL, "reactions=0"]) == 0


def test_a_wrong_form_names_the_line_that_asks(capsys: pytest.CaptureFixture[str], village: Path) -> None:
    line = break_world(village, 'choose("yes", "no")', 'choose("yes")')
    first, place = run_village(capsys)
    assert "village/adopt: Choose needs 2 to 26 options" in first
    assert place.startswith(f'  File "{village}", line {line}: ')


def test_a_template_in_a_file_is_named(capsys: pytest.CaptureFixture[str], village: Path) -> None:
    folder = village.parent / "prompts"
    folder.mkdir()
    (folder / "preamble.txt").write_text("You are a person.\n", encoding="utf-8")
    (folder / "adopt.txt").write_text("It is noon.\n{{ percent }}% do.\nWill {{ you }}?\n", encoding="utf-8")
    text = village.read_text(encoding="utf-8")
    start, end = text.index("    prompts: ClassVar = {"), text.index("    rules: ClassVar")
    read = f"    prompts: ClassVar = read_prompts(Path({str(folder)!r}))\n"
    imports = "from pathlib import Path\nfrom sandbox.core import read_prompts\n"
    head, docstring = '"""\n', text[:start].partition('"""\n')
    village.write_text(f"{docstring[0]}{head}{imports}{docstring[2]}{read}{text[end:]}", encoding="utf-8")
    first, place, _ = run_village(capsys)
    assert "template village/adopt: 'you' is undefined" in first
    assert place == f'  File "{folder / "adopt.txt"}", line 3: Will {{{{ you }}}}?'


def test_the_traceback_is_printed_on_demand(capsys: pytest.CaptureFixture[str], village: Path) -> None:
    break_world(village, RULE, 'share = question.facts["percnt"]')
    assert main(["run", "world=village", *SMALL, "--debug"]) == 1
    text = capsys.readouterr().err
    assert "Traceback (most recent call last)" in text
    assert "KeyError: 'percnt'" in text
    assert text.splitlines()[-1].startswith("error: the rule of village/adopt")


def test_a_run_resumes_when_the_world_is_mended(capsys: pytest.CaptureFixture[str], village: Path) -> None:
    working = village.read_text(encoding="utf-8")
    break_world(village, METRICS, f"{METRICS}1 / (1 - self.now) * ")
    run_village(capsys, "run_dir=broken")
    village.write_text(working, encoding="utf-8")
    sys.modules.pop("village")
    assert main(["resume", "broken"]) == 0


def test_check_tells_the_same(capsys: pytest.CaptureFixture[str], village: Path) -> None:
    line = break_world(village, GATHER, f"1 / 0; {GATHER}")
    assert main(["check", "village", "population.size=8"]) == 1
    first, place, hint = capsys.readouterr().err.splitlines()
    assert f"raised ZeroDivisionError: division by zero, at village.py:{line} in turn" in first
    assert place.startswith(f'  File "{village}", line {line}: ')
    assert hint == DEBUG_HINT


def test_errors_of_the_project_are_bugs_and_pass_through() -> None:
    with pytest.raises(TypeError), explain_user_code(lambda: "writing", lambda: write_world):
        write_world("hamlet", "no path")  # type: ignore[arg-type]
