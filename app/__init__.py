"""Dateline: a REST API over a source-attributed event store."""
