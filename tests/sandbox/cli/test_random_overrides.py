"""Whatever the settings are, a command works or says in one sentence what is wrong."""

import pytest

from tests.sandbox.cli.random_overrides import judge_output
from tests.sandbox.runtime.test_kill import NEEDS_FORK, in_one_thread

MODULE = "tests.sandbox.cli.random_overrides"


@NEEDS_FORK
@pytest.mark.slow
def test_a_thousand_random_settings_never_end_in_a_traceback() -> None:
    assert in_one_thread("find_bugs(1000, 11)", MODULE) == []


FOUND = [
    ["sandbox", ["run", "-" + "x," * 2000]],
    ["sandbox", ["ask", "runs/x", "--at", "9" * 5000]],
    ["sandbox", ["x" * 4000]],
    ["training", ["x" * 4000]],
]
"""Commands that earlier versions failed at: package and words."""


@NEEDS_FORK
@pytest.mark.parametrize("number", range(len(FOUND)))
def test_what_was_found_is_a_sentence(number: int) -> None:
    package, words = FOUND[number]
    kind, text = in_one_thread(f"try_command({package!r}, {words!r})", MODULE)
    assert kind == "sentence", text


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (0, "note", "finished"),
        (1, "error: no", "sentence"),
        (1, "error: " + "no " * 600, "long"),
        (1, "", "silent"),
        (-9, "", "traceback"),
        (1, "Traceback (most recent call last)", "traceback"),
    ],
)
def test_what_a_command_says_is_judged(code: int, text: str, kind: str) -> None:
    assert judge_output(code, text).kind == kind
