"""HTTP, a file a noun: parse, call one query, return."""
