"""How near a model is to people whom it never saw: choices, texts, and whether the person matters at all."""
