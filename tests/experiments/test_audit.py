"""An audit end to end, with people who need no language model."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments import audit
from experiments.audit import Audit, Variant
from sandbox.errors import ConfigError, DataError

QUICK = ["world=marketplace", "mind=random", "minds=[rule,random]", "outcomes=[conversion,sales]"]
SHORT = Audit(
    plain=["population.size=30", "steps=4", "seeds=[0,1,2]"],
    variants={
        "other shuffle": Variant(what="order of the options", overrides=["presentation.shuffle=1"]),
        "twice the people": Variant(what="number of people", overrides=["population.size=60"]),
        "wording 1": Variant(what="wording", overrides=["presentation.wording=1"]),
    },
)


def say(_: str) -> None:
    """Nobody listens."""


def test_what_matters_moves_outcomes_and_what_does_not_leaves_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "settings", lambda: SHORT)
    folder = audit.run_all(QUICK, tmp_path / "audit", say)
    finished = {path: path.stat().st_mtime_ns for path in folder.glob("*/manifest.json")}
    assert len(finished) == 4
    page, *_ = audit.write(audit.run_all([], folder, say))
    assert {path: path.stat().st_mtime_ns for path in finished} == finished, "finished runs are not run again"
    assert "data:image/png" in page.read_text(encoding="utf-8")
    table: Any = pd.read_csv(folder / "sensitivities.csv").set_index(["variant", "outcome", "mind"])["difference"]
    assert table["twice the people", "sales", "rule"] > 1
    assert table["wording 1", "sales", "rule"] == 0, "rules read no words"
    assert table["other shuffle", "sales", "rule"] == 0


def test_an_audit_looks_at_declared_outcomes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="declared outcomes"):
        audit.run_all([*QUICK[:3], "experiment=arms"], tmp_path, say)


def test_a_run_that_fails_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="audit --run"):
        audit._run(tmp_path / "plain", ["world=nowhere"])


def test_every_variant_changes_one_thing_that_composes() -> None:
    known = audit.settings()
    assert {"wording of the prompts", "order of the profile", "labels of the options", "temperature"} <= {
        one.what for one in known.variants.values()
    }
    assert sum(one.what == "wording of the prompts" for one in known.variants.values()) >= 3
