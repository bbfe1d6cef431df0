"""The `llm` synthesizer: a language model makes people and objects about them; rules and a judge filter these.

Owns the prompts and steps of synthesis, the objects that they make, and the judge. It must not know tasks, or which
mind answers.
"""
