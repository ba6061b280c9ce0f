"""The store as a whole, kept safe and moved: backups, their return, and the way from one database to the other.

A backup is a SQLite file, whichever database the store is in: a whole Dateline store, which any version from
this one on can restore into either database, and which ``dateline serve`` could open as it is.
"""
