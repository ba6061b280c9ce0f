"""keep what lists show of the sources of an event

Revision ID: 0008
Revises: 0007
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OUTLET = """
    'slug', source.slug, 'name', source.name,
    'documents', coverage.documents, 'first_published', coverage.first_published
"""
COVERING = "coverage JOIN source ON source.id = coverage.source_id WHERE coverage.event_id = tally.event_id"
IN_ORDER = "ORDER BY coverage.first_published NULLS LAST, source.id"
FILL = {
    "sqlite": f"""UPDATE tally SET outlets = (SELECT coalesce('[' || group_concat(outlet) || ']', '[]') FROM (
        SELECT json_object({OUTLET}) AS outlet FROM {COVERING} {IN_ORDER}))""",
    "postgresql": f"""UPDATE tally SET outlets = (SELECT
        coalesce(json_agg(json_build_object({OUTLET}) {IN_ORDER}), '[]') FROM {COVERING})::text""",
}


def upgrade() -> None:
    column: sa.Column[str] = sa.Column(
        "outlets", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default="[]"
    )
    op.add_column("tally", column)
    op.execute(FILL[op.get_bind().dialect.name])
    with op.batch_alter_table("tally") as batch_op:
        batch_op.alter_column("outlets", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("tally") as batch_op:
        batch_op.drop_column("outlets")
