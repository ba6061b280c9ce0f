"""Create flat views for dashboards that speak SQL.

Revision ID: 20261201_reporting_views
Revises: 20261201_full_text

On PostgreSQL the views lie in the schema ``reporting`` and read the tables with the rights of the role that migrates.
So another role may read the views and nothing else. A later migration that changes what a view reads, or rebuilds on
SQLite a table that one reads, must drop the views first and create them again; ``app/backup/roles.py`` keeps the
privileges of roles that may read them.
"""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import inspect

revision: str = "20261201_reporting_views"
down_revision: str | None = "20261201_full_text"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# SQLite has no date type. Tools compare days with moments as text, and a bare day sorts before its own midnight.
_DAY = {"sqlite": "({} || ' 00:00:00.000000')", "postgresql": "{}"}
_DAYS_BETWEEN = {"sqlite": "CAST(julianday({1}) - julianday({0}) AS INTEGER)", "postgresql": "({1} - {0})"}


def _day(value: str) -> str:
    return _DAY[op.get_bind().dialect.name].format(value)


def _days_between(first: str, last: str) -> str:
    return _DAYS_BETWEEN[op.get_bind().dialect.name].format(first, last)


def _began(prefix: str) -> str:
    """Return the SQL of the day on which something began, if that is known to the day, as ``/stats`` counts it."""
    return f"CASE WHEN {prefix}latest_start = {prefix}earliest THEN {prefix}earliest END"


def _coverage() -> str:
    first = "(SELECT min(other.first_published) FROM coverage AS other WHERE other.event_id = event.id)"
    return f"""
        SELECT event.id AS event_id, event.title AS event_title, event.date AS event_date_edtf,
            {_day("event.earliest")} AS event_date_earliest, {_day("event.latest")} AS event_date_latest,
            {_day(_began("event."))} AS event_day, event.type AS event_type, event.place AS place_name,
            event.country AS place_country, event.latitude AS place_latitude, event.longitude AS place_longitude,
            source.id AS source_id, source.slug AS source_slug, source.name AS source_name,
            source.kind AS source_kind, source.country AS source_country,
            source.state_affiliated AS source_state_affiliated, coverage.documents AS document_count,
            {_day("coverage.first_published")} AS first_published_on,
            {_days_between(first, "coverage.first_published")} AS lag_days,
            event.coded_by, event.confidence
        FROM coverage JOIN event ON event.id = coverage.event_id JOIN source ON source.id = coverage.source_id
        WHERE event.merged_into_id IS NULL"""


def _coverage_daily() -> str:
    return f"""
        SELECT {_day("cell.day")} AS day, cell.source_id, source.slug AS source_slug, source.name AS source_name,
            source.kind AS source_kind, source.country AS source_country,
            source.state_affiliated AS source_state_affiliated, cell.type AS event_type,
            cell.country AS place_country, cell.event_count, cell.document_count
        FROM (
            SELECT {_began("event.")} AS day, coverage.source_id, event.type, event.country,
                count(*) AS event_count, sum(coverage.documents) AS document_count
            FROM coverage JOIN event ON event.id = coverage.event_id WHERE event.merged_into_id IS NULL
            GROUP BY {_began("event.")}, coverage.source_id, event.type, event.country
        ) AS cell JOIN source ON source.id = cell.source_id"""


# The day of saying, or the day of publication if that is unknown, as ``/stats/statements`` counts it.
_SAID = f"CASE WHEN said_earliest IS NULL THEN {_began('published_')} ELSE {_began('said_')} END"


