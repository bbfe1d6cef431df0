"""Real people as an arm: human experiments in the form of the worlds that repeat them.

Each module reads one data set from a folder that is not part of the project, brings it into the form in which a world
keeps what happened, and prints measured values and fitted parameters. Only these leave the data.
"""
