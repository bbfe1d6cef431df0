"""Persons: makes a profile of every user from their history, in our own words.

Owns what is counted about people (`habits`, `posters`, `reviewers`, `shoppers`), the wording templates that turn these
statistics into English (`*_templates`, `phrases`), and the extractive synthesizer that joins the two (`extractive`).

Must not know what tasks ask about the persons, nor look at any record that is not history. No text that a person wrote
gets into a profile, except for single topic words that several people use.
"""
