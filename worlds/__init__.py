"""Where people act: one Mesa model per module, each with a YAML file in `conf/world/`.

Owns the state and the laws of each world, and must not know who answers its questions.
"""

__distribution__ = "social-sandbox"
