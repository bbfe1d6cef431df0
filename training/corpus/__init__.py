"""A corpus as a whole: its settings, its stages in order, and what it exports with its data card and funnel.

Owns which stages there are and what each reads. It must not know how a stage does its work.
"""
