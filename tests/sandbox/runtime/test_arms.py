"""Arms: every mind with every treatment, paired by seed, in one run."""

from collections import Counter
from contextlib import closing

import pytest

from sandbox.errors import ConfigError
from sandbox.runtime.assembly import build_worlds
from sandbox.runtime.config import load_run_config
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress
from tests.conftest import Overrides

RANDOM_MIND = "+mind@extra_minds.random=random"
MINDS = "minds=[rule,random]"
TREATMENTS = "treatments={control: {}, forced: {reviews: forced}}"


def test_without_minds_and_treatments_there_is_one_arm(rule_market: Overrides) -> None:
    worlds = build_worlds(load_run_config(rule_market("seeds=[3,4]")))
    assert [world.replicate for world in worlds] == [("main", 3), ("main", 4)]


def test_every_mind_is_crossed_with_every_treatment(rule_market: Overrides) -> None:
    worlds = build_worlds(load_run_config(rule_market(RANDOM_MIND, MINDS, TREATMENTS, "seeds=[0,1]")))
    assert [str(world.replicate) for world in worlds] == [
        "rule:control/0", "rule:control/1", "rule:forced/0", "rule:forced/1",
        "random:control/0", "random:control/1", "random:forced/0", "random:forced/1",
    ]  # fmt: skip
    assert [getattr(world.params, "reviews") for world in worlds[::2]] == ["on", "forced"] * 2  # noqa: B009


def test_arms_of_one_seed_share_people_and_graph(rule_market: Overrides) -> None:
    first, _, second, _ = build_worlds(load_run_config(rule_market(TREATMENTS, "seeds=[0,1]")))
    assert first.network.G.edges == second.network.G.edges
    assert [world.profile for world in first.profiles] == [world.profile for world in second.profiles]


def test_an_arm_is_answered_by_its_mind(rule_market: Overrides) -> None:
    run = Run.start(rule_market(RANDOM_MIND, MINDS))
    results = run.resume(Progress(), lambda _: None)
    log = run.log()
    pairs = Counter((row["arm"], row["mind"]) for row in log.decisions())
    log.close()
    assert set(pairs) == {("rule", "rule"), ("random", "random")}
    assert list(results.metrics["arm"].unique()) == ["rule", "random"]


def test_an_arm_without_a_mind_of_its_own_uses_the_default_beside_others(rule_market: Overrides) -> None:
    run = Run.start(rule_market(RANDOM_MIND, "minds=['',random]", "steps=2"))
    run.resume(Progress(), lambda _: None)
    with closing(run.log()) as log:
        sources = {(row["arm"], row["source"]) for row in log.decisions()}
    assert sources == {("main", "rule"), ("random", "random")}


def test_a_branch_keeps_its_arms(rule_market: Overrides) -> None:
    run = Run.start(rule_market(RANDOM_MIND, MINDS, "steps=3"))
    run.resume(Progress(), lambda _: None)
    branch = run.branch(1, ["world.tax=0.2"], run.folder.parent / "branch")
    assert set(branch.resume(Progress(), lambda _: None).metrics["arm"]) == {"rule", "random"}
    with pytest.raises(ConfigError, match="minds and the names of treatments shape a run"):
        run.branch(1, ["minds=[rule]"])


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("minds=[ruel]", "minds: unknown mind 'ruel'.*Did you mean 'rule'"),
        ("minds=[rule,rule]", "each may be named once"),
        ("treatments={a: {reviewz: forced}}", r"treatments\.a\.reviewz: unknown setting"),
        ("treatments={a: {reviews: maybe}}", r"treatments\.a\.reviews"),
    ],
)
def test_an_impossible_arm_is_refused_before_anything_starts(
    override: str, complaint: str, rule_market: Overrides
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        build_worlds(load_run_config(rule_market(override)))
