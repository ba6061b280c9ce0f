"""Comparisons as lists: rows of the store through the pure functions of ``analysis/`` to items, page by page."""
