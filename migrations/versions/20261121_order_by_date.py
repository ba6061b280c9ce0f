"""order statements and documents by date, those without one included

Revision ID: 0003
Revises: 0002
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The expression is that of app/queries/filters.py, or_no_date().
SAID = "coalesce(said_earliest, '0001-01-01')"
PUBLISHED = "coalesce(published_earliest, '0001-01-01')"

INDEXES = {
    "ix_statement_said_order": f"statement ({SAID}, id)",
    "ix_statement_speaker_order": f"statement (speaker_id, {SAID}, id)",
    "ix_document_published_order": f"document ({PUBLISHED}, id)",
    "ix_document_source_order": f"document (source_id, {PUBLISHED}, id)",
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
