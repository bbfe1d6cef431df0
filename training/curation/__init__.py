"""Curation: decides which records a corpus keeps, in what form, and on which side of the train/test split.

Owns the rules for records (`filters`), for users and items (`k_core`), for texts (`cleaning`, `safety`, `privacy`,
`names`, `near_duplicates`) and for generated texts (`quality`, `overlap`), the grouping of records by user (`grouping`)
and the split (`splits`). Every rule counts what it drops in the funnel.

Must not know how a source was read, how profiles and tasks are made from the records, or which model is trained on
them: it sees records and texts only.
"""
