"""keep saved searches, webhooks and what is sent to them, and the addresses that a key reads

Revision ID: 0011
Revises: 0010
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.create_table(
        "saved_search",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("noun", sqltypes.AutoString(), nullable=False),
        sa.Column("query", sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
        sa.UniqueConstraint("slug", name=op.f("uq_saved_search_slug")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "webhook",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("url", sqltypes.AutoString(), nullable=False),
        sa.Column("description", sqltypes.AutoString(), nullable=True),
        sa.Column("secret", sqltypes.AutoString(), nullable=False),
        sa.Column("old_secret", sqltypes.AutoString(), nullable=True),
        sa.Column("old_secret_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("search_id", sa.BigInteger(), nullable=True),
        sa.Column("nouns", sa.JSON(), nullable=False),
        sa.Column("operations", sa.JSON(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("disabled_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("disabled_reason", sqltypes.AutoString(), nullable=True),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["search_id"], ["saved_search.id"], name=op.f("fk_webhook_search_id_saved_search"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_webhook_search_id"), "webhook", ["search_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sqltypes.AutoString(), nullable=False),
        sa.Column("body", sqltypes.AutoString(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("tried_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_delivery_webhook_id_webhook"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("message_id", name=op.f("uq_delivery_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_delivery_webhook_id_due_at"),
        "delivery",
        ["webhook_id", "due_at"],
        unique=False,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index(op.f("ix_delivery_webhook_id_id"), "delivery", ["webhook_id", "id"], unique=False)
    op.add_column("api_key", sa.Column("paths", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("api_key", "paths")
    op.drop_table("delivery")
    op.drop_table("webhook")
    op.drop_table("saved_search")
