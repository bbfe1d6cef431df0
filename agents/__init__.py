"""Populations of profiles, and the minds that answer with a language model.

Must not know any world: a world's question carries all that is needed to answer it.
"""

__distribution__ = "social-sandbox"
