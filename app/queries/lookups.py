"""Rows that a write has to see before it decides."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlmodel import Session

from app.queries.tables import Table

R = TypeVar("R")


def one(session: Session, model: type[R], **values: object) -> R | None:
    """The row whose columns have these values, which are unique together."""
    return session.execute(select(model).filter_by(**values)).scalar_one_or_none()


def every(session: Session, model: type[R], **values: object) -> Sequence[R]:
    """All rows whose columns have these values, in the order in which they were made."""
    table: Table = model
    return session.execute(select(table).filter_by(**values).order_by(table.id)).scalars().all()
