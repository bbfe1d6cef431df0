"""Arms: every mind with every treatment, paired by seed, in one run."""

from collections import Counter

import pytest

from sandbox.assembly import make_worlds
from sandbox.errors import ConfigError
from sandbox.run import Run, read_config
from sandbox.runner import Progress
from tests.conftest import Overrides

RANDOM = "+mind@voices.random=random"
MINDS = "minds=[rule,random]"
TREATED = "treatments={control: {}, forced: {reviews: forced}}"


def test_without_minds_and_treatments_there_is_one_arm(ruled: Overrides) -> None:
    assert [world.replicate for world in make_worlds(read_config(ruled("seeds=[3,4]")))] == ["main/3", "main/4"]


def test_every_mind_is_crossed_with_every_treatment(ruled: Overrides) -> None:
    worlds = make_worlds(read_config(ruled(RANDOM, MINDS, TREATED, "seeds=[0,1]")))
    assert [world.replicate for world in worlds] == [
        "rule:control/0", "rule:control/1", "rule:forced/0", "rule:forced/1",
        "random:control/0", "random:control/1", "random:forced/0", "random:forced/1",
    ]  # fmt: skip
    assert [getattr(world.params, "reviews") for world in worlds[::2]] == ["on", "forced"] * 2  # noqa: B009


def test_arms_of_one_seed_share_people_and_graph(ruled: Overrides) -> None:
    first, _, second, _ = make_worlds(read_config(ruled(TREATED, "seeds=[0,1]")))
    assert first.network.G.edges == second.network.G.edges
    assert [one.profile for one in first.people] == [one.profile for one in second.people]


def test_an_arm_is_answered_by_its_mind(ruled: Overrides) -> None:
    run = Run.start(ruled(RANDOM, MINDS))
    results = run.go_on(Progress(), lambda _: None)
    log = run.log()
    found = Counter((row["replicate"].split("/")[0], row["voice"]) for row in log.decisions())
    log.close()
    assert set(found) == {("rule", "rule"), ("random", "random")}
    assert list(results.metrics["arm"].unique()) == ["rule", "random"]


def test_a_branch_keeps_its_arms(ruled: Overrides) -> None:
    run = Run.start(ruled(RANDOM, MINDS, "steps=3"))
    run.go_on(Progress(), lambda _: None)
    branch = run.branch(1, ["world.tax=0.2"], run.folder.parent / "branch")
    assert set(branch.go_on(Progress(), lambda _: None).metrics["arm"]) == {"rule", "random"}
    with pytest.raises(ConfigError, match="minds and the names of treatments shape a run"):
        run.branch(1, ["minds=[rule]"])


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("minds=[ruel]", "minds: unknown voice 'ruel'.*Did you mean 'rule'"),
        ("minds=[rule,rule]", "each may be named once"),
        ("treatments={a: {reviewz: forced}}", r"treatments\.a\.reviewz: unknown setting"),
        ("treatments={a: {reviews: maybe}}", r"treatments\.a\.reviews"),
    ],
)
def test_what_an_arm_cannot_be_is_said_before_anything_starts(override: str, complaint: str, ruled: Overrides) -> None:
    with pytest.raises(ConfigError, match=complaint):
        make_worlds(read_config(ruled(override)))
