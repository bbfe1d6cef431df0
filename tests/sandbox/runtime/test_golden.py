"""Golden runs: a refactoring changes no decision. A change that should alter results updates a hash and says why."""

from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress

COLUMNS = ("arm", "seed", "step", "round", "agent", "role", "template", "value", "position")
MARKET = ("world=marketplace", "population.size=20", "world.num_sellers=4", "steps=4", "seeds=[0,1]")
RUMOR = ("world=rumor", "population.size=30", "steps=4", "seeds=[0,1]")
ARMS = (
    "+mind@extra_minds.chance=random",
    "minds=[rule,chance]",
    "treatments={control: {}, forced: {reviews: forced, sponsored_slots: 2, ranking: rating}}",
    "interventions=[{step: 1, do: tax, rate: 0.2}, {step: 2, do: ban, seller: 22}, "
    "{step: 3, do: message, to: buyer, text: Sale}]",
)


def digest_decisions(folder: Path) -> str:
    """Return a hash of who was asked what and answered what; floating-point numbers are left out."""
    with closing(Run(folder).log()) as log:
        rows = [[str(row[name]) for name in COLUMNS] for row in log.decisions()]
    return sha256("\n".join("\t".join(row) for row in rows).encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("overrides", "digest"),
    [
        ((*MARKET, "mind=rule"), "c854496b77aadc91"),
        ((*MARKET, "mind=random", "graph=scale_free"), "8ee404b1ef702a4f"),
        ((*MARKET, "mind=rule", *ARMS), "09129c38fdc54366"),
        ((*RUMOR, "mind=rule"), "78187bdbd6577269"),
        ((*RUMOR, "mind=random", "graph=erdos_renyi"), "9ed3c70d587d8b09"),
    ],
)
def test_a_golden_run_makes_the_same_decisions(run_dir: Path, overrides: tuple[str, ...], digest: str) -> None:
    run = Run.start([*overrides, f"run_dir={run_dir}"])
    run.resume(Progress(), lambda _: None)
    assert digest_decisions(run_dir) == digest
