"""Superset's configuration for the tests: a throw-away home, and permission to open SQLite files."""

import os

SECRET_KEY = "for one test, on one machine: nobody else gets here"
SQLALCHEMY_DATABASE_URI = f"sqlite:///{os.environ['SUPERSET_HOME']}/superset.db"
# Superset refuses SQLite otherwise, since whoever may add a database could then open any file of its machine.
PREVENT_UNSAFE_DB_CONNECTIONS = False
WTF_CSRF_ENABLED = False
