"""The `llm` synthesizer: a language model makes people and their moments, rules and a judge say what is kept."""
