"""Benchmarks that nobody is trained on: MotiveBench and ToMBench, in all orders of their options."""
