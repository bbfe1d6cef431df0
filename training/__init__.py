"""How HumanLLM is made: sources, corpus, tasks, fine-tuning, merging, evaluation. Nothing here yet."""
