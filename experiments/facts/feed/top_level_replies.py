"""How many replies answer the opening of a thread."""

from experiments.facts.feed.behaviours import act_always, act_with
from experiments.facts.feed.builders import thread_fact
from experiments.facts.reference import Reference

REFERENCE = Reference(0.492, 0.483, 0.505, num_people=31_293)
"""Threads rather than people."""

FACT = thread_fact(
    "top_level_replies",
    "top_level_share",
    "About half of all replies answer the opening of a thread; the rest answer replies.",
    REFERENCE,
    0.1,
    shows={"any post": {"react": act_always(reply=0.15)}},
    lacks={
        "only openings": {"react": act_with(lambda facts: {"reply": 0.2 * (facts["opening"] is None)})},
        "conversations": {"react": act_with(lambda facts: {"reply": 0.02 if facts["opening"] is None else 0.5})},
    },
)
