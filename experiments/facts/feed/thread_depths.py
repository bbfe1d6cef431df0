"""How deep threads are."""

from experiments.facts.feed.behaviours import act_always, act_with
from experiments.facts.feed.builders import thread_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(2.659, 2.627, 2.687, num_people=31_293)
"""Threads rather than people."""

FACT = thread_fact(
    "thread_depths",
    "thread_depth",
    "Threads are shallow: two or three replies from the opening to the furthest post.",
    REFERENCE,
    0.5,
    shows={"any post": {"react": act_always(reply=0.085)}},
    lacks={
        "only openings": {"react": act_with(lambda facts: {"reply": 0.2 * (facts["opening"] is None)})},
        "conversations": {"react": act_with(lambda facts: {"reply": 0.1 if facts["opening"] is None else 0.9})},
    },
)
