"""Five captured news documents and their annotation, and the way they get into a store."""
