"""The captures of one published item: what has its outlet and identity, and what ``supersedes`` ties together."""

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from app.database.json_sql import Json, as_text, is_one_of, json_array, json_object, timestamp_text
from app.database.models import Document
from app.database.statements import PreparedSelect, ReadSession
from app.database.tables import NOW, Table
from app.queries import documents
from app.queries.fragments import speaker_brief
from app.queries.names import Missing

Place = tuple[str, int]
"""Where a capture stands among those of its item: the moment of capture as text, then its id."""


class Capture(NamedTuple):
    """A document as an item (``DocumentPublic``), its text, and its statements in their order: id, words, speaker."""

    item: dict[str, Any]
    text: str
    statements: list[dict[str, Any]]


def list_capture_ids(session: Session, document: Document) -> list[int]:
    """The ids of all captures of the document's item, its own among them."""
    return sorted(session.execute(_ids(), {"document": document.id}).scalars())


async def list_places(reads: ReadSession, document: int) -> list[Place]:
    """All captures of the item, the oldest first; raises Missing where there is no such document."""
    rows = await reads.fetch(_places(), {"document": document})
    if not rows:
        raise Missing(Document, document)
    return sorted((str(at), int(ident)) for at, ident in rows)


async def get_captures(reads: ReadSession, ids: Collection[int]) -> dict[int, Capture]:
    """These captures, by id."""
    rows = await reads.fetch(_texts(), {"ids": ids})
    return {ident: Capture(orjson.loads(item), text, orjson.loads(said)) for item, ident, text, said in rows}


@cache
def _ids() -> Select[Any]:
    known: Table = aliased(Document)
    other: Table = aliased(Document)
    item = select(NOW.document.id).where(NOW.document.id == _DOCUMENT).cte("item", recursive=True)
    further = select(other.id).select_from(item).join(known, known.id == item.c.id).join(other, _of_one(known, other))
    item = item.union(further)
    return select(item.c.id)


_DOCUMENT = bindparam("document", type_=BigInteger, required=True)


def _of_one(known: Table, other: Table) -> ColumnElement[bool]:
    """Two documents are captures of one item."""
    return or_(
        and_(other.source_id == known.source_id, other.identity == known.identity),
        other.supersedes_id == known.id,
        other.id == known.supersedes_id,
    )


@cache
def _places() -> PreparedSelect:
    item, document = _ids().subquery(), NOW.document
    rows = select(timestamp_text(document.retrieved_at).label("at"), document.id).join(item, item.c.id == document.id)
    return PreparedSelect(rows, with_state=True)


@cache
def _texts() -> PreparedSelect:
    document = NOW.document
    more = (document.id.label("id"), document.text.label("text"), as_text(_statements()).label("statements"))
    return PreparedSelect(
        documents.select_items().add_columns(*more).where(is_one_of(document.id, "ids")), with_state=True
    )


def _statements() -> Json:
    """The statements of the document in hand, in the order of the text."""
    statement, speaker = NOW.statement, NOW.speaker
    fields = {"id": statement.id, "words": statement.text, "speaker": speaker_brief(speaker)}
    said = select(json_object(fields).label("item")).select_from(statement)
    said = said.outerjoin(speaker, speaker.id == statement.speaker_id).where(statement.document_id == NOW.document.id)
    return json_array(said.correlate(NOW.document).order_by(statement.start, statement.end, statement.id))
