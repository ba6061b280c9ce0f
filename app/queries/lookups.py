"""Rows that a write has to see before it decides."""

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import defer
from sqlmodel import Session

from app.database.models import Document
from app.database.tables import NOW, Table

R = TypeVar("R")

# Values that one statement is given; the databases take some tens of thousands.
_AT_ONCE = 1000


def one(session: Session, model: type[R], **values: object) -> R | None:
    """The row whose columns have these values, which are unique together."""
    return session.execute(select(model).filter_by(**values)).scalar_one_or_none()


def every(session: Session, model: type[R], **values: object) -> Sequence[R]:
    """All rows whose columns have these values, in the order in which they were made."""
    table: Table = model
    return session.execute(select(table).filter_by(**values).order_by(table.id)).scalars().all()


def captures(session: Session, *, source_id: int, identity: str) -> Sequence[Document]:
    """The captures of one item, in the order in which they came, without their texts: those are read when asked for."""
    document = NOW.document
    found = select(document).where(document.source_id == source_id, document.identity == identity)
    return session.execute(found.options(defer(document.text)).order_by(document.id)).scalars().all()


def among(session: Session, model: type[R], name: str, values: Collection[object]) -> Iterator[R]:
    """The rows whose column ``name`` has one of these values."""
    table: Table = model
    keys = list(values)
    for start in range(0, len(keys), _AT_ONCE):
        wanted = getattr(table, name).in_(keys[start : start + _AT_ONCE])
        yield from session.execute(select(table).where(wanted)).scalars()
