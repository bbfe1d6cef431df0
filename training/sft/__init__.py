"""Supervised fine-tuning: from a base model and the corpus's tasks to HumanLLM."""
