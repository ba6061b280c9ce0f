"""keep who stands behind a report, what may be one event or one utterance, and by whom words were put together

Revision ID: 0010
Revises: 0009
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sqltypes.AutoString().with_variant(sqltypes.AutoString(collation="C"), "postgresql")
_BY_MACHINE = sa.text("coded_by = 'machine'")
_CREDITED = sa.text("credit_key IS NOT NULL")
_LASTS = sa.text("lasts")
# The expression is that of app/queries/filters.py.
_LASTING = "utterance (coalesce(said_earliest, '0001-01-01'), id) WHERE said_latest > said_earliest"


def upgrade() -> None:

    op.create_table(
        "origin",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("key", _KEY, nullable=False),
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_origin_event_id_event"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "key", name=op.f("pk_origin")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_origin_key_event_id"), "origin", ["key", "event_id"], unique=False)
    op.create_table(
        "provenance",
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("credit", sqltypes.AutoString(), nullable=True),
        sa.Column("credit_key", _KEY, nullable=True),
        sa.Column("credit_start", sa.Integer(), nullable=True),
        sa.Column("credit_end", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_provenance_document_id_document"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_provenance")),
    )
    op.create_index(
        op.f("ix_provenance_credit_key"),
        "provenance",
        ["credit_key"],
        unique=False,
        sqlite_where=_CREDITED,
        postgresql_where=_CREDITED,
    )
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
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_match_event_id_event"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["other_event_id"], ["event.id"], name=op.f("fk_match_other_event_id_event"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_statement_id"],
            ["statement.id"],
            name=op.f("fk_match_other_statement_id_statement"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_match_revision_id_revision")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_match_statement_id_statement"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match")),
        sa.UniqueConstraint("event_id", "other_event_id", name=op.f("uq_match_event_id_other_event_id")),
        sa.UniqueConstraint(
            "statement_id", "other_statement_id", name=op.f("uq_match_statement_id_other_statement_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_match_confidence_id"),
        "match",
        ["confidence", "id"],
        unique=False,
        sqlite_where=_BY_MACHINE,
        postgresql_where=_BY_MACHINE,
    )
    op.create_index(op.f("ix_match_other_event_id"), "match", ["other_event_id"], unique=False)
    op.create_index(op.f("ix_match_other_statement_id"), "match", ["other_statement_id"], unique=False)
    op.create_index(op.f("ix_match_revision_id"), "match", ["revision_id"], unique=False)
    op.create_table(
        "voicing",
        sa.Column("speaker_id", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("lasts", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name=op.f("fk_voicing_speaker_id_speaker"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_voicing_statement_id_statement"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("speaker_id", "first", "statement_id", name=op.f("pk_voicing")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_voicing_speaker_id_last"),
        "voicing",
        ["speaker_id", "last"],
        unique=False,
        sqlite_where=_LASTS,
        postgresql_where=_LASTS,
    )
    op.create_index(op.f("ix_voicing_statement_id"), "voicing", ["statement_id"], unique=False)
    op.create_index(
        op.f("ix_claim_confidence_id"),
        "claim",
        ["confidence", "id"],
        unique=False,
        sqlite_where=_BY_MACHINE,
        postgresql_where=_BY_MACHINE,
    )
    op.add_column("statement", sa.Column("utterance_by", sqltypes.AutoString(), nullable=True))
    op.add_column("statement", sa.Column("utterance_confidence", sa.Float(), nullable=True))
    op.add_column("tally", sa.Column("origins", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(op.f("ix_tally_origins_event_id"), "tally", ["origins", "event_id"], unique=False)
    op.execute(f"CREATE INDEX ix_utterance_lasting_order ON {_LASTING}")
    op.execute("UPDATE statement SET utterance_by = coded_by WHERE utterance_id IS NOT NULL")


def downgrade() -> None:
    op.drop_index("ix_utterance_lasting_order", table_name="utterance")
    op.drop_index(op.f("ix_tally_origins_event_id"), table_name="tally")
    op.drop_column("tally", "origins")
    op.drop_column("statement", "utterance_confidence")
    op.drop_column("statement", "utterance_by")
    op.drop_index(
        op.f("ix_claim_confidence_id"), table_name="claim", sqlite_where=_BY_MACHINE, postgresql_where=_BY_MACHINE
    )
    op.drop_index(op.f("ix_voicing_statement_id"), table_name="voicing")
    op.drop_index(
        op.f("ix_voicing_speaker_id_last"), table_name="voicing", sqlite_where=_LASTS, postgresql_where=_LASTS
    )
    op.drop_table("voicing")
    op.drop_index(op.f("ix_match_revision_id"), table_name="match")
    op.drop_index(op.f("ix_match_other_statement_id"), table_name="match")
    op.drop_index(op.f("ix_match_other_event_id"), table_name="match")
    op.drop_index(
        op.f("ix_match_confidence_id"), table_name="match", sqlite_where=_BY_MACHINE, postgresql_where=_BY_MACHINE
    )
    op.drop_table("match")
    op.drop_index(
        op.f("ix_provenance_credit_key"), table_name="provenance", sqlite_where=_CREDITED, postgresql_where=_CREDITED
    )
    op.drop_table("provenance")
    op.drop_index(op.f("ix_origin_key_event_id"), table_name="origin")
    op.drop_table("origin")
