"""Attributions: candidates built from a parse and judged by rules, or quotations in marks without a model."""
