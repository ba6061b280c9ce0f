"""create the store

Revision ID: 0001
Revises:
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("prefix", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("revoked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_key_prefix")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("author", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("message", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("date", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("earliest", sa.Date(), nullable=False),
        sa.Column("latest", sa.Date(), nullable=False),
        sa.Column("latest_start", sa.Date(), nullable=True),
        sa.Column("earliest_end", sa.Date(), nullable=True),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("summary", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("place", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("place_key", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("country", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("merged_into_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name=op.f("ck_event_latitude")),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name=op.f("ck_event_longitude")),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["event.id"], name=op.f("fk_event_merged_into_id_event"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_event_revision_id_revision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("external_id", name=op.f("uq_event_external_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("event") as batch_op:
        batch_op.create_index(batch_op.f("ix_event_country_earliest_id"), ["country", "earliest", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_earliest_id"), ["earliest", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_event_latest_start_earliest_end"), ["latest_start", "earliest_end"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_event_latitude_longitude"), ["latitude", "longitude"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_event_merged_into_id"),
            ["merged_into_id"],
            unique=False,
            sqlite_where=sa.text("merged_into_id IS NOT NULL"),
            postgresql_where=sa.text("merged_into_id IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_event_place_key"), ["place_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_revision_id"), ["revision_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_type_earliest_id"), ["type", "earliest", "id"], unique=False)

    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("table_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("replaced_revision_id", sa.BigInteger(), nullable=False),
        sa.Column("operation", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["replaced_revision_id"], ["revision.id"], name=op.f("fk_history_replaced_revision_id_revision")
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_history_revision_id_revision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("history") as batch_op:
        batch_op.create_index(batch_op.f("ix_history_replaced_revision_id"), ["replaced_revision_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_history_revision_id"), ["revision_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_history_table_name_row_id_revision_id"),
            ["table_name", "row_id", "revision_id"],
            unique=False,
        )

    op.create_table(
        "idempotency_key",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("api_key_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fingerprint", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_key_id"], ["api_key.id"], name=op.f("fk_idempotency_key_api_key_id_api_key"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_key")),
        sa.UniqueConstraint("api_key_id", "key", name=op.f("uq_idempotency_key_api_key_id_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("idempotency_key") as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_key_created_at"), ["created_at"], unique=False)

    op.create_table(
        "source",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("country", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("homepage", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("state_affiliated", sa.Boolean(), nullable=True),
        sa.Column("wikidata_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_source_revision_id_revision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("slug", name=op.f("uq_source_slug")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("source") as batch_op:
        batch_op.create_index(batch_op.f("ix_source_name_key"), ["name_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_source_revision_id"), ["revision_id"], unique=False)

    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("canonical_url", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("byline", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("published", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("published_earliest", sa.Date(), nullable=True),
        sa.Column("published_latest", sa.Date(), nullable=True),
        sa.Column("published_latest_start", sa.Date(), nullable=True),
        sa.Column("published_earliest_end", sa.Date(), nullable=True),
        sa.Column("published_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("retrieved_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("identity", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("supersedes_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_document_revision_id_revision")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_document_source_id_source"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"], ["document.id"], name=op.f("fk_document_supersedes_id_document"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("source_id", "identity", "sha256", name=op.f("uq_document_source_id_identity_sha256")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("document") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_document_published_earliest_id"), ["published_earliest", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_document_revision_id"), ["revision_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_supersedes_id"), ["supersedes_id"], unique=False)

    op.create_table(
        "source_alias",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_source_alias_revision_id_revision")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_source_alias_source_id_source"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_alias")),
        sa.UniqueConstraint("source_id", "name_key", name=op.f("uq_source_alias_source_id_name_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("source_alias") as batch_op:
        batch_op.create_index(batch_op.f("ix_source_alias_name_key"), ["name_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_source_alias_revision_id"), ["revision_id"], unique=False)

    op.create_table(
        "speaker",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("country", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("wikidata_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_speaker_revision_id_revision")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_speaker_source_id_source"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_speaker")),
        sa.UniqueConstraint("slug", name=op.f("uq_speaker_slug")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("speaker") as batch_op:
        batch_op.create_index(batch_op.f("ix_speaker_name_key"), ["name_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_speaker_revision_id"), ["revision_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_speaker_source_id"), ["source_id"], unique=False)

    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("date", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("earliest", sa.Date(), nullable=True),
        sa.Column("latest", sa.Date(), nullable=True),
        sa.Column("latest_start", sa.Date(), nullable=True),
        sa.Column("earliest_end", sa.Date(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.CheckConstraint('"start" >= 0 AND "end" > "start"', name=op.f("ck_report_span")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_report_document_id_document"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_report_event_id_event"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_report_revision_id_revision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("event_id", "document_id", name=op.f("uq_report_event_id_document_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("report") as batch_op:
        batch_op.create_index(batch_op.f("ix_report_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_report_revision_id"), ["revision_id"], unique=False)

    op.create_table(
        "speaker_alias",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("speaker_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_speaker_alias_revision_id_revision")),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name=op.f("fk_speaker_alias_speaker_id_speaker"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_speaker_alias")),
        sa.UniqueConstraint("speaker_id", "name_key", name=op.f("uq_speaker_alias_speaker_id_name_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("speaker_alias") as batch_op:
        batch_op.create_index(batch_op.f("ix_speaker_alias_name_key"), ["name_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_speaker_alias_revision_id"), ["revision_id"], unique=False)

    op.create_table(
        "utterance",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("said", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("said_earliest", sa.Date(), nullable=True),
        sa.Column("said_latest", sa.Date(), nullable=True),
        sa.Column("said_latest_start", sa.Date(), nullable=True),
        sa.Column("said_earliest_end", sa.Date(), nullable=True),
        sa.Column("speaker_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_utterance_revision_id_revision")),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name=op.f("fk_utterance_speaker_id_speaker"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_utterance")),
        sa.UniqueConstraint("external_id", name=op.f("uq_utterance_external_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("utterance") as batch_op:
        batch_op.create_index(batch_op.f("ix_utterance_revision_id"), ["revision_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_utterance_speaker_id"), ["speaker_id"], unique=False)

    op.create_table(
        "claim",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("property", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("value", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("normalized", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("attributed_to_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint('"start" >= 0 AND "end" > "start"', name=op.f("ck_claim_span")),
        sa.ForeignKeyConstraint(
            ["attributed_to_id"], ["speaker.id"], name=op.f("fk_claim_attributed_to_id_speaker"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name=op.f("fk_claim_report_id_report"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_claim_revision_id_revision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("claim") as batch_op:
        batch_op.create_index(batch_op.f("ix_claim_attributed_to_id"), ["attributed_to_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_claim_property"), ["property"], unique=False)
        batch_op.create_index(batch_op.f("ix_claim_report_id"), ["report_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_claim_revision_id"), ["revision_id"], unique=False)

    op.create_table(
        "statement",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("said", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("said_earliest", sa.Date(), nullable=True),
        sa.Column("said_latest", sa.Date(), nullable=True),
        sa.Column("said_latest_start", sa.Date(), nullable=True),
        sa.Column("said_earliest_end", sa.Date(), nullable=True),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("speaker_id", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("utterance_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("cue", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("cue_start", sa.Integer(), nullable=True),
        sa.Column("cue_end", sa.Integer(), nullable=True),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("translated", sa.Boolean(), nullable=True),
        sa.CheckConstraint('"start" >= 0 AND "end" > "start"', name=op.f("ck_statement_span")),
        sa.CheckConstraint("cue_start >= 0 AND cue_end > cue_start", name=op.f("ck_statement_cue_span")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_statement_document_id_document"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_statement_event_id_event"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_statement_revision_id_revision")),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name=op.f("fk_statement_speaker_id_speaker"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["utterance_id"], ["utterance.id"], name=op.f("fk_statement_utterance_id_utterance"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("statement") as batch_op:
        batch_op.create_index(batch_op.f("ix_statement_document_id_start"), ["document_id", "start"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_event_id"), ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_revision_id"), ["revision_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_said_earliest_id"), ["said_earliest", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_statement_utterance_id"), ["utterance_id"], unique=False)

    op.create_table(
        "attribution",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("coded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("speaker_id", sa.BigInteger(), nullable=False),
        sa.Column("cue", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("start", sa.Integer(), nullable=True),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.CheckConstraint('"start" >= 0 AND "end" > "start"', name=op.f("ck_attribution_span")),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_attribution_revision_id_revision")),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name=op.f("fk_attribution_speaker_id_speaker"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_attribution_statement_id_statement"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attribution")),
        sa.UniqueConstraint("statement_id", "position", name=op.f("uq_attribution_statement_id_position")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("attribution") as batch_op:
        batch_op.create_index(batch_op.f("ix_attribution_revision_id"), ["revision_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_attribution_speaker_id"), ["speaker_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("attribution") as batch_op:
        batch_op.drop_index(batch_op.f("ix_attribution_speaker_id"))
        batch_op.drop_index(batch_op.f("ix_attribution_revision_id"))

    op.drop_table("attribution")
    with op.batch_alter_table("statement") as batch_op:
        batch_op.drop_index(batch_op.f("ix_statement_utterance_id"))
        batch_op.drop_index(batch_op.f("ix_statement_said_earliest_id"))
        batch_op.drop_index(batch_op.f("ix_statement_revision_id"))
        batch_op.drop_index(batch_op.f("ix_statement_event_id"))
        batch_op.drop_index(batch_op.f("ix_statement_document_id_start"))

    op.drop_table("statement")
    with op.batch_alter_table("claim") as batch_op:
        batch_op.drop_index(batch_op.f("ix_claim_revision_id"))
        batch_op.drop_index(batch_op.f("ix_claim_report_id"))
        batch_op.drop_index(batch_op.f("ix_claim_property"))
        batch_op.drop_index(batch_op.f("ix_claim_attributed_to_id"))

    op.drop_table("claim")
    with op.batch_alter_table("utterance") as batch_op:
        batch_op.drop_index(batch_op.f("ix_utterance_speaker_id"))
        batch_op.drop_index(batch_op.f("ix_utterance_revision_id"))

    op.drop_table("utterance")
    with op.batch_alter_table("speaker_alias") as batch_op:
        batch_op.drop_index(batch_op.f("ix_speaker_alias_revision_id"))
        batch_op.drop_index(batch_op.f("ix_speaker_alias_name_key"))

    op.drop_table("speaker_alias")
    with op.batch_alter_table("report") as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_revision_id"))
        batch_op.drop_index(batch_op.f("ix_report_document_id"))

    op.drop_table("report")
    with op.batch_alter_table("speaker") as batch_op:
        batch_op.drop_index(batch_op.f("ix_speaker_source_id"))
        batch_op.drop_index(batch_op.f("ix_speaker_revision_id"))
        batch_op.drop_index(batch_op.f("ix_speaker_name_key"))

    op.drop_table("speaker")
    with op.batch_alter_table("source_alias") as batch_op:
        batch_op.drop_index(batch_op.f("ix_source_alias_revision_id"))
        batch_op.drop_index(batch_op.f("ix_source_alias_name_key"))

    op.drop_table("source_alias")
    with op.batch_alter_table("document") as batch_op:
        batch_op.drop_index(batch_op.f("ix_document_supersedes_id"))
        batch_op.drop_index(batch_op.f("ix_document_revision_id"))
        batch_op.drop_index(batch_op.f("ix_document_published_earliest_id"))

    op.drop_table("document")
    with op.batch_alter_table("source") as batch_op:
        batch_op.drop_index(batch_op.f("ix_source_revision_id"))
        batch_op.drop_index(batch_op.f("ix_source_name_key"))

    op.drop_table("source")
    with op.batch_alter_table("idempotency_key") as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotency_key_created_at"))

    op.drop_table("idempotency_key")
    with op.batch_alter_table("history") as batch_op:
        batch_op.drop_index(batch_op.f("ix_history_table_name_row_id_revision_id"))
        batch_op.drop_index(batch_op.f("ix_history_revision_id"))
        batch_op.drop_index(batch_op.f("ix_history_replaced_revision_id"))

    op.drop_table("history")
    with op.batch_alter_table("event") as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_type_earliest_id"))
        batch_op.drop_index(batch_op.f("ix_event_revision_id"))
        batch_op.drop_index(batch_op.f("ix_event_place_key"))
        batch_op.drop_index(batch_op.f("ix_event_merged_into_id"))
        batch_op.drop_index(batch_op.f("ix_event_latitude_longitude"))
        batch_op.drop_index(batch_op.f("ix_event_latest_start_earliest_end"))
        batch_op.drop_index(batch_op.f("ix_event_earliest_id"))
        batch_op.drop_index(batch_op.f("ix_event_country_earliest_id"))

    op.drop_table("event")
    op.drop_table("revision")
    op.drop_table("api_key")
