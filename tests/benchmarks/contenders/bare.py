"""A server for the two benchmarked lists alone, written by hand with Starlette, sqlite3 and orjson.

It has one connection, which it reads in the event loop; sqlite3 caches the prepared statements. It knows no other
parameter, no ETag and no error response.
"""

import os
import sqlite3
from collections.abc import Sequence

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.benchmarks.contenders import shapes

_EVENTS = f"""
SELECT {shapes.EVENT_COLUMNS} FROM event JOIN tally ON tally.event_id = event.id
WHERE event.merged_into_id IS NULL
AND event.earliest <= :day AND event.latest_start <= :day AND event.earliest_end >= :day
ORDER BY event.earliest DESC, event.id DESC LIMIT {shapes.LIMIT + 1}
"""
_OUTLETS = f"""
SELECT {shapes.OUTLET_COLUMNS} FROM coverage JOIN source ON source.id = coverage.source_id
WHERE coverage.event_id IN (SELECT value FROM json_each(?))
ORDER BY coverage.event_id, coverage.first_published NULLS LAST, source.id
"""
_STATEMENTS = f"""
SELECT {shapes.STATEMENT_COLUMNS} FROM statement
JOIN document ON document.id = statement.document_id
JOIN source ON source.id = document.source_id
JOIN speaker ON speaker.id = statement.speaker_id
LEFT JOIN event ON event.id = statement.event_id
WHERE statement.speaker_id = (SELECT id FROM speaker WHERE slug = ?)
ORDER BY coalesce(statement.said_earliest, '0001-01-01') DESC, statement.id DESC LIMIT {shapes.LIMIT + 1}
"""
_HOPS = f"""
SELECT {shapes.HOP_COLUMNS} FROM attribution
JOIN speaker ON speaker.id = attribution.speaker_id
JOIN statement ON statement.id = attribution.statement_id
JOIN document ON document.id = statement.document_id
WHERE attribution.statement_id IN (SELECT value FROM json_each(?))
ORDER BY attribution.statement_id, attribution.position
"""


def create_app() -> Starlette:
    database = sqlite3.connect(f"file:{os.environ['BENCH_STORE']}?mode=ro", uri=True)

    def fetch_parts(query: str, rows: Sequence[shapes.Row]) -> list[shapes.Row]:
        ids = orjson.dumps([row[0] for row in rows]).decode()
        return database.execute(query, [ids]).fetchall()

    async def events(request: Request) -> Response:
        rows = database.execute(_EVENTS, {"day": request.query_params["date"]}).fetchall()
        page = rows[: shapes.LIMIT]
        outlets = shapes.group_outlets(fetch_parts(_OUTLETS, page))
        items = [shapes.build_event(row, outlets.get(row[0], [])) for row in page]
        return shapes.build_page(request, items, (page[-1][4], page[-1][0]) if len(rows) > len(page) else None)

    async def statements(request: Request) -> Response:
        rows = database.execute(_STATEMENTS, [request.query_params["speaker"]]).fetchall()
        page = rows[: shapes.LIMIT]
        hops = shapes.group_hops(fetch_parts(_HOPS, page))
        items = [shapes.build_statement(row, hops.get(row[0], [])) for row in page]
        return shapes.build_page(request, items, (page[-1][28], page[-1][0]) if len(rows) > len(page) else None)

    return Starlette(routes=[Route("/events", events), Route("/statements", statements)])
