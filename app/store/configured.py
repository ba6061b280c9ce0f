"""Rows that people configure: feeds, webhooks and saved searches. They are no part of the history.

Each kind has ``find_…``, ``add_…``, ``change_…`` and ``remove_…`` functions, which are built on these.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel

from app.core.errors import Conflict, NotFound
from app.queries import lookups

C = TypeVar("C", bound=SQLModel)


def find_configured(session: Session, model: type[C], noun: str, ref: int | str) -> C:
    """Return the row with this id or slug. Raise `NotFound` if there is none."""
    row = lookups.find_row(session, model, **{"id" if isinstance(ref, int) else "slug": ref})
    if row is None:
        raise NotFound(f"There is no {noun} {ref}.")
    return row


def check_unique(session: Session, model: type[SQLModel], message: str, **key: object) -> None:
    """Raise `Conflict` if a row has this key; the message can name ``{id}``, the row's id, and the parts of the key."""
    row: Any = lookups.find_row(session, model, **key)
    if row is not None:
        raise Conflict(message.format(id=row.id, **key), id=row.id)


def add_configured(session: Session, row: C) -> C:
    """Add the row, and return it with its id."""
    session.add(row)
    session.flush()
    return row


def change_configured(session: Session, row: C, values: Mapping[str, Any]) -> C:
    """Set these values in the row, and return it."""
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    return row
