"""Supervised fine-tuning: from a base model and the corpus's tasks to HumanLLM.

Owns examples, training, merging, and the check for benchmark texts in the training data. It must not know how tasks
were built: it reads a corpus's exported tasks.
"""
