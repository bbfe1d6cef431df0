"""Stylised facts: known regularities of real markets and people, and whether a run shows them.

A fact is one file in the folder of its world: a statistic with one value per seed, a band from the literature or from
measured people, the reference data, what a run must have for the fact to be judged, the citation, and where the
scorecard lists it. `experiments.facts.table.judge_facts` judges runs.
"""
