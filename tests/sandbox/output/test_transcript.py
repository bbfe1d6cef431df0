"""One agent of a run, printed from its log."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox.cli.main import main
from sandbox.core.agent import Agent
from sandbox.core.memory import Event, MemoryView
from sandbox.errors import ConfigError
from sandbox.output.transcript import _describe_memory, _printable, describe_agent
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress

STEPS = 6


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished comparison of a rumour with an intervention."""
    folder = tmp_path_factory.mktemp("transcript") / "run"
    message = "interventions=[{step: 2, do: message, text: Good morning.}]"
    settings = (
        "world=rumor",
        "minds=[rule,random]",
        "mind=rule",
        "+extra_minds.random={_target_: sandbox.core.mind.RandomMind}",
    )
    finished = Run.start(
        [*settings, "seeds=[0,7]", "population.size=12", f"steps={STEPS}", message, f"run_dir={folder}"]
    )
    finished.resume(Progress(), lambda _: None)
    return finished


def rows_of(run: Run, arm: str, seed: int) -> list[dict[str, Any]]:
    with closing(run.log()) as log:
        return list(log.decisions("arm = ? AND seed = ?", (arm, seed)))


def busiest(rows: Sequence[dict[str, Any]]) -> int:
    """Return the id of the agent who was asked most."""
    agents: list[int] = [row["agent"] for row in rows]
    return max(set(agents), key=agents.count)


def text_of(run: Run, agent: int, step: int | None = None, arm: str | None = None, seed: int | None = None) -> str:
    return "\n".join(describe_agent(run, agent, step, arm, seed))


def test_every_decision_of_an_agent_is_shown_with_its_prompt_options_probabilities_and_answer(run: Run) -> None:
    rows = rows_of(run, "random", 7)
    agent = busiest(rows)
    text = text_of(run, agent, arm="random", seed=7)
    [world] = [world for world in run.replay() if world.replicate == ("random", 7)]
    [person] = [person for person in world.agents if isinstance(person, Agent) and person.unique_id == agent]
    assert text.startswith(f"Agent {agent}, person, arm random, seed 7\n(others: --arm rule, random; --seed 0, 7)")
    assert person.profile.persona in text
    agent_rows = [row for row in rows if row["agent"] == agent]
    assert text.count("\n  Prompt") == len(agent_rows) > 1
    for row in agent_rows:
        assert f"Step {row['step']}, round {row['round']}: {row['template']}" in text
        assert all(f"  {probability:.3f}  " in text for probability in msgspec.json.decode(row["probs"]))
    assert text.count("\n  > ") == len(agent_rows)
    assert "| You are playing one real person in a village." in text
    assert "Remembered of step 2\n  message: Good morning." in text
    assert "\nMemory after 6 steps\n" in text


def test_the_chosen_option_carries_its_own_letter_and_probability(run: Run) -> None:
    rows = rows_of(run, "rule", 0)
    agent = busiest(rows)
    [row, *_] = [row for row in rows if row["agent"] == agent and row["template"] == "rumor/whom"]
    lines = text_of(run, agent, row["step"]).splitlines()
    chosen = next(line for line in lines if line.startswith("  > "))
    content = msgspec.json.decode(row["content"])
    probs = msgspec.json.decode(row["probs"])
    place = [option["key"] for option in content[2]["options"]].index(row["value"])
    letter, probability, *words = chosen.removeprefix("  > ").split()
    assert float(probability) == pytest.approx(probs[place], abs=1e-3)
    assert f"| * {' '.join(words)}: {letter}" in "\n".join(lines)


def test_one_step_shows_its_decisions_and_the_memory_before_it(run: Run) -> None:
    rows = rows_of(run, "rule", 0)
    agent = busiest(rows)
    steps = {row["step"] for row in rows if row["agent"] == agent}
    step = max(steps)
    text = text_of(run, agent, step)
    assert f"Memory after {step} steps" in text
    assert text.count("\n  Prompt") == sum(row["step"] == step for row in rows if row["agent"] == agent)
    [world] = [world for world in run.replay(step) if world.replicate == ("rule", 0)]
    [person] = [person for person in world.agents if isinstance(person, Agent) and person.unique_id == agent]
    for event in person.memory.view().recent:
        assert f"  step {event.step}, {event.kind}: {event.text}" in text


def test_an_agent_who_was_asked_nothing_is_shown_all_the_same(run: Run) -> None:
    asked_agents = {row["agent"] for row in rows_of(run, "rule", 0) if row["step"] == 0}
    idle = next(agent for agent in range(1, 13) if agent not in asked_agents)
    assert "It was asked nothing in step 0." in text_of(run, idle, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((99, None, None, None), "there is no agent 99 in rule/0; ids go from 1 to 12"),
        ((3, 40, None, None), "--at 40: agent 3 of rule/0 was there from step 0 to 6"),
        ((3, None, "rul", None), "--arm: unknown arm 'rul'; there is random, rule. Did you mean 'rule'?"),
        ((3, None, None, 5), "--seed: there is no seed 5 in this run; there is 0, 7"),
    ],
)
def test_what_is_not_in_the_run_is_named(
    run: Run, arguments: tuple[int, int | None, str | None, int | None], message: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        text_of(run, *arguments)
    assert message in str(refused.value)


def test_a_memory_lists_what_is_kept_and_what_is_condensed() -> None:
    memory = MemoryView((("purchase", 3),), (Event(1, "tip", "Old."),), (Event(4, "purchase", "New."),))
    assert list(_describe_memory(memory, 5)) == [
        "\nMemory after 5 steps",
        "  step 1, tip: Old.",
        "  step 4, purchase: New.",
        "  3 x purchase by now condensed",
    ]


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert _printable("a\x1b[31mred\x07\nb\x9b") == "a[31mred\nb"


def test_the_command_prints_an_agent(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(run.folder), "--agent", "3", "--at", "2", "--arm", "random", "--seed", "7"]) == 0
    assert capsys.readouterr().out.startswith("Agent 3, person, arm random, seed 7")
    assert main(["show", str(run.folder), "--at", "2"]) == 1
    assert "show --at needs --agent ID" in capsys.readouterr().err


def test_an_unfinished_run_can_be_read(tmp_path: Path) -> None:
    run = Run.start(["world=rumor", "mind=rule", "population.size=12", "steps=3", f"run_dir={tmp_path / 'run'}"])
    assert "It was asked nothing." in text_of(run, 3)
