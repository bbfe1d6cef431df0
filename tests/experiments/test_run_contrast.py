"""Two runs with the same seeds are compared within seeds; a branch and its parent from where they part."""

from pathlib import Path

import pytest

from experiments.frames import to_records
from experiments.run_contrast import contrast_runs, find_parting
from sandbox.cli.main import main
from sandbox.errors import ConfigError
from sandbox.runtime.run import Run
from sandbox.runtime.runner import Progress

MARKET = ("world=marketplace", "mind=rule", "population.size=15", "steps=6", "reactions=0", "null_worlds=0")


def run(folder: Path, *overrides: str) -> Run:
    run = Run.start([*overrides, f"run_dir={folder}"])
    run.resume(Progress(), lambda _: None)
    return run


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """Return a run of four seeds, and its branch with a tax."""
    home = tmp_path_factory.mktemp("runs")
    parent = run(home / "parent", *MARKET, "seeds=[0,1,2,3]")
    branch = parent.branch(3, ["world.tax=0.6", f"run_dir={home / 'branch'}"])
    branch.resume(Progress(), lambda _: None)
    return parent, branch


def test_a_branch_differs_from_its_parent_from_where_they_part(pair: tuple[Run, Run]) -> None:
    assert find_parting(*pair) == find_parting(*reversed(pair)) == 3
    row, *others = to_records(contrast_runs(*pair, ["mean_price"], None).table)
    assert {one["declared"] for one in others} == {False}
    assert (row["first"], row["second"], row["treatment"], row["num_seeds"]) == ("branch", "parent", "main", 4)
    assert row["low"] > 0
    parent, branch = (mean_prices(run, 3) for run in pair)
    assert row["difference"] == pytest.approx(sum(branch[seed] - parent[seed] for seed in range(4)) / 4)


def mean_prices(run: Run, from_step: int) -> dict[int, float]:
    """Return the mean price over the last steps, by seed."""
    prices: dict[int, list[float]] = {}
    for row in to_records(run.results().metrics):
        if row["step"] >= from_step:
            prices.setdefault(row["seed"], []).append(row["mean_price"])
    return {seed: sum(values) / len(values) for seed, values in prices.items()}


def test_all_steps_of_them_are_a_smaller_difference(pair: tuple[Run, Run]) -> None:
    late, whole = (to_records(contrast_runs(*pair, ["mean_price"], step).table)[0]["difference"] for step in (None, 0))
    assert whole == pytest.approx(late / 2)


def test_only_steps_that_both_have_count(pair: tuple[Run, Run], tmp_path: Path) -> None:
    longer = pair[0].branch(6, ["steps=9", f"run_dir={tmp_path / 'longer'}"])
    longer.resume(Progress(), lambda _: None)
    contrast = contrast_runs(pair[0], longer, ["mean_price", "sales@last"], 0)
    assert contrast.num_steps == 6
    assert {row["difference"] for row in to_records(contrast.table) if row["declared"]} == {0}


def test_branches_of_one_parent_part_where_the_first_of_them_left(pair: tuple[Run, Run], tmp_path: Path) -> None:
    late = pair[0].branch(5, ["world.tax=0.6", f"run_dir={tmp_path / 'late'}"])
    assert find_parting(pair[1], late) == find_parting(late, pair[1]) == 3


def test_families_hold_only_what_is_asked(tmp_path: Path) -> None:
    arms = ("experiment=arms", "minds=[rule,random]", "seeds=[0,1,2]", "outcomes=[mean_price]")
    first, second = (run(tmp_path / name, *MARKET, *arms, f"world.tax={tax}") for name, tax in (("a", 0.0), ("b", 0.5)))
    table = contrast_runs(first, second, [], None).table
    assert set(table["kind"]) == {"treatment"}
    assert max(table.loc[table["declared"], "family_size"]) <= 2


def test_a_run_does_not_differ_from_itself(pair: tuple[Run, Run], tmp_path: Path) -> None:
    again = run(tmp_path / "parent", *MARKET, "seeds=[1,2,7]")
    contrast = contrast_runs(pair[0], again, [], None)
    assert (contrast.from_step, contrast.num_seeds) == (0, 2)
    assert {row["difference"] for row in to_records(contrast.table) if row["num_seeds"]} == {0}
    assert {row["first"] for row in to_records(contrast.table)} == {"parent (second)"}


def test_the_command_writes_a_table_and_a_picture(
    pair: tuple[Run, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["contrast", str(pair[0].folder), str(pair[1].folder), "--to", str(tmp_path)]
    assert main([*words, "--outcomes", "mean_price,sales@last"]) == 0
    assert "branch minus parent, steps 3 to 5, 4 seeds:" in (out := capsys.readouterr().out)
    assert "differs" in out
    assert {"contrast.csv", "contrasts_treatment.png"} <= {path.name for path in tmp_path.iterdir()}
    assert main(words) == 0
    assert "No outcome was declared, so these are exploratory" in capsys.readouterr().out


def test_runs_that_share_nothing_are_refused(pair: tuple[Run, Run], tmp_path: Path) -> None:
    rumor = run(tmp_path / "rumor", "world=rumor", "mind=rule", "population.size=12", "steps=2", "reactions=0")
    with pytest.raises(ConfigError, match=r"is of the world marketplace, .* of rumor"):
        contrast_runs(pair[0], rumor, [], None)
    other = run(tmp_path / "other", *MARKET, "seeds=[9]")
    with pytest.raises(ConfigError, match="share no seed, so nothing is paired"):
        contrast_runs(pair[0], other, [], None)
    with pytest.raises(ConfigError, match="both runs have 6 steps, so none from step 6 on"):
        contrast_runs(*pair, [], 6)
