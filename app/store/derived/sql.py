"""Statements on many ids, on either database."""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, text

_AMONG = {"sqlite": "IN (SELECT value FROM json_each(:ids))", "postgresql": "= ANY(CAST(:ids AS bigint[]))"}


def execute(connection: Connection, statement: str, ids: Collection[int]) -> list[Any]:
    """Run a statement on these ids, which are ``{among}`` in it; the first column of what it finds."""
    dialect = connection.dialect.name
    given = json.dumps(list(ids)) if dialect == "sqlite" else list(ids)
    found = connection.execute(text(statement.format(among=_AMONG[dialect])), {"ids": given})
    return list(found.scalars()) if found.returns_rows else []
