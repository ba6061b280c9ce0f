"""Denormalized tables: derived from the records, kept for fast lists and comparisons, rebuilt at any time."""
