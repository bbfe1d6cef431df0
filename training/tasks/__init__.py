"""What a model is trained on and judged by: questions about one person at one decision point, and what they did.

Owns decision points, catalogs of options, task forms and their prompts. It must not know where records come from, or
how a model is trained on its tasks.
"""
