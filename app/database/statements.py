"""Selects that are compiled once and run many times with other values.

Building and compiling a statement with SQLAlchemy takes longer than most reads. Queries therefore build each of their
selects once, with named values, and keep its SQL; a ``ReadSession`` runs it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Select, literal_column, select, true
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql.compiler import SQLCompiler

from app.database.json_sql import timestamp_text
from app.database.models import Revision
from app.database.tables import Table

Values = Mapping[str, Any]
Row = Sequence[Any]

# SQLite takes ``?``. PostgreSQL takes ``$1`` as it is, so that the driver can keep the statement prepared.
DIALECTS: Mapping[str, Dialect] = {
    "sqlite": SQLiteDialect_pysqlite(paramstyle="qmark"),
    "postgresql": PGDialect_psycopg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
}


class PreparedSelect:
    """A select with named values; one ``with_state`` also reads the state of the store."""

    def __init__(self, rows: Select[Any], *, with_state: bool = False) -> None:
        self.select = rows
        self.with_state = with_state

    @cached_property
    def sqlite(self) -> "CompiledSelect":
        return CompiledSelect(self.select, DIALECTS["sqlite"])

    @cached_property
    def postgresql(self) -> "CompiledSelect":
        """The select for PostgreSQL; ``with_state``, each row begins with the state, and no rows are one of nulls."""
        return CompiledSelect(_add_state(self.select) if self.with_state else self.select, DIALECTS["postgresql"])


class CompiledSelect:
    """The SQL of a select for one driver, and the conversion of named values to its parameters."""

    def __init__(self, rows: Select[Any], dialect: Dialect) -> None:
        compiled = rows.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self.sql = compiled.string
        # Constants of the statement are converted here; required values are filled in for each run.
        self._parameters: list[Any] = []
        self._required = []
        for place, name in enumerate(compiled.positiontup or ()):
            bind = compiled.binds[name]
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.required:
                self._required.append((place, name, convert))
            self._parameters.append(bind.value if bind.required or convert is None else convert(bind.value))

    def parameters(self, values: Values) -> list[Any]:
        """Return the parameters in their order, with these values."""
        parameters = self._parameters.copy()
        for place, name, convert in self._required:
            parameters[place] = values[name] if convert is None else convert(values[name])
        return parameters


class StoreState(NamedTuple):
    """The number and time of the newest revision; 0 and an empty text for an empty store."""

    revision: int
    at: str

    @property
    def rfc3339(self) -> str:
        """The time in UTC; the beginning of 1970 for an empty store."""
        return f"{self.at[:10]}T{self.at[11:19]}Z" if self.at else "1970-01-01T00:00:00Z"


class StoreChanged(Exception):
    """Raised when two statements of one session saw different revisions."""


_REVISION: Table = Revision
_NEWEST = select(_REVISION.id, timestamp_text(_REVISION.at).label("at")).order_by(_REVISION.id.desc()).limit(1)
STATE_SELECT = PreparedSelect(_NEWEST)
_STATE_ONLY = PreparedSelect(select(literal_column("NULL").label("item")), with_state=True)


def _add_state(rows: Select[Any]) -> Select[Any]:
    newest, items = _NEWEST.subquery("newest"), rows.subquery("items")
    single_row = select(literal_column("1").label("one")).subquery("single_row")
    joined = single_row.outerjoin(newest, true()).outerjoin(items, true())
    return select(newest.c.id, newest.c.at, *items.c).select_from(joined)


class ReadSession(ABC):
    """A session that runs prepared selects; all of them ``with_state`` see the same state of the store."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self._state: StoreState | None = None

    @property
    def state(self) -> StoreState:
        """The state that was read, after a first select ``with_state``."""
        assert self._state is not None
        return self._state

    async def fetch_state(self) -> StoreState:
        """Return the state of the store."""
        await self.fetch(_STATE_ONLY, {})
        return self.state

    @abstractmethod
    async def fetch(self, statement: PreparedSelect, values: Values) -> Sequence[Row]:
        """Return all rows as the driver returns them. Raise StoreChanged if the state differs from the first."""


class SnapshotReadSession(ReadSession):
    """A session in a transaction that sees one state of the store."""

    async def fetch_state(self) -> StoreState:
        if self._state is None:
            rows = self._run(STATE_SELECT, {})
            self._state = StoreState(*rows[0]) if rows else StoreState(0, "")
        return self._state

    async def fetch(self, statement: PreparedSelect, values: Values) -> Sequence[Row]:
        if statement.with_state and self._state is None:
            await self.fetch_state()
        return self._run(statement, values)

    @abstractmethod
    def _run(self, statement: PreparedSelect, values: Values) -> Sequence[Row]: ...
