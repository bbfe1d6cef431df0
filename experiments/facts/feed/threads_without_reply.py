"""How many threads nobody answers."""

from experiments.facts.feed.behaviours import act_always
from experiments.facts.feed.builders import thread_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(0.107, 0.104, 0.111, num_people=31_293)
"""Threads rather than people."""

FACT = thread_fact(
    "threads_without_reply",
    "no_reply_share",
    "A tenth of all threads get no reply.",
    REFERENCE,
    0.08,
    shows={"now and then": {"react": act_always(reply=0.06)}},
    lacks={"silent": {"react": act_always(reply=0.005)}, "eager": {"react": act_always(reply=0.6)}},
)
