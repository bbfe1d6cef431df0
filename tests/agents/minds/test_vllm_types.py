"""How a model's name states its number types; no engine is started."""

from typing import Any

import pytest
import yaml

from agents.minds.vllm import USUAL_TYPES, VllmSettings, unusual_types
from sandbox.paths import CONF_DIR

DEFAULTS = yaml.safe_load((CONF_DIR / "mind" / "base.yaml").read_text())
del DEFAULTS["_target_"]


@pytest.mark.parametrize(
    ("changes", "types"),
    [
        ({}, ""),
        ({"dtype": "float32"}, " dtype=float32"),
        ({"head_dtype": "float32"}, " head_dtype=float32"),
        ({"dtype": "float16", "head_dtype": "float32"}, " dtype=float16 head_dtype=float32"),
        ({"enforce_eager": False, "kv_cache_gib": 9.0}, ""),
    ],
)
def test_a_models_name_states_the_types_that_are_not_the_usual_ones(changes: dict[str, Any], types: str) -> None:
    assert unusual_types(VllmSettings(**{**DEFAULTS, **changes})) == types


def test_the_usual_types_are_the_defaults() -> None:
    assert {name: DEFAULTS[name] for name in USUAL_TYPES} == dict(USUAL_TYPES)
