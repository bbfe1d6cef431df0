"""Experiments and panels: what people decided in a known situation, as tasks with the questions of the worlds.

A panel is not a log: there is no history from which a person could be made, but every decision comes with everything
that the person saw. So a panel puts each person into the world that models the experiment, lets the world's own agent
see what the person saw, and takes the question that this agent is asked.
"""
