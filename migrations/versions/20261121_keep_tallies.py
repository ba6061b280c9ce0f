"""keep which sources cover an event, and how much hangs on it

Revision ID: 0004
Revises: 0003
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FILL_COVERAGE = """
INSERT INTO coverage (event_id, source_id, earliest, documents, first_published)
SELECT report.event_id, document.source_id, event.earliest, count(*), min(document.published_earliest)
FROM report JOIN event ON event.id = report.event_id JOIN document ON document.id = report.document_id
GROUP BY report.event_id, document.source_id, event.earliest
"""
FILL_TALLY = """
INSERT INTO tally (event_id, sources, documents, statements)
SELECT event.id,
    (SELECT count(*) FROM coverage WHERE coverage.event_id = event.id),
    (SELECT count(*) FROM report WHERE report.event_id = event.id),
    (SELECT count(*) FROM statement WHERE statement.event_id = event.id)
FROM event
"""


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("sources", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("statements", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_tally_event_id_event"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_tally")),
    )
    op.create_table(
        "coverage",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("earliest", sa.Date(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("first_published", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_coverage_event_id_event"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_coverage_source_id_source"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "source_id", name=op.f("pk_coverage")),
        sqlite_with_rowid=False,
    )
    op.execute(FILL_COVERAGE)
    op.execute(FILL_TALLY)
    op.create_index("ix_tally_sources_event_id", "tally", ["sources", "event_id"])
    op.create_index("ix_tally_statements_event_id", "tally", ["statements", "event_id"])
    op.create_index("ix_coverage_source_id_earliest_event_id", "coverage", ["source_id", "earliest", "event_id"])


def downgrade() -> None:
    op.drop_table("coverage")
    op.drop_table("tally")
