"""What the tests of a world's parameters and interventions are made of."""

from typing import NamedTuple


class Knob(NamedTuple):
    """One change and what it must do; several overrides are separated as the test that reads them says."""

    name: str
    """A parameter, an intervention, or the social graph."""
    change: str
    """Overrides of the changed world."""
    metric: str
    """What is compared."""
    sign: int
    """Of the change in the metric."""
    why: str
    before: str = ""
    """Overrides of the world that it is compared with; empty: the defaults."""
