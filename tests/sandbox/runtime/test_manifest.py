"""What a manifest says about the work on a run."""

import pytest

from sandbox.runtime.manifest import sum_sessions


@pytest.mark.parametrize(
    ("starts", "batch_ends", "seconds"),
    [
        ([100.0], [110.0], 50.0),
        ([100.0, 140.0], [90.0, 110.0, 145.0], 20.0),  # of the first session, what its last batch shows
        ([100.0, 120.0, 140.0], [130.0], 20.0),  # the first session got no answer
        ([], [110.0], 0.0),
    ],
)
def test_the_time_of_a_resumed_run_is_that_of_all_sessions(
    starts: list[float], batch_ends: list[float], seconds: float
) -> None:
    assert sum_sessions(starts, batch_ends, 150.0) == seconds
