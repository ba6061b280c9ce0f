"""Rows in, what follows from them out; pure functions."""
