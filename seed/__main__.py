"""``python -m seed``: the same as ``dateline seed``."""

from app.cli import app

if __name__ == "__main__":
    app(["seed"])
