"""The stage `panels`: the decisions of one panel become people and tasks.

Who is in which split is the panel's own business; that no person and no group is in two is checked here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from agents.population_files import read_population
from sandbox.composition import resolve_target
from sandbox.core.answer import Answer
from sandbox.core.form import Choose, Fill
from sandbox.core.profile import Profile
from sandbox.core.question import Question, check_answer
from sandbox.core.seeds import uniform
from sandbox.errors import ConfigError, ContractError, DataError
from sandbox.settings import validate
from training.curation.pseudonyms import keyed_hash, read_key
from training.panels.panel import Panel, PanelDecision
from training.persons.extractive import PERSON
from training.pipeline.folders import Unit
from training.pipeline.funnel import Tally
from training.pipeline.stages import REJECTS, Tables
from training.sources.record import SPLITS
from training.sources.source import Rejects
from training.tasks.decision_points import draw_memory, draw_presentation, stable_hash
from training.tasks.forms import TASK, TaskQuestion, answer_text, build_question, prompt_messages
from training.tasks.worlds import list_wordings

STAGE = "panels"
"""Name of the stage, and so of the folder that its tables are in."""
REJECTED, FITTED = "unusable answers", "fitted answers"
"""What answers are counted as that could not be asked about, and those that became another one of the world's."""
FAMILY = "sandbox"
"""Family of its tasks: forms of a simulation."""
PANEL_PERSON: dict[str, pl.DataType] = {**PERSON, "group": pl.String()}
"""Columns of the table of people; `group` is the hash of the game, network or session."""


def build_panel(name: str, node: Mapping[str, Any]) -> Panel:
    """Return the panel of that name from its settings."""
    kind, settings = resolve_target(node, f"panel.{name}")
    if not (isinstance(kind, type) and issubclass(kind, Panel)):
        raise ConfigError(f"panel.{name}._target_ must name a subclass of training.panels.panel.Panel")
    panel = validate(kind, settings, f"panel.{name}")
    if panel.name != name:
        raise ConfigError(f"panel.{name}.name is {panel.name!r}; the settings of a panel stand under its name: {name}")
    return panel


def panel_unit(unit: Unit, settings: Mapping[str, Any], tally: Tally) -> Tables:
    """Read one panel; yield its tasks, its people and what could not be asked.

    Args:
        unit: Its name is the panel's; its inputs are `raw`, its files, `secret`, the key for hashing ids, and
            `population`, whose train people lend personas.
        settings: `panels`, the node of each panel; `families`, those of the tasks that are wanted; `per_user`, the
            most decisions of a person, drawn by hash; `varied_share`, of train questions that are presented
            differently; `forgetful_share`, of train questions without memories; `seed`.
        tally: Counts decisions, people, tasks, and answers that were rejected or fitted.

    Raises:
        DataError: A file is not of the panel's format, a person or group is in two splits, or nothing can be asked.
    """
    panel = build_panel(unit.name, settings["panels"][unit.name])
    decisions: list[PanelDecision] = []
    for path in unit.inputs["raw"]:
        rejects = Rejects(panel.name, path)
        decisions += panel.read_decisions(path, rejects)
        if rejects.number:
            tally.add(panel.name, REJECTED, "rejected", rejects.number)
            yield REJECTS, rejects.table()
    _check_decisions(panel, decisions)
    selected = list(_cap(panel, decisions, settings["per_user"], settings["seed"]))
    _count_decisions(panel, decisions, selected, tally)
    people = PanelPeople(panel, read_key(unit.file("secret")), unit.file("population"), settings["seed"])
    is_wanted = FAMILY in settings["families"]
    tasks = [_task_row(panel, decision, people, settings) for decision in selected if is_wanted]
    for row in tasks:
        tally.add(panel.name, "tasks", f"{FAMILY}/{row['form']}", 1)
    yield "task", pl.DataFrame(tasks, schema=TASK)
    yield "person", people.table(selected)


def check_splits(where: str, decisions: Iterable[PanelDecision]) -> None:
    """Raise `DataError` if a person or a group is in two splits, or a split is none of train, val and test."""
    splits: dict[tuple[str, str], str] = {}
    for decision in decisions:
        if decision.split not in SPLITS:
            raise DataError(
                f"{where}: {decision.person!r} is in the split {decision.split!r}; splits are {', '.join(SPLITS)}"
            )
        for kind, name in (("person", decision.person), ("group", decision.group)):
            first = splits.setdefault((kind, name), decision.split)
            if first != decision.split:
                raise DataError(
                    f"{where}: the {kind} {name!r} is in the splits {first} and {decision.split}, so a model would be "
                    "tested on whom it was trained on; correct the splits of the file"
                )


