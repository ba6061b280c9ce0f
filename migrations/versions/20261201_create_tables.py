"""Create the tables, and the indexes that their lists are read by.

Revision ID: 20261201_tables
Revises:
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision: str = "20261201_tables"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Keys are compared by code point on both databases, whatever the language of the database.
_KEY = sqltypes.AutoString().with_variant(sqltypes.AutoString(collation="C"), "postgresql")
_BY_MACHINE = sa.text("coded_by = 'machine'")

# Indexes of expressions, which Alembic cannot read back. The expressions are those of app/queries/filters.py.
_SAID = "coalesce(said_earliest, '0001-01-01')"
_PUBLISHED = "coalesce(published_earliest, '0001-01-01')"
_EXPRESSION_INDEXES = {
    "ix_claim_property_order": "claim (property, id)",
    "ix_document_lasting_order": f"document ({_PUBLISHED}, id) WHERE published_latest > published_earliest",
    "ix_document_published_order": f"document ({_PUBLISHED}, id)",
    "ix_document_source_lasting_order": (
        f"document (source_id, {_PUBLISHED}, id) WHERE published_latest > published_earliest"
    ),
    "ix_document_source_order": f"document (source_id, {_PUBLISHED}, id)",
    "ix_event_lasting_order": "event (earliest, id) WHERE latest > earliest",
    "ix_event_place_order": "event (place_key, earliest, id)",
    "ix_source_name_order": "source (name_key, id)",
    "ix_speaker_name_order": "speaker (name_key, id)",
    "ix_statement_lasting_order": f"statement ({_SAID}, id) WHERE said_latest > said_earliest",
    "ix_statement_said_order": f"statement ({_SAID}, id)",
    "ix_statement_speaker_lasting_order": f"statement (speaker_id, {_SAID}, id) WHERE said_latest > said_earliest",
    "ix_statement_speaker_order": f"statement (speaker_id, {_SAID}, id)",
    "ix_utterance_lasting_order": f"utterance ({_SAID}, id) WHERE said_latest > said_earliest",
    "ix_utterance_said_order": f"utterance ({_SAID}, id)",
    "ix_utterance_speaker_order": f"utterance (speaker_id, {_SAID}, id)",
}

_TABLES = (
    "api_key",
    "pending_mention",
    "revision",
    "saved_search",
    "event",
    "history",
    "idempotency_key",
    "import",
    "source",
    "webhook",
    "coverage",
    "delivery",
    "document",
    "feed",
    "origin",
    "source_alias",
    "speaker",
    "tally",
    "feed_item",
    "provenance",
    "reading",
    "rejection",
    "report",
    "speaker_alias",
    "utterance",
    "claim",
    "statement",
    "attribution",
    "match",
    "voicing",
)


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("prefix", sqltypes.AutoString(), nullable=False),
        sa.Column("sha256", sqltypes.AutoString(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("paths", sa.JSON(), nullable=True),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("revoked_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("prefix", name="uq_api_key_prefix"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pending_mention",
        sa.Column("external_id", sqltypes.AutoString(), nullable=False),
        sa.Column("fingerprint", sqltypes.AutoString(), nullable=False),
        sa.Column("line", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("external_id", "fingerprint", name="pk_pending_mention"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("author", sqltypes.AutoString(), nullable=False),
        sa.Column("message", sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "saved_search",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("noun", sqltypes.AutoString(), nullable=False),
        sa.Column("query", sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_search"),
        sa.UniqueConstraint("slug", name="uq_saved_search_slug"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("date", sqltypes.AutoString(), nullable=False),
        sa.Column("earliest", sa.Date(), nullable=False),
        sa.Column("latest", sa.Date(), nullable=False),
        sa.Column("latest_start", sa.Date(), nullable=True),
        sa.Column("earliest_end", sa.Date(), nullable=True),
        sa.Column("title", sqltypes.AutoString(), nullable=False),
        sa.Column("summary", sqltypes.AutoString(), nullable=True),
        sa.Column("type", sqltypes.AutoString(), nullable=False),
        sa.Column("place", sqltypes.AutoString(), nullable=True),
        sa.Column("place_key", _KEY, nullable=True),
        sa.Column("country", sqltypes.AutoString(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("external_id", sqltypes.AutoString(), nullable=True),
        sa.Column("merged_into_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_event_latitude")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_event_longitude")),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["event.id"], name="fk_event_merged_into_id_event", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_event_revision_id_revision"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.UniqueConstraint("external_id", name="uq_event_external_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_event_confidence_id", "event", ["confidence", "id"], sqlite_where=_BY_MACHINE, postgresql_where=_BY_MACHINE
    )
    op.create_index("ix_event_country_earliest_id", "event", ["country", "earliest", "id"])
    op.create_index("ix_event_earliest_id", "event", ["earliest", "id"])
    op.create_index("ix_event_latest_start_earliest_end", "event", ["latest_start", "earliest_end"])
    op.create_index("ix_event_latitude_longitude", "event", ["latitude", "longitude"])
    op.create_index(
        "ix_event_merged_into_id",
        "event",
        ["merged_into_id"],
        sqlite_where=sa.text("merged_into_id IS NOT NULL"),
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_index("ix_event_revision_id", "event", ["revision_id"])
    op.create_index("ix_event_type_earliest_id", "event", ["type", "earliest", "id"])
    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("table_name", sqltypes.AutoString(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("replaced_revision_id", sa.BigInteger(), nullable=False),
        sa.Column("operation", sqltypes.AutoString(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["replaced_revision_id"], ["revision.id"], name="fk_history_replaced_revision_id_revision"
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_history_revision_id_revision"),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_history_replaced_revision_id", "history", ["replaced_revision_id"])
    op.create_index("ix_history_revision_id", "history", ["revision_id"])
    op.create_index("ix_history_table_name_row_id_revision_id", "history", ["table_name", "row_id", "revision_id"])
    op.create_table(
        "idempotency_key",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("api_key_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sqltypes.AutoString(), nullable=False),
        sa.Column("fingerprint", sqltypes.AutoString(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_key.id"], name="fk_idempotency_key_api_key_id_api_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_idempotency_key"),
        sa.UniqueConstraint("api_key_id", "key", name="uq_idempotency_key_api_key_id_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"])
    op.create_table(
        "import",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("format", sqltypes.AutoString(), nullable=False),
        sa.Column("fingerprint", sqltypes.AutoString(), nullable=True),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("author", sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("began_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_import_revision_id_revision"),
        sa.PrimaryKeyConstraint("id", name="pk_import"),
        sa.UniqueConstraint("format", "fingerprint", name="uq_import_format_fingerprint"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "source",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("slug", sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("name_key", _KEY, nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("country", sqltypes.AutoString(), nullable=True),
        sa.Column("language", sqltypes.AutoString(), nullable=True),
        sa.Column("homepage", sqltypes.AutoString(), nullable=True),
        sa.Column("state_affiliated", sa.Boolean(), nullable=True),
        sa.Column("wikidata_id", sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_source_revision_id_revision"),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
        sa.UniqueConstraint("slug", name="uq_source_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_source_revision_id", "source", ["revision_id"])
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
            ["search_id"], ["saved_search.id"], name="fk_webhook_search_id_saved_search", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhook_search_id", "webhook", ["search_id"])
    op.create_table(
        "coverage",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("earliest", sa.Date(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("first_published", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_coverage_event_id_event", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_coverage_source_id_source", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "source_id", name="pk_coverage"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_coverage_source_id_earliest_event_id", "coverage", ["source_id", "earliest", "event_id"])
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
            ["webhook_id"], ["webhook.id"], name="fk_delivery_webhook_id_webhook", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("message_id", name="uq_delivery_message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_delivery_webhook_id_due_at",
        "delivery",
        ["webhook_id", "due_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_delivery_webhook_id_id", "delivery", ["webhook_id", "id"])
    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sqltypes.AutoString(), nullable=True),
        sa.Column("canonical_url", sqltypes.AutoString(), nullable=True),
        sa.Column("title", sqltypes.AutoString(), nullable=True),
        sa.Column("byline", sqltypes.AutoString(), nullable=True),
        sa.Column("language", sqltypes.AutoString(), nullable=True),
        sa.Column("published", sqltypes.AutoString(), nullable=True),
        sa.Column("published_earliest", sa.Date(), nullable=True),
        sa.Column("published_latest", sa.Date(), nullable=True),
        sa.Column("published_latest_start", sa.Date(), nullable=True),
        sa.Column("published_earliest_end", sa.Date(), nullable=True),
        sa.Column("published_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("retrieved_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("text", sqltypes.AutoString(), nullable=False),
        sa.Column("sha256", sqltypes.AutoString(), nullable=False),
        sa.Column("identity", sqltypes.AutoString(), nullable=False),
        sa.Column("supersedes_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_document_revision_id_revision"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_document_source_id_source", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["document.id"], name="fk_document_supersedes_id_document", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
        sa.UniqueConstraint("source_id", "identity", "sha256", name="uq_document_source_id_identity_sha256"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_document_revision_id", "document", ["revision_id"])
    op.create_index("ix_document_supersedes_id", "document", ["supersedes_id"])
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
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_feed_source_id_source", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
        sa.UniqueConstraint("url", name="uq_feed_url"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_feed_active_due_at", "feed", ["active", "due_at"])
    op.create_index("ix_feed_source_id", "feed", ["source_id"])
    op.create_table(
        "origin",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_origin_event_id_event", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "key", name="pk_origin"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_origin_key_event_id", "origin", ["key", "event_id"])
    op.create_table(
        "source_alias",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("name_key", _KEY, nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_source_alias_revision_id_revision"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name="fk_source_alias_source_id_source", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_source_alias"),
        sa.UniqueConstraint("source_id", "name_key", name="uq_source_alias_source_id_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_source_alias_name_key", "source_alias", ["name_key"])
    op.create_index("ix_source_alias_revision_id", "source_alias", ["revision_id"])
    op.create_table(
        "speaker",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("slug", sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("name_key", _KEY, nullable=False),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("title", sqltypes.AutoString(), nullable=True),
        sa.Column("country", sqltypes.AutoString(), nullable=True),
        sa.Column("wikidata_id", sqltypes.AutoString(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_speaker_revision_id_revision"),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_speaker_source_id_source", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_speaker"),
        sa.UniqueConstraint("slug", name="uq_speaker_slug"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_speaker_confidence_id",
        "speaker",
        ["confidence", "id"],
        sqlite_where=_BY_MACHINE,
        postgresql_where=_BY_MACHINE,
    )
    op.create_index("ix_speaker_revision_id", "speaker", ["revision_id"])
    op.create_index("ix_speaker_source_id", "speaker", ["source_id"])
    op.create_table(
        "tally",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("sources", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("statements", sa.Integer(), nullable=False),
        sa.Column("origins", sa.Integer(), nullable=False),
        sa.Column("outlets", sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_tally_event_id_event", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", name="pk_tally"),
    )
    op.create_index("ix_tally_origins_event_id", "tally", ["origins", "event_id"])
    op.create_index("ix_tally_sources_event_id", "tally", ["sources", "event_id"])
    op.create_index("ix_tally_statements_event_id", "tally", ["statements", "event_id"])
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
            ["document_id"], ["document.id"], name="fk_feed_item_document_id_document", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name="fk_feed_item_feed_id_feed", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_feed_item"),
        sa.UniqueConstraint("feed_id", "key", name="uq_feed_item_feed_id_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_feed_item_document_id", "feed_item", ["document_id"])
    op.create_index("ix_feed_item_feed_id_id", "feed_item", ["feed_id", "id"])
    op.create_table(
        "provenance",
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("credit", sqltypes.AutoString(), nullable=True),
        sa.Column("credit_key", _KEY, nullable=True),
        sa.Column("credit_start", sa.Integer(), nullable=True),
        sa.Column("credit_end", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name="fk_provenance_document_id_document", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", name="pk_provenance"),
    )
    op.create_index(
        "ix_provenance_credit_key",
        "provenance",
        ["credit_key"],
        sqlite_where=sa.text("credit_key IS NOT NULL"),
        postgresql_where=sa.text("credit_key IS NOT NULL"),
    )
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
            ["document_id"], ["document.id"], name="fk_reading_document_id_document", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_reading_revision_id_revision"),
        sa.PrimaryKeyConstraint("id", name="pk_reading"),
        sa.UniqueConstraint("document_id", name="uq_reading_document_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reading_reader", "reading", ["reader"])
    op.create_index("ix_reading_revision_id", "reading", ["revision_id"])
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
            ["document_id"], ["document.id"], name="fk_rejection_document_id_document", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rejection"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rejection_document_id_noun", "rejection", ["document_id", "noun"])
    op.create_index("ix_rejection_noun_words_key", "rejection", ["noun", "words_key"])
    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("date", sqltypes.AutoString(), nullable=True),
        sa.Column("earliest", sa.Date(), nullable=True),
        sa.Column("latest", sa.Date(), nullable=True),
        sa.Column("latest_start", sa.Date(), nullable=True),
        sa.Column("earliest_end", sa.Date(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sqltypes.AutoString(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.CheckConstraint('"start" >= 0 AND "end" > "start"', name=op.f("ck_report_span")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name="fk_report_document_id_document", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_report_event_id_event", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_report_revision_id_revision"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
        sa.UniqueConstraint("event_id", "document_id", name="uq_report_event_id_document_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_report_confidence_id",
        "report",
        ["confidence", "id"],
        sqlite_where=_BY_MACHINE,
        postgresql_where=_BY_MACHINE,
    )
    op.create_index("ix_report_document_id", "report", ["document_id"])
    op.create_index("ix_report_revision_id", "report", ["revision_id"])
    op.create_table(
        "speaker_alias",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("speaker_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("name_key", _KEY, nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_speaker_alias_revision_id_revision"),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name="fk_speaker_alias_speaker_id_speaker", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_speaker_alias"),
        sa.UniqueConstraint("speaker_id", "name_key", name="uq_speaker_alias_speaker_id_name_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_speaker_alias_name_key", "speaker_alias", ["name_key"])
    op.create_index("ix_speaker_alias_revision_id", "speaker_alias", ["revision_id"])
    op.create_table(
        "utterance",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("said", sqltypes.AutoString(), nullable=True),
        sa.Column("said_earliest", sa.Date(), nullable=True),
        sa.Column("said_latest", sa.Date(), nullable=True),
        sa.Column("said_latest_start", sa.Date(), nullable=True),
        sa.Column("said_earliest_end", sa.Date(), nullable=True),
        sa.Column("speaker_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_utterance_revision_id_revision"),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name="fk_utterance_speaker_id_speaker", ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_utterance"),
        sa.UniqueConstraint("external_id", name="uq_utterance_external_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_utterance_revision_id", "utterance", ["revision_id"])
    op.create_table(
        "claim",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("property", _KEY, nullable=False),
        sa.Column("value", sqltypes.AutoString(), nullable=False),
        sa.Column("normalized", sqltypes.AutoString(), nullable=True),
        sa.Column("unit", sqltypes.AutoString(), nullable=True),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("attributed_to_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint('"start" >= 0 AND "end" > "start"', name=op.f("ck_claim_span")),
        sa.ForeignKeyConstraint(
            ["attributed_to_id"], ["speaker.id"], name="fk_claim_attributed_to_id_speaker", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_claim_report_id_report", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_claim_revision_id_revision"),
        sa.PrimaryKeyConstraint("id", name="pk_claim"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_claim_attributed_to_id", "claim", ["attributed_to_id"])
    op.create_index(
        "ix_claim_confidence_id", "claim", ["confidence", "id"], sqlite_where=_BY_MACHINE, postgresql_where=_BY_MACHINE
    )
    op.create_index("ix_claim_report_id", "claim", ["report_id"])
    op.create_index("ix_claim_revision_id", "claim", ["revision_id"])
    op.create_table(
        "statement",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("said", sqltypes.AutoString(), nullable=True),
        sa.Column("said_earliest", sa.Date(), nullable=True),
        sa.Column("said_latest", sa.Date(), nullable=True),
        sa.Column("said_latest_start", sa.Date(), nullable=True),
        sa.Column("said_earliest_end", sa.Date(), nullable=True),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("speaker_id", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("utterance_id", sa.BigInteger(), nullable=True),
        sa.Column("utterance_by", sqltypes.AutoString(), nullable=True),
        sa.Column("utterance_confidence", sa.Float(), nullable=True),
        sa.Column("kind", sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqltypes.AutoString(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("cue", sqltypes.AutoString(), nullable=True),
        sa.Column("cue_start", sa.Integer(), nullable=True),
        sa.Column("cue_end", sa.Integer(), nullable=True),
        sa.Column("language", sqltypes.AutoString(), nullable=True),
        sa.Column("translated", sa.Boolean(), nullable=True),
        sa.CheckConstraint('"start" >= 0 AND "end" > "start"', name=op.f("ck_statement_span")),
        sa.CheckConstraint("cue_start >= 0 AND cue_end > cue_start", name=op.f("ck_statement_cue_span")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name="fk_statement_document_id_document", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_statement_event_id_event", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_statement_revision_id_revision"),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name="fk_statement_speaker_id_speaker", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["utterance_id"], ["utterance.id"], name="fk_statement_utterance_id_utterance", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_statement"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_statement_confidence_id",
        "statement",
        ["confidence", "id"],
        sqlite_where=_BY_MACHINE,
        postgresql_where=_BY_MACHINE,
    )
    op.create_index("ix_statement_document_id_start", "statement", ["document_id", "start"])
    op.create_index("ix_statement_event_id", "statement", ["event_id"])
    op.create_index("ix_statement_revision_id", "statement", ["revision_id"])
    op.create_index("ix_statement_utterance_id", "statement", ["utterance_id"])
    op.create_table(
        "attribution",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("speaker_id", sa.BigInteger(), nullable=False),
        sa.Column("cue", sqltypes.AutoString(), nullable=True),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.CheckConstraint('"start" >= 0 AND "end" > "start"', name=op.f("ck_attribution_span")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_attribution_revision_id_revision"),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name="fk_attribution_speaker_id_speaker", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name="fk_attribution_statement_id_statement", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_attribution"),
        sa.UniqueConstraint("statement_id", "position", name="uq_attribution_statement_id_position"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_attribution_revision_id", "attribution", ["revision_id"])
    op.create_index("ix_attribution_speaker_id", "attribution", ["speaker_id"])
    op.create_table(
        "match",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("other_event_id", sa.BigInteger(), nullable=True),
        sa.Column("statement_id", sa.BigInteger(), nullable=True),
        sa.Column("other_statement_id", sa.BigInteger(), nullable=True),
        sa.Column("same", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_match_event_id_event", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["other_event_id"], ["event.id"], name="fk_match_other_event_id_event", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_statement_id"], ["statement.id"], name="fk_match_other_statement_id_statement", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name="fk_match_revision_id_revision"),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name="fk_match_statement_id_statement", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_match"),
        sa.UniqueConstraint("event_id", "other_event_id", name="uq_match_event_id_other_event_id"),
        sa.UniqueConstraint("statement_id", "other_statement_id", name="uq_match_statement_id_other_statement_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_match_confidence_id", "match", ["confidence", "id"], sqlite_where=_BY_MACHINE, postgresql_where=_BY_MACHINE
    )
    op.create_index("ix_match_other_event_id", "match", ["other_event_id"])
    op.create_index("ix_match_other_statement_id", "match", ["other_statement_id"])
    op.create_index("ix_match_revision_id", "match", ["revision_id"])
    op.create_table(
        "voicing",
        sa.Column("speaker_id", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("lasts", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name="fk_voicing_speaker_id_speaker", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name="fk_voicing_statement_id_statement", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("speaker_id", "first", "statement_id", name="pk_voicing"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_voicing_speaker_id_last",
        "voicing",
        ["speaker_id", "last"],
        sqlite_where=sa.text("lasts"),
        postgresql_where=sa.text("lasts"),
    )
    op.create_index("ix_voicing_statement_id", "voicing", ["statement_id"])

    for name, columns in _EXPRESSION_INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")


def downgrade() -> None:
    for name in reversed(_TABLES):
        op.drop_table(name)
