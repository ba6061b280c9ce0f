"""keep what the machine read and what people said of it, and the feeds that are watched

Revision ID: 0009
Revises: 0008
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sqltypes.AutoString().with_variant(sqltypes.AutoString(collation="C"), "postgresql")
_BY_MACHINE = sa.text("coded_by = 'machine'")
_REVIEWED = ("event", "report", "speaker", "statement")


def upgrade() -> None:
    op.create_table(
        "feed",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("url", sqltypes.AutoString(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("format", sqltypes.AutoString(), nullable=True),
        sa.Column("title", sqltypes.AutoString(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("extract", sa.Boolean(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("etag", sqltypes.AutoString(), nullable=True),
        sa.Column("last_modified", sqltypes.AutoString(), nullable=True),
        sa.Column("ttl", sa.Integer(), nullable=False),
        sa.Column("result", sqltypes.AutoString(), nullable=True),
        sa.Column("detail", sqltypes.AutoString(), nullable=True),
        sa.Column("checked_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("changed_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_feed_source_id_source"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sa.UniqueConstraint("url", name=op.f("uq_feed_url")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_feed_active_due_at"), "feed", ["active", "due_at"], unique=False)
    op.create_index(op.f("ix_feed_source_id"), "feed", ["source_id"], unique=False)
    op.create_table(
        "feed_item",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("feed_id", sa.BigInteger(), nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("url", sqltypes.AutoString(), nullable=False),
        sa.Column("updated", sqltypes.AutoString(), nullable=True),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("detail", sqltypes.AutoString(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("seen_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_feed_item_document_id_document"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_feed_item_feed_id_feed"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_item")),
        sa.UniqueConstraint("feed_id", "key", name=op.f("uq_feed_item_feed_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_feed_item_feed_id_id"), "feed_item", ["feed_id", "id"], unique=False)
    op.create_index(op.f("ix_feed_item_document_id"), "feed_item", ["document_id"], unique=False)
    op.create_table(
        "reading",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("reader", sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("statements", sa.Integer(), nullable=False),
        sa.Column("suggestions", sa.Integer(), nullable=False),
        sa.Column("note", sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_reading_document_id_document"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_reading_revision_id_revision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading")),
        sa.UniqueConstraint("document_id", name=op.f("uq_reading_document_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reading_reader"), "reading", ["reader"], unique=False)
    op.create_index(op.f("ix_reading_revision_id"), "reading", ["revision_id"], unique=False)
    op.create_table(
        "rejection",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=True),
        sa.Column("noun", sqltypes.AutoString(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.Column("words_key", _KEY, nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("author", sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_rejection_document_id_document"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejection")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_rejection_document_id_noun"), "rejection", ["document_id", "noun"], unique=False)
    op.create_index(op.f("ix_rejection_noun_words_key"), "rejection", ["noun", "words_key"], unique=False)
    for table in _REVIEWED:
        name = op.f(f"ix_{table}_confidence_id")
        op.create_index(name, table, ["confidence", "id"], sqlite_where=_BY_MACHINE, postgresql_where=_BY_MACHINE)


def downgrade() -> None:
    for table in _REVIEWED:
        op.drop_index(op.f(f"ix_{table}_confidence_id"), table_name=table)
    for table in ("rejection", "reading", "feed_item", "feed"):
        op.drop_table(table)
