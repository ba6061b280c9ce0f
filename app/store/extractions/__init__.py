"""Extractions saved as records: statements, claims, the event and the speakers of a document."""
