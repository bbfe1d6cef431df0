"""Every fact, tried on people of known behaviour in eight worlds: the controls of the instrument itself."""

from pathlib import Path

import pandas as pd
import pytest

from experiments.assay import describe_assays, read_assays, run_assays, update_assays
from experiments.facts.controls import ControlMind, find_controls
from experiments.facts.registry import list_facts
from experiments.frames import column, rows_where
from sandbox.core.mind import MindContext
from sandbox.errors import ConfigError
from worlds.marketplace import Marketplace

FEW = "seeds=[0,1,2,3,4,5,6,7]"


@pytest.mark.parametrize("fact", [fact.name for fact in list_facts(Marketplace)])
def test_a_fact_finds_who_shows_it_and_who_does_not(fact: str, tmp_path: Path) -> None:
    table = run_assays(["world=marketplace", FEW], [fact], tmp_path)
    tried = table[table["expected"].notna()]
    assert {"within", "outside"} == set(tried["expected"])
    assert tried["verdict"].tolist() == tried["expected"].tolist(), "\n".join(describe_assays(table))


def test_an_unknown_fact_or_kind_of_people_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown fact 'star_habit'; .*Did you mean 'star_habits'"):
        run_assays(["world=marketplace"], ["star_habit"], tmp_path)
    with pytest.raises(ConfigError, match="there is no fact 'marketplace"):
        find_controls("marketplace.star_habit")
    context = MindContext({}, "", None, print)
    with pytest.raises(ConfigError, match="unknown people 'shy'"):
        ControlMind.build({"fact": "marketplace.star_habits", "people": "shy"}, context)


def test_recording_one_fact_keeps_the_results_of_the_others(tmp_path: Path) -> None:
    stored = read_assays(Marketplace)
    again = rows_where(stored, column(stored, "fact") == "position_bias").assign(value=0.5)
    updated = update_assays(stored, again)
    others = [rows_where(table, column(table, "fact") != "position_bias") for table in (updated, stored)]
    pd.testing.assert_frame_equal(*others, check_dtype=False)
    assert set(column(rows_where(updated, column(updated, "fact") == "position_bias"), "value")) == {0.5}
    update_assays(stored, stored).to_csv(tmp_path / "assays.csv", index=False, float_format="%.6g")
    stored.to_csv(tmp_path / "stored.csv", index=False, float_format="%.6g")
    assert (tmp_path / "assays.csv").read_bytes() == (tmp_path / "stored.csv").read_bytes()
