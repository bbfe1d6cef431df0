"""How many seeds a comparison needs: against simulation, and end to end with minds that cost nothing."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from docs.generate import data_pages
from experiments import power
from experiments.statistics import contrast_of
from sandbox.cli.main import main
from sandbox.errors import ConfigError

STUDY = [
    "world=marketplace", "experiment=forced", "outcomes=[five_star_share@last,conversion]", "steps=4",
    "population.size=20", "minds=[base,humanllm]",
]  # fmt: skip


@pytest.mark.parametrize(("effect", "family_size"), [(1.0, 1), (0.7, 4)])
def test_the_number_of_seeds_finds_the_effect_four_times_in_five(effect: float, family_size: int) -> None:
    number = int(power.seeds_needed(effect, 1.0, family_size))
    rng = np.random.default_rng(0)
    p_values = [contrast_of(differences).p for differences in rng.normal(effect, 1, (2000, number))]
    assert 0.77 < np.mean([p < 0.05 / family_size for p in p_values]) < 0.86
    assert power.seeds_needed(effect, 1.0, family_size + 1) >= number


def test_where_nothing_varies_no_number_of_seeds_is_given() -> None:
    assert math.isnan(power.seeds_needed(0.1, math.nan))
    assert math.isnan(power.seeds_needed(0.0, 1.0))
    assert math.isinf(power.seeds_needed(0.0001, 1.0))


def test_the_interval_of_a_standard_deviation_covers_it() -> None:
    rng = np.random.default_rng(1)
    intervals = [power.sd_interval(float(values.std(ddof=1)), 8) for values in rng.normal(0, 2, (2000, 8))]
    assert 0.94 < np.mean([low < 2 < high for low, high in intervals]) < 0.96


@pytest.mark.parametrize(("text", "effect"), [("10%", 0.4), ("0.2", 0.2), ("50%", 2.0)])
def test_an_effect_is_a_share_of_the_mean_or_a_number(text: str, effect: float) -> None:
    assert power.read_effect(text, -4.0) == pytest.approx(effect)


@pytest.mark.parametrize("text", ["ten", "-1", "0%", ""])
def test_an_effect_that_is_no_difference_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--effect takes a share of the mean such as 10%"):
        power.read_effect(text, 1.0)


def test_families_are_those_of_the_comparison_not_of_the_pilot() -> None:
    plan = power.make_plan(STUDY)
    # humanllm - base in two treatments, the treatment with two minds, and their interaction
    assert (plan.family_size(True), plan.family_size(False)) == (5, 5)


def test_a_pilot_says_how_many_seeds_each_contrast_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "pilot"
    assert main(["power", *STUDY, "--pilot", "3", "--effect", "20%", f"run_dir={folder}"]) == 0
    output = capsys.readouterr().out
    assert "pilot: 3 seeds of rule, random" in output
    assert "(primary, tests in the family: 5)" in output
    table = pd.read_parquet(folder / "power.parquet")
    (described,) = data_pages.list_tables("power")
    assert tuple(table.columns) == power.COLUMNS == tuple(described.column_names())
    varying: Any = table.dropna(subset=["sd"])
    assert len(varying) >= 3
    assert (varying["seeds_low"] <= varying["seeds"]).all()
    assert (varying["seeds"] <= varying["seeds_high"]).all()
    assert (varying["detectable_3"] > varying["detectable_50"]).all()
    assert set(table["num_seeds"]) == {3}


def test_a_pilot_needs_two_seeds_and_outcomes() -> None:
    with pytest.raises(ConfigError, match="use at least --pilot 2"):
        power.start_pilot(power.make_plan(STUDY), STUDY, (), 1, None)
    with pytest.raises(ConfigError, match="power needs declared outcomes"):
        power.make_plan(["world=rumor"])


def test_a_comparison_says_beforehand_what_it_can_find() -> None:
    lines: list[str] = []
    power.foresee([*STUDY, "seeds=[0,1,2]"], lines.append)
    assert lines[0] == "What 3 seeds can find with 80 % power:"
    assert "from a pilot of 8 seeds of rule and random agents" in lines[1]
    assert any("share of searches" in line and "minds that differ by 0." in line for line in lines)
    lines.clear()
    power.foresee([*STUDY[:-1], "minds=[rule,random]"], lines.append)
    assert "standard deviations" in lines[1]
    assert "is not known before the run" in lines[-1]
