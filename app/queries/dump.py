"""Every row of the tables of a store, for its export."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Table, func, select
from sqlmodel import Session, SQLModel

from app.database.models import RECORDS, Feed, History, Rejection, Revision

# In the order in which they can be filled: a table comes after those that it refers to.
_MODELS: tuple[type[SQLModel], ...] = (Revision, *RECORDS, Rejection, Feed, History)
TABLES: tuple[Table, ...] = tuple(SQLModel.metadata.tables[str(model.__tablename__)] for model in _MODELS)


def count_rows(session: Session) -> int:
    """Count the rows of all tables."""
    counts = (select(func.count()).select_from(table).scalar_subquery() for table in TABLES)
    return int(sum(session.execute(select(*counts)).one()))


def iterate_rows(session: Session, table: Table) -> Iterator[dict[str, Any]]:
    """Yield the rows of one table by id, with a few in memory at a time."""
    query = select(table).order_by(table.c.id).execution_options(yield_per=500)
    yield from (dict(row) for row in session.execute(query).mappings())


def get_last_id(session: Session, table: Table) -> int:
    """Return the highest id that a row of the table has or ever had."""
    history = SQLModel.metadata.tables["history"]
    past = select(func.max(history.c.row_id)).where(history.c.table_name == table.name).scalar_subquery()
    now = select(func.max(table.c.id)).scalar_subquery()
    return max(number or 0 for number in session.execute(select(past, now)).one())