class PanelPeople:
    """The people of a panel, with hashed ids, and some with borrowed personas."""

    def __init__(self, panel: Panel, key: bytes, population: Path, seed: int) -> None:
        self.panel, self._key, self._seed = panel, key, seed
        self._personas = [person.persona for person in read_population(population) if person.split == "train"]

    def hash_id(self, name: str, prefix: str) -> str:
        """Return the hash of a person's or a group's id."""
        return keyed_hash(pl.Series("id", [f"{self.panel.name}/{name}"]), self._key, prefix)[0]

    def profile(self, person: str, split: str) -> Profile:
        """Return a person's profile: without a persona, unless it is a train person who was drawn to get one."""
        seed = stable_hash(self._seed, self.panel.name, "persona", person)
        persona = ""
        if split == "train" and uniform(seed, b"has persona") < self.panel.persona_share:
            persona = self._personas[int(uniform(seed, b"persona") * len(self._personas))]
        return Profile(
            self.hash_id(person, "u_"), persona, platform=self.panel.world, split=split, source=self.panel.name
        )

    def table(self, decisions: Iterable[PanelDecision]) -> pl.DataFrame:
        """Return the table `PANEL_PERSON` of everybody who decided."""
        people = {decision.person: decision for decision in decisions}
        rows: list[dict[str, str]] = []
        for name, decision in sorted(people.items()):
            profile = self.profile(name, decision.split)
            rows.append(
                {
                    "source": self.panel.name,
                    "platform": self.panel.world,
                    "user": profile.id,
                    "split": decision.split,
                    "self": "latest",
                    "group": self.hash_id(decision.group, "g_"),
                    "profile": msgspec.json.encode(profile).decode(),
                }
            )
        return pl.DataFrame(rows, schema=PANEL_PERSON)


def _check_decisions(panel: Panel, decisions: Sequence[PanelDecision]) -> None:
    where = f"panel.{panel.name}: {panel.path}"
    if not decisions:
        raise DataError(
            f"{where}: no decision can be asked about; is it a file of {type(panel).__name__}? What was rejected is in "
            f"{STAGE}/{REJECTS}/ of the corpus's folder"
        )
    check_splits(where, decisions)
    counts = Counter((decision.person, decision.record) for decision in decisions)
    if repeated := [(person, record) for (person, record), number in counts.items() if number > 1]:
        person, record = repeated[0]
        raise DataError(
            f"{where}: the decision {record} of the person {person!r} is there twice; leave one of them out"
        )


def _cap(panel: Panel, decisions: Iterable[PanelDecision], per_user: int, seed: int) -> Iterator[PanelDecision]:
    """Yield up to `per_user` decisions of every person, drawn by hash, in the order of the data."""
    people: dict[str, list[PanelDecision]] = {}
    for decision in decisions:
        people.setdefault(decision.person, []).append(decision)
    for person, own in people.items():
        ranked = sorted(own, key=lambda decision: stable_hash(seed, panel.name, person, decision.record))
        records = {decision.record for decision in ranked[:per_user]}
        yield from (decision for decision in own if decision.record in records)


def _count_decisions(
    panel: Panel, decisions: Sequence[PanelDecision], selected: Sequence[PanelDecision], tally: Tally
) -> None:
    tally.add(panel.name, "decisions", "in", len(decisions))
    tally.add(panel.name, "decisions", "more than per_user of one person", len(decisions) - len(selected))
    for decision in selected:
        tally.add(panel.name, "decisions", decision.split, 1)
        if decision.note:
            tally.add(panel.name, FITTED, decision.note, 1)
    for _, split in sorted({(decision.person, decision.split) for decision in selected}):
        tally.add(panel.name, "people", split, 1)


def _task_row(
    panel: Panel, decision: PanelDecision, people: PanelPeople, settings: Mapping[str, Any]
) -> dict[str, str]:
    """Return a decision as a row of `TASK`."""
    profile = people.profile(decision.person, decision.split)
    task_question = _to_task_question(panel, decision, settings)
    question = build_question(task_question, profile)
    check_answer(question, Answer(decision.answer, "human", mind=f"panel.{panel.name}"))
    reply = {"role": "assistant", "content": answer_text(question, decision.answer)}
    meta = {"answer": decision.answer} if isinstance(question.form, Choose) else {}
    return {
        "family": FAMILY,
        "form": decision.form,
        "source": panel.name,
        "platform": panel.world,
        "user": profile.id,
        "split": decision.split,
        "record": f"{profile.id}/{decision.record}",
        "messages": msgspec.json.encode([*prompt_messages(question), reply]).decode(),
        "question": msgspec.json.encode(task_question).decode(),
        "meta": msgspec.json.encode(meta).decode(),
    }


def _to_task_question(panel: Panel, decision: PanelDecision, settings: Mapping[str, Any]) -> TaskQuestion:
    """Return the world's question with a seed and a presentation of its own; only train questions vary or forget."""
    original: Question[Any] = decision.question
    seed = stable_hash(settings["seed"], panel.name, decision.person, decision.record)
    varied, forgetful = settings["varied_share"], settings["forgetful_share"]
    if decision.split != "train":
        varied = forgetful = 0.0
    presentation = draw_presentation(seed, varied, len(list_wordings(panel.world)))
    memory = draw_memory(seed, forgetful, original.memory)
    if isinstance(original.form, Fill):
        raise ContractError(f"panel.{panel.name}: {original.template.name} asks to fill a form; tasks choose or write")
    form = original.form.without_objects() if isinstance(original.form, Choose) else original.form
    return TaskQuestion(original.template.name, original.facts, form, memory, seed, presentation)
