"""Populations that come with the project."""
