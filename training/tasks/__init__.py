"""What a model is trained on and judged by: questions about one person at one moment, and what they really did."""
