"""The routes, one file for each noun: parse, call one query, return."""
