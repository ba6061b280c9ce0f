"""SQL that is written once and run many times, each time with other values.

To build a statement of SQLAlchemy's and to find its text again costs more than most reads take; so the
statements of lists and records are built once for each shape that they can have, with named values, and
their text is kept. ``Reads`` runs them, in whichever way the database and the moment allow.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
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

# ``?`` for SQLite; ``$1`` for PostgreSQL, which takes it as it is and can keep the statement prepared.
DIALECTS: Mapping[str, Dialect] = {
    "sqlite": SQLiteDialect_pysqlite(paramstyle="qmark"),
    "postgresql": PGDialect_psycopg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
}


class PreparedSelect:
    """A select with named values; of a ``stamped`` one it is known which state of the store it was read in."""

    def __init__(self, rows: Select[Any], *, with_state: bool = False) -> None:
        self.select = rows
        self.with_state = with_state

    @cached_property
    def sqlite(self) -> "CompiledSelect":
        return CompiledSelect(self.select, DIALECTS["sqlite"])

    @cached_property
    def postgresql(self) -> "CompiledSelect":
        """Where it is stamped, each row stands behind the state; one row of nulls does where there are none."""
        return CompiledSelect(_behind_state(self.select) if self.with_state else self.select, DIALECTS["postgresql"])


class CompiledSelect:
    """The text of a select for one driver, and how named values become its parameters."""

    def __init__(self, rows: Select[Any], dialect: Dialect) -> None:
        compiled = rows.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self.sql = compiled.string
        convert = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        }
        names = list(compiled.positiontup or ())
        given = [compiled.binds[name].required for name in names]
        # What is part of the statement stands there already; what is asked for is put between.
        self._parameters = [
            None if is_given else _converted(convert[name], compiled.binds[name].value)
            for name, is_given in zip(names, given, strict=True)
        ]
        self._wanted = [
            (place, names[place], convert[names[place]]) for place, is_given in enumerate(given) if is_given
        ]

    def parameters(self, values: Values) -> list[Any]:
        parameters = self._parameters.copy()
        for place, name, convert in self._wanted:
            parameters[place] = values[name] if convert is None else convert(values[name])
        return parameters


def _converted(convert: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if convert is None else convert(value)


class StoreState(NamedTuple):
    """Where the store stands: the number of its newest revision, 0 when it is empty, and that one's time as text."""

    revision: int
    at: str

    @property
    def rfc3339(self) -> str:
        """That time, in UTC; of an empty store, the beginning of 1970."""
        return f"{self.at[:10]}T{self.at[11:19]}Z" if self.at else "1970-01-01T00:00:00Z"


class StoreChanged(Exception):
    """Two statements have seen different states; together they say nothing."""


_REVISION: Table = Revision
_NEWEST = select(_REVISION.id, timestamp_text(_REVISION.at).label("at")).order_by(_REVISION.id.desc()).limit(1)
STATE_SELECT = PreparedSelect(_NEWEST)
_NOTHING = PreparedSelect(select(literal_column("NULL").label("item")), with_state=True)


def _behind_state(rows: Select[Any]) -> Select[Any]:
    newest, found = _NEWEST.subquery("newest"), rows.subquery("found")
    once = select(literal_column("1").label("one")).subquery("once")
    joined = once.outerjoin(newest, true()).outerjoin(found, true())
    return select(newest.c.id, newest.c.at, *found.c).select_from(joined)


class ReadSession(ABC):
    """Runs prepared statements; all that are stamped see the same state of the store."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self._state: StoreState | None = None

    @property
    def state(self) -> StoreState:
        """The state that was read, once something was."""
        assert self._state is not None
        return self._state

    async def fetch_state(self) -> StoreState:
        """The state of the store."""
        await self.fetch(_NOTHING, {})
        return self.state

    @abstractmethod
    async def fetch(self, prepared: PreparedSelect, values: Values) -> Sequence[Row]:
        """All rows, as the driver gives them; raises Moved where the state is another than before."""


class SnapshotReadSession(ReadSession):
    """Reads in a transaction that sees one state from its beginning to its end."""

    async def fetch_state(self) -> StoreState:
        if self._state is None:
            rows = self._run(STATE_SELECT, {})
            self._state = StoreState(*rows[0]) if rows else StoreState(0, "")
        return self._state

    async def fetch(self, prepared: PreparedSelect, values: Values) -> Sequence[Row]:
        if prepared.with_state and self._state is None:
            await self.fetch_state()
        return self._run(prepared, values)

    @abstractmethod
    def _run(self, prepared: PreparedSelect, values: Values) -> Sequence[Row]: ...
