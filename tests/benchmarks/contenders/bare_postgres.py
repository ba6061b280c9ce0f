"""The bare contender on PostgreSQL, with Starlette, an asynchronous connection of psycopg and orjson."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.benchmarks.contenders import shapes

_EVENTS = f"""
SELECT {shapes.EVENT_COLUMNS} FROM event JOIN tally ON tally.event_id = event.id
WHERE event.merged_into_id IS NULL
AND event.earliest <= %(day)s AND event.latest_start <= %(day)s AND event.earliest_end >= %(day)s
ORDER BY event.earliest DESC, event.id DESC LIMIT {shapes.LIMIT + 1}
""".encode()
_OUTLETS = f"""
SELECT {shapes.OUTLET_COLUMNS} FROM coverage JOIN source ON source.id = coverage.source_id
WHERE coverage.event_id = ANY(%s)
ORDER BY coverage.event_id, coverage.first_published NULLS LAST, source.id
""".encode()


def create_app() -> Starlette:
    return Starlette(routes=[Route("/events", _list_events)], lifespan=_connect)


@asynccontextmanager
async def _connect(app: Starlette) -> AsyncIterator[None]:
    connection = await psycopg.AsyncConnection.connect(os.environ["BENCH_STORE"], autocommit=True)
    async with connection:
        app.state.database = connection
        yield


async def _list_events(request: Request) -> Response:
    database: psycopg.AsyncConnection = request.app.state.database
    rows = await _fetch(database, _EVENTS, {"day": request.query_params["date"]})
    page = rows[: shapes.LIMIT]
    outlets = shapes.group_outlets(await _fetch(database, _OUTLETS, [[row[0] for row in page]]))
    items = [shapes.build_event(row, outlets.get(row[0], [])) for row in page]
    return shapes.build_page(request, items, (page[-1][4], page[-1][0]) if len(rows) > len(page) else None)


async def _fetch(database: psycopg.AsyncConnection, query: bytes, parameters: Any) -> list[tuple[Any, ...]]:
    cursor = await database.execute(query, parameters, prepare=True, binary=True)
    return await cursor.fetchall()
