"""How unequally replies are spread over threads."""

from experiments.facts.feed.behaviours import act_always, act_with
from experiments.facts.feed.builders import thread_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(0.718, 0.706, 0.736, num_people=31_293)
"""Threads rather than people."""

FACT = thread_fact(
    "uneven_threads",
    "gini_threads",
    "A few threads draw most of the posts.",
    REFERENCE,
    0.1,
    shows={"a few threads": {"react": act_with(lambda facts: {"reply": 0.35 if facts["thread"] % 6 == 0 else 0.02})}},
    lacks={"any post": {"react": act_always(reply=0.12)}, "silent": {"react": act_always(reply=0.01)}},
    level="distribution",
)
