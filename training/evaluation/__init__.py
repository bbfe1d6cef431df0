"""How close a model comes to people it never saw: their choices, their texts, and whether the person matters.

Owns models under evaluation, cases, controls, baselines, and the report. It must not know how a corpus was built or a
model was trained: it reads exported files and folders of models.
"""
