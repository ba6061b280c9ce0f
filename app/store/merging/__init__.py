"""Merge and split events and speakers, and match what may be one."""
