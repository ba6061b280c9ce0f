"""The shell of HTTP around every request: what it may ask, what it is told, and in which terms."""
