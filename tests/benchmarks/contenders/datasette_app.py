"""Datasette on the same file, with a stored query that returns the same events and their outlets."""

import os
from typing import Any

from datasette.app import Datasette  # type: ignore[import-not-found]  # in an environment of its own
from datasette.database import Database  # type: ignore[import-not-found]

_BY_DATE = """
SELECT event.id, event.title, event.summary, event.date, event.earliest, event.latest, event.type,
    event.place, event.country, event.latitude, event.longitude,
    (
        SELECT json_group_array(
            json_object('slug', slug, 'name', name, 'document_count', documents, 'first_published_on', first)
        )
        FROM (
            SELECT source.slug, source.name, coverage.documents, coverage.first_published AS first
            FROM coverage JOIN source ON source.id = coverage.source_id
            WHERE coverage.event_id = event.id ORDER BY first NULLS LAST, source.id
        )
    ) AS sources,
    tally.sources AS source_count, tally.origins AS origin_count, tally.documents AS document_count,
    tally.statements AS statement_count,
    event.external_id, event.merged_into_id, event.coded_by, event.confidence, event.revision_id
FROM event JOIN tally ON tally.event_id = event.id
WHERE event.merged_into_id IS NULL
AND event.earliest <= :day AND event.latest_start <= :day AND event.earliest_end >= :day
ORDER BY event.earliest DESC, event.id DESC LIMIT 50
"""


def create_app() -> Any:
    queries = {"by_date": {"sql": _BY_DATE}}
    datasette = Datasette([], metadata={"databases": {"store": {"queries": queries}}})
    datasette.add_database(Database(datasette, path=os.environ["BENCH_STORE"]), name="store")
    return datasette.app()
