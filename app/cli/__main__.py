"""``python -m app.cli``: the ``dateline`` command."""

from app.cli import app

app()
