"""From a corpus to what ships: every command in turn, then a folder with the adapter, its model card and its scores.

Owns the recipe, the folder that ships and its model card. It must not know how a step does its work: it calls the
commands.
"""