def _statement() -> str:
    return f"""
        SELECT statement.id AS statement_id, statement.text, statement.kind, {_day(_SAID)} AS day,
            statement.said AS said_edtf, {_day("statement.said_earliest")} AS said_earliest,
            {_day("statement.said_latest")} AS said_latest,
            speaker.id AS speaker_id, speaker.slug AS speaker_slug, speaker.name AS speaker_name,
            speaker.kind AS speaker_kind, speaker.title AS speaker_title, speaker.country AS speaker_country,
            source.id AS source_id, source.slug AS source_slug, source.name AS source_name,
            source.kind AS source_kind, source.country AS source_country,
            source.state_affiliated AS source_state_affiliated, document.id AS document_id,
            document.title AS document_title, document.url AS document_url,
            document.published AS document_published_edtf,
            {_day("document.published_earliest")} AS document_published_earliest,
            {_day("document.published_latest")} AS document_published_latest,
            event.id AS event_id, event.title AS event_title, event.date AS event_date_edtf,
            {_day("event.earliest")} AS event_date_earliest, {_day("event.latest")} AS event_date_latest,
            statement.utterance_id, statement.cue AS cue_exact, statement.start AS span_start,
            statement."end" AS span_end, coalesce(statement.language, document.language) AS language,
            statement.translated, statement.coded_by, statement.confidence
        FROM statement JOIN document ON document.id = statement.document_id
            JOIN source ON source.id = document.source_id
            LEFT JOIN speaker ON speaker.id = statement.speaker_id
            LEFT JOIN event ON event.id = statement.event_id"""


def _speaker_daily() -> str:
    return f"""
        SELECT {_day("said.day")} AS day, said.speaker_id, speaker.slug AS speaker_slug,
            speaker.name AS speaker_name, speaker.kind AS speaker_kind, speaker.country AS speaker_country,
            said.statement_count, said.suggestion_count, said.source_count
        FROM (
            SELECT {_SAID} AS day, statement.speaker_id, count(*) AS statement_count,
                count(CASE WHEN statement.confidence < 0.5 THEN 1 END) AS suggestion_count,
                count(DISTINCT document.source_id) AS source_count
            FROM statement JOIN document ON document.id = statement.document_id
            GROUP BY {_SAID}, statement.speaker_id
        ) AS said LEFT JOIN speaker ON speaker.id = said.speaker_id"""


def _source() -> str:
    return f"""
        SELECT source.id AS source_id, source.slug AS source_slug, source.name AS source_name,
            source.kind AS source_kind, source.country AS source_country,
            source.state_affiliated AS source_state_affiliated, source.language, source.homepage,
            source.wikidata_id, coalesce(published.documents, 0) AS document_count,
            coalesce(covered.events, 0) AS event_count,
            coalesce(printed.statements, 0) AS statement_count, {_day("published.first")} AS first_published_on,
            {_day("published.last")} AS last_published_on
        FROM source
        LEFT JOIN (
            SELECT source_id, count(*) AS documents, min(published_earliest) AS first,
                max(published_earliest) AS last
            FROM document GROUP BY source_id
        ) AS published ON published.source_id = source.id
        LEFT JOIN (
            SELECT coverage.source_id, count(*) AS events
            FROM coverage JOIN event ON event.id = coverage.event_id WHERE event.merged_into_id IS NULL
            GROUP BY coverage.source_id
        ) AS covered ON covered.source_id = source.id
        LEFT JOIN (
            SELECT document.source_id, count(*) AS statements
            FROM statement JOIN document ON document.id = statement.document_id GROUP BY document.source_id
        ) AS printed ON printed.source_id = source.id"""


_VIEWS = {
    "v_coverage": _coverage,
    "v_coverage_daily": _coverage_daily,
    "v_statement": _statement,
    "v_speaker_daily": _speaker_daily,
    "v_source": _source,
}


def _schema() -> str:
    return "" if op.get_bind().dialect.name == "sqlite" else "reporting."


def upgrade() -> None:
    # IF NOT EXISTS would need the right to create a schema even if an administrator has created it.
    if _schema() and "reporting" not in inspect(op.get_bind()).get_schema_names():
        op.execute("CREATE SCHEMA reporting")
    for name, definition in _VIEWS.items():
        op.execute(f"CREATE VIEW {_schema()}{name} AS {definition()}")


def downgrade() -> None:
    """Drop the views; the schema stays, with the privileges of the roles that read it."""
    for name in _VIEWS:
        op.execute(f"DROP VIEW {_schema()}{name}")
