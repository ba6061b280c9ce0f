"""The store as a whole: backup, restore, and copy from one database to another.

A backup is a SQLite file, whichever database the store is in: a whole Dateline store, which any version from
this one on can restore into either database, and which ``dateline serve`` could open as it is.
"""
