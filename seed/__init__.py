"""Five captured news documents with their annotations, and the function that loads them into a store."""
