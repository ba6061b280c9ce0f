"""Index the words of events, statements and documents for full-text search.

Revision ID: 20261201_full_text
Revises: 20261201_tables
"""

from collections.abc import Sequence

from alembic import op

revision: str = "20261201_full_text"
down_revision: str | None = "20261201_tables"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CORPORA = {"event": ("title", "summary"), "statement": ("text",), "document": ("title", "text")}

# FTS5 splits words at these characters. PostgreSQL's parser does not: it would keep addresses, paths and numbers whole
# and skip tags.
PUNCTUATION = "./-_@:&<>+''’"
SPACES = " " * (len(PUNCTUATION) - 1)  # the quote is doubled for SQL

# A tsvector holds at most 1 MiB: longer texts are indexed up to this many characters, which always fit.
INDEXED = 200_000

# Cutting a text into words is expensive. The planner has to know, so that it prefers the index.
WORDS_COST = 5_000

POSTGRES_FUNCTIONS = f"""
CREATE FUNCTION dateline_words(first text, second text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST {WORDS_COST} AS $$
    SELECT to_tsvector('simple', translate(
        left(coalesce(first, '') || ' ' || coalesce(second, ''), {INDEXED}), '{PUNCTUATION}', '{SPACES}'))
$$;
CREATE FUNCTION dateline_phrase(phrase text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT phraseto_tsquery('simple', translate(phrase, '{PUNCTUATION}', '{SPACES}'))
$$;
"""


def upgrade() -> None:
    create = _create_sqlite if op.get_bind().dialect.name == "sqlite" else _create_postgres
    if create is _create_postgres:
        op.execute(POSTGRES_FUNCTIONS)
    for table, columns in CORPORA.items():
        create(table, columns)


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in CORPORA:
        if sqlite:
            for when in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER {table}_fts_{when}")
            op.execute(f"DROP TABLE {table}_fts")
        else:
            op.execute(f"DROP INDEX ix_{table}_words")
    if not sqlite:
        op.execute("DROP FUNCTION dateline_words; DROP FUNCTION dateline_phrase")


def _create_postgres(table: str, columns: Sequence[str]) -> None:
    first, second = (*columns, "NULL")[:2]
    op.execute(f"CREATE INDEX ix_{table}_words ON {table} USING gin (dateline_words({first}, {second}))")


def _create_sqlite(table: str, columns: Sequence[str]) -> None:
    """Create an FTS5 table that holds the index alone; the words stay in their own table."""
    names = ", ".join(columns)
    op.execute(
        f"CREATE VIRTUAL TABLE {table}_fts USING fts5("
        f"{names}, content='{table}', content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    )
    new = ", ".join(f"new.{name}" for name in columns)
    old = ", ".join(f"old.{name}" for name in columns)
    add = f"INSERT INTO {table}_fts (rowid, {names}) VALUES (new.id, {new});"
    remove = f"INSERT INTO {table}_fts ({table}_fts, rowid, {names}) VALUES ('delete', old.id, {old});"
    on_update = f"UPDATE OF {names}"
    for when, event, action in (
        ("insert", "INSERT", add),
        ("delete", "DELETE", remove),
        ("update", on_update, remove + add),
    ):
        op.execute(f"CREATE TRIGGER {table}_fts_{when} AFTER {event} ON {table} BEGIN {action} END")
