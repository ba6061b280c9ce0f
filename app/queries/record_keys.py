"""Which row an address means, and which it meant."""

from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Integer, false, select

from app.core.vocab import Noun, Operation
from app.database.models import NOUNS, History
from app.database.tables import Table

_PAST: Table = History


def named(table: Table, ref: int | str | BindParameter[Any]) -> ColumnElement[bool]:
    """The row of ``table`` with this id, or this slug where it has slugs."""
    if isinstance(ref, int) or (isinstance(ref, BindParameter) and isinstance(ref.type, Integer)):
        return table.id == ref  # type: ignore[no-any-return]
    return table.slug == ref if hasattr(table, "slug") else false()


def deleted_as(noun: Noun, ref: int | str) -> ColumnElement[bool]:
    """The history of the record that had this id, or was deleted last under this slug."""
    if isinstance(ref, int):
        return _PAST.row_id == ref  # type: ignore[no-any-return]
    deleted = select(_PAST.row_id).where(
        _PAST.table_name == NOUNS[noun].__tablename__,
        _PAST.operation == Operation.DELETE,
        _PAST.values["slug"].as_string() == ref,
    )
    last = deleted.order_by(_PAST.revision_id.desc()).limit(1).scalar_subquery()
    return _PAST.row_id == last  # type: ignore[no-any-return]
