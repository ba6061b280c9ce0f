"""Store what a machine read in a text."""
