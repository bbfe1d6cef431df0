"""The machinery that builds a corpus: stages of units, their keys and receipts, and where they run.

Owns resuming, kill safety, launchers, the writer and the funnel's counts. It must not know what a stage does, which
stages there are, or what a record is.
"""
