"""The tables, the engine, and how a process reads its store."""
