"""What a good engineer writes by hand for these pages alone: Starlette, sqlite3 and orjson, nothing else.

One connection, read in the event loop; sqlite3 keeps its prepared statements. It answers the two lists of
the benchmarks and knows no other parameter, no tag and no problem.
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

    def belonging(query: str, rows: Sequence[shapes.Row]) -> list[shapes.Row]:
        ids = orjson.dumps([row[0] for row in rows]).decode()
        return database.execute(query, [ids]).fetchall()

    async def events(request: Request) -> Response:
        rows = database.execute(_EVENTS, {"day": request.query_params["date"]}).fetchall()
        shown = rows[: shapes.LIMIT]
        outlets = shapes.outlets(belonging(_OUTLETS, shown))
        items = [shapes.event(row, outlets.get(row[0], [])) for row in shown]
        return shapes.page(request, items, (shown[-1][4], shown[-1][0]) if len(rows) > len(shown) else None)

    async def statements(request: Request) -> Response:
        rows = database.execute(_STATEMENTS, [request.query_params["speaker"]]).fetchall()
        shown = rows[: shapes.LIMIT]
        chains = shapes.chains(belonging(_HOPS, shown))
        items = [shapes.statement(row, chains.get(row[0], [])) for row in shown]
        return shapes.page(request, items, (shown[-1][28], shown[-1][0]) if len(rows) > len(shown) else None)

    return Starlette(routes=[Route("/events", events), Route("/statements", statements)])
