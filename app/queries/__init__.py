"""Every read, a file a noun; the only room in which ``select`` is written."""
