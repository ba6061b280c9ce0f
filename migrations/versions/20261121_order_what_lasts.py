"""order by date what lasts longer than a day, and by key what is looked up by part of it

Revision ID: 0006
Revises: 0005
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The expressions are those of app/queries/filters.py.
SAID = "coalesce(said_earliest, '0001-01-01')"
PUBLISHED = "coalesce(published_earliest, '0001-01-01')"
SAID_LASTS = "said_latest > said_earliest"
PUBLISHED_LASTS = "published_latest > published_earliest"

INDEXES = {
    "ix_event_lasting_order": "event (earliest, id) WHERE latest > earliest",
    "ix_event_place_order": "event (place_key, earliest, id)",
    "ix_statement_lasting_order": f"statement ({SAID}, id) WHERE {SAID_LASTS}",
    "ix_statement_speaker_lasting_order": f"statement (speaker_id, {SAID}, id) WHERE {SAID_LASTS}",
    "ix_document_lasting_order": f"document ({PUBLISHED}, id) WHERE {PUBLISHED_LASTS}",
    "ix_document_source_lasting_order": f"document (source_id, {PUBLISHED}, id) WHERE {PUBLISHED_LASTS}",
    "ix_utterance_said_order": f"utterance ({SAID}, id)",
    "ix_utterance_speaker_order": f"utterance (speaker_id, {SAID}, id)",
    "ix_source_name_order": "source (name_key, id)",
    "ix_speaker_name_order": "speaker (name_key, id)",
    "ix_claim_property_order": "claim (property, id)",
}

# What each of these gives, one of the above gives too.
SUPERSEDED = {
    "ix_event_place_key": ("event", ["place_key"]),
    "ix_source_name_key": ("source", ["name_key"]),
    "ix_speaker_name_key": ("speaker", ["name_key"]),
    "ix_claim_property": ("claim", ["property"]),
    "ix_utterance_speaker_id": ("utterance", ["speaker_id"]),
    "ix_document_published_earliest_id": ("document", ["published_earliest", "id"]),
    "ix_statement_said_earliest_id": ("statement", ["said_earliest", "id"]),
}

# Keys are compared by their code points, as on SQLite, whatever language the database speaks.
KEYS = (
    ("source", "name_key"),
    ("source_alias", "name_key"),
    ("speaker", "name_key"),
    ("speaker_alias", "name_key"),
    ("event", "place_key"),
    ("claim", "property"),
)


def upgrade() -> None:
    for name in SUPERSEDED:
        op.drop_index(name)
    _collate('COLLATE "C"')
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name)
    _collate("")
    for name, (table, columns) in SUPERSEDED.items():
        op.create_index(name, table, columns)


def _collate(collation: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column in KEYS:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar {collation}")
