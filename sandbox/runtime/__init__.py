"""Runs: configuration, the runner that drives all replicates in lockstep, the decision log, and runs as folders.

Owns everything between a composed configuration and the results of a run, and the contract of worlds. It must not know
any world or any mind: `conf/` names them, and they are met through the types of `sandbox.core`.
"""
