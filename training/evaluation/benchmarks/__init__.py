"""Benchmarks that no model here is trained on: MotiveBench and ToMBench, with options in several orders."""
