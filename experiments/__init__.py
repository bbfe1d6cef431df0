"""The science: comparisons, stylised facts, scorecard, audit, surveys, phase diagrams, reports."""

__distribution__ = "social-sandbox"
