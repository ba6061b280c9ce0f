"""Rows found by a key: an id, a slug, columns that are unique together, or the prefix of an API key."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from sqlalchemy import BindParameter, ColumnElement, Integer, Text, bindparam, cast, false, select
from sqlalchemy.orm import defer
from sqlmodel import Session

from app.core.vocab import Noun, Operation, Scope
from app.database.models import NOUNS, ApiKey, Document, History
from app.database.reads import PreparedSelect, ReadSession
from app.database.tables import NOW, Table

R = TypeVar("R")

# Values in one statement; the databases take some tens of thousands.
_BATCH = 1000

_PAST: Table = History
_KEY: Table = ApiKey


def find_row(session: Session, model: type[R], **values: object) -> R | None:
    """Return the row whose columns have these values, which are unique together."""
    return session.execute(select(model).filter_by(**values)).scalar_one_or_none()


def list_rows(session: Session, model: type[R], **values: object) -> Sequence[R]:
    """Return all rows whose columns have these values, ordered by id."""
    table: Table = model
    return session.execute(select(table).filter_by(**values).order_by(table.id)).scalars().all()


def iterate_rows(session: Session, model: type[R], column: str, values: Collection[object]) -> Iterator[R]:
    """Yield the rows whose ``column`` has one of these values."""
    table: Table = model
    keys = list(values)
    for start in range(0, len(keys), _BATCH):
        in_batch = getattr(table, column).in_(keys[start : start + _BATCH])
        yield from session.execute(select(table).where(in_batch)).scalars()


def list_captures(session: Session, *, source_id: int, identity: str) -> Sequence[Document]:
    """Return the captures of one item, ordered by id; their texts are loaded on access."""
    document = NOW.document
    captures = select(document).where(document.source_id == source_id, document.identity == identity)
    return session.execute(captures.options(defer(document.text)).order_by(document.id)).scalars().all()


def has_key(table: Table, ref: int | str | BindParameter[Any]) -> ColumnElement[bool]:
    """Return the condition that a row of ``table`` has this id, or this slug if the table has slugs."""
    if isinstance(ref, int) or (isinstance(ref, BindParameter) and isinstance(ref.type, Integer)):
        return table.id == ref  # type: ignore[no-any-return]
    return table.slug == ref if hasattr(table, "slug") else false()


def has_deleted_key(noun: Noun, ref: int | str) -> ColumnElement[bool]:
    """Return the condition for the history of the record with this id, or of the last one deleted with this slug."""
    if isinstance(ref, int):
        return _PAST.row_id == ref  # type: ignore[no-any-return]
    deleted = select(_PAST.row_id).where(
        _PAST.table_name == NOUNS[noun].__tablename__,
        _PAST.operation == Operation.DELETE,
        _PAST.values["slug"].as_string() == ref,
    )
    last = deleted.order_by(_PAST.revision_id.desc()).limit(1).scalar_subquery()
    return _PAST.row_id == last  # type: ignore[no-any-return]


@dataclass(frozen=True)
class StoredKey:
    """An API key as the store holds it; without ``paths`` it is not restricted to any."""

    id: int
    name: str
    prefix: str
    sha256: str
    scopes: Sequence[Scope]
    paths: Sequence[str]
    revoked: bool


async def find_api_key(reads: ReadSession, prefix: str) -> StoredKey | None:
    """Return the API key with this prefix, revoked or not."""
    rows = await reads.fetch(_API_KEY, {"prefix": prefix})
    if not rows:
        return None
    ident, name, prefix, sha256, scopes, paths, revoked = rows[0]
    key_scopes = tuple(map(Scope, orjson.loads(scopes)))
    return StoredKey(ident, name, prefix, sha256, key_scopes, orjson.loads(paths or "[]") or [], bool(revoked))


_API_KEY = PreparedSelect(
    select(
        _KEY.id,
        _KEY.name,
        _KEY.prefix,
        _KEY.sha256,
        cast(_KEY.scopes, Text),
        cast(_KEY.paths, Text),
        _KEY.revoked_at.is_not(None),
    ).where(_KEY.prefix == bindparam("prefix", required=True))
)
