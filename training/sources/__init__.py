"""Formats of logs: each source reads its files into the same records and items, and names the platform they are from.

Owns records and items, readers, and what a platform is. It must not know what later stages keep or make of records.
"""
