"""What hangs on events, counted: which sources cover them, who stands behind their reports, and how much there is."""

import json
from collections.abc import Collection, Iterator

from sqlalchemy import Connection, text

from app.analysis.origin_rows import OriginKeyResolver, OriginRows
from app.analysis.origins import find_event_origins
from app.queries import origins as accounts_of
from app.store.derived import provenance as provenances
from app.store.derived.sql import execute

_COVERAGE = (
    "DELETE FROM coverage WHERE event_id {among}",
    """
    INSERT INTO coverage (event_id, source_id, earliest, documents, first_published)
    SELECT report.event_id, document.source_id, event.earliest, count(*), min(document.published_earliest)
    FROM report JOIN event ON event.id = report.event_id JOIN document ON document.id = report.document_id
    WHERE report.event_id {among}
    GROUP BY report.event_id, document.source_id, event.earliest
    """,
    "DELETE FROM origin WHERE event_id {among}",
)

# The events whose documents may rest on others than their outlets.
_INTRICATE = """
    SELECT event_id FROM statement WHERE event_id {among}
    UNION
    SELECT report.event_id FROM report JOIN statement ON statement.document_id = report.document_id
    WHERE report.event_id {among} AND statement.start < report."end" AND statement."end" > report.start
    UNION
    SELECT report.event_id FROM report JOIN provenance ON provenance.document_id = report.document_id
    WHERE report.event_id {among}
    GROUP BY report.event_id HAVING count(*) > 1 OR count(provenance.credit_key) > 0
    UNION
    SELECT coverage.event_id FROM coverage JOIN source ON source.id = coverage.source_id
    WHERE coverage.event_id {among} AND source.state_affiliated AND source.country IS NOT NULL
"""

_OUTLETS_ALONE = """
    INSERT INTO origin (event_id, key, name, documents)
    SELECT coverage.event_id, 'source:' || source.id, source.name, coverage.documents
    FROM coverage JOIN source ON source.id = coverage.source_id WHERE coverage.event_id {among}
"""

_ORIGINS = {
    "sqlite": """
        INSERT INTO origin (event_id, key, name, documents)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(:rows)
    """,
    "postgresql": """
        INSERT INTO origin (event_id, key, name, documents)
        SELECT CAST(value ->> 0 AS bigint), value ->> 1, value ->> 2, CAST(value ->> 3 AS integer)
        FROM json_array_elements(CAST(:rows AS json))
    """,
}

_TALLY = """
    INSERT INTO tally (event_id, sources, documents, statements, origins, outlets)
    SELECT event.id,
        (SELECT count(*) FROM coverage WHERE coverage.event_id = event.id),
        (SELECT count(*) FROM report WHERE report.event_id = event.id),
        (SELECT count(*) FROM statement WHERE statement.event_id = event.id),
        (SELECT count(*) FROM origin WHERE origin.event_id = event.id),
        {outlets}
    FROM event WHERE event.id {among}
    ON CONFLICT (event_id) DO UPDATE
    SET sources = excluded.sources, documents = excluded.documents, statements = excluded.statements,
        origins = excluded.origins, outlets = excluded.outlets
"""

_OUTLET = """
    'slug', source.slug, 'name', source.name,
    'documents', coverage.documents, 'first_published', coverage.first_published
"""
_COVERING = "coverage JOIN source ON source.id = coverage.source_id WHERE coverage.event_id = event.id"
_IN_ORDER = "ORDER BY coverage.first_published NULLS LAST, source.id"
_OUTLETS = {
    "sqlite": f"""(SELECT coalesce('[' || group_concat(outlet) || ']', '[]') FROM (
        SELECT json_object({_OUTLET}) AS outlet FROM {_COVERING} {_IN_ORDER}))""",
    "postgresql": f"""(SELECT coalesce(json_agg(json_build_object({_OUTLET}) {_IN_ORDER}), '[]')::text
        FROM {_COVERING})""",
}

STEP = 10_000
"""Events that are counted together."""

# Of those whose documents rest on others, with what their texts show.
_READ = 1_000


def refresh(connection: Connection, event_ids: Collection[int]) -> None:
    """Count anew what hangs on these events."""
    for statement in _COVERAGE:
        execute(connection, statement, event_ids)
    _find_origins(connection, event_ids)
    execute(connection, _TALLY.format(outlets=_OUTLETS[connection.dialect.name], among="{among}"), event_ids)


def refresh_all(connection: Connection) -> Iterator[int]:
    """Keep anew what documents show, and count what hangs on any event; yields the number of events done so far."""
    provenances.renew_all(connection)
    last = done = 0
    page = text("SELECT id FROM event WHERE id > :last ORDER BY id LIMIT :step")
    while ids := connection.execute(page, {"last": last, "step": STEP}).scalars().all():
        refresh(connection, ids)
        last, done = ids[-1], done + len(ids)
        yield done


def _find_origins(connection: Connection, event_ids: Collection[int]) -> None:
    """Most events have documents without a text: the origins of these are their outlets, for the database to list."""
    intricate = execute(connection, _INTRICATE, event_ids)
    execute(connection, _OUTLETS_ALONE, set(event_ids).difference(intricate))
    for start in range(0, len(intricate), _READ):
        found = OriginRows(*accounts_of.get_rows_of_events(connection, intricate[start : start + _READ]))
        who = OriginKeyResolver(*accounts_of.get_name_bearers_in(connection, found.list_agency_keys()))
        rows = [
            (event, origin.key.key, origin.key.name, len(origin.evidence))
            for event, reports in found.documents.items()
            for origin in find_event_origins(reports, who)
        ]
        connection.execute(text(_ORIGINS[connection.dialect.name]), {"rows": json.dumps(rows)})
