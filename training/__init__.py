"""How HumanLLM is made: from raw logs to a corpus of people and tasks, then fine-tuning, merging, evaluation, release.

The command line (`cli.py`) calls one room for each command. No room may import `experiments/` or `worlds/`.
"""

__distribution__ = "social-sandbox"
