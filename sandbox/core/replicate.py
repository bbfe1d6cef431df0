"""What one replicate is: an arm and a seed."""

from typing import NamedTuple


class Replicate(NamedTuple):
    """One world of a run. Replicates with the same seed share agents, graph and random numbers across arms."""

    arm: str
    """The condition, such as `main` or `humanllm:forced`."""
    seed: int
    """Root of the replicate's random numbers."""

    def __str__(self) -> str:
        """Return the replicate as messages and file names show it: `main/0`."""
        return f"{self.arm}/{self.seed}"
