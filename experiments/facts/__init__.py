"""Stylised facts: what is known of real markets and people, and whether a run shows it.

A fact is one file: a statistic with one value per seed, a band from the literature or from measured people, what a
run must have for the fact to be judged, and the citation. `experiments.facts.table.facts_of` judges runs.
"""
