"""The captures of one published item: documents of one source and identity, or linked by ``supersedes``."""

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, Select, and_, bindparam, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from app.database.json_sql import Json, as_text, json_array, json_object, timestamp_text
from app.database.models import Document
from app.database.reads import PreparedSelect, ReadSession, is_one_of
from app.database.tables import NOW, Table
from app.queries import documents
from app.queries.fragments import speaker_brief
from app.queries.names import Missing


class CaptureKey(NamedTuple):
    """The sort key of a capture among those of its item: the time of capture as text, then its id."""

    retrieved_at: str
    id: int


class Capture(NamedTuple):
    """A document as an item (``DocumentPublic``), its text, and its statements in order: id, words, speaker."""

    item: dict[str, Any]
    text: str
    statements: list[dict[str, Any]]


def list_capture_ids(session: Session, document: Document) -> list[int]:
    """Return the ids of all captures of the document's item, including its own."""
    return sorted(session.execute(_select_ids(), {"document": document.id}).scalars())


async def list_capture_keys(reads: ReadSession, document: int) -> list[CaptureKey]:
    """Return all captures of the document's item, oldest first; raise Missing if there is no such document."""
    rows = await reads.fetch(_select_keys(), {"document": document})
    if not rows:
        raise Missing(Document, document)
    return sorted(CaptureKey(str(at), int(ident)) for at, ident in rows)


async def get_captures(reads: ReadSession, ids: Collection[int]) -> dict[int, Capture]:
    """Return these captures, by id."""
    rows = await reads.fetch(_select_captures(), {"ids": ids})
    return {
        ident: Capture(orjson.loads(item), text, orjson.loads(statements)) for item, ident, text, statements in rows
    }


@cache
def _select_ids() -> Select[Any]:
    member: Table = aliased(Document)
    other: Table = aliased(Document)
    item = select(NOW.document.id).where(NOW.document.id == _DOCUMENT).cte("item", recursive=True)
    is_same_item = or_(
        and_(other.source_id == member.source_id, other.identity == member.identity),
        other.supersedes_id == member.id,
        other.id == member.supersedes_id,
    )
    further = select(other.id).select_from(item).join(member, member.id == item.c.id).join(other, is_same_item)
    item = item.union(further)
    return select(item.c.id)


_DOCUMENT = bindparam("document", type_=BigInteger, required=True)


@cache
def _select_keys() -> PreparedSelect:
    item, document = _select_ids().subquery(), NOW.document
    rows = select(timestamp_text(document.retrieved_at).label("at"), document.id).join(item, item.c.id == document.id)
    return PreparedSelect(rows, with_state=True)


@cache
def _select_captures() -> PreparedSelect:
    document = NOW.document
    more = (document.id.label("id"), document.text.label("text"), as_text(_build_statements()).label("statements"))
    return PreparedSelect(
        documents.select_items().add_columns(*more).where(is_one_of(document.id, "ids")), with_state=True
    )


def _build_statements() -> Json:
    """Build the statements of the document, in the order of the text."""
    statement, speaker = NOW.statement, NOW.speaker
    fields = {"id": statement.id, "words": statement.text, "speaker": speaker_brief(speaker)}
    statements = select(json_object(fields).label("item")).select_from(statement)
    statements = statements.outerjoin(speaker, speaker.id == statement.speaker_id).where(
        statement.document_id == NOW.document.id
    )
    return json_array(statements.correlate(NOW.document).order_by(statement.start, statement.end, statement.id))
