"""Which documents are to be read, or to be read again."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from app.queries.tables import NOW


class Read(NamedTuple):
    """A document, its language, and who read it last, if anybody."""

    document_id: int
    language: str | None
    reader: str | None


def readings(session: Session, *, read: bool, documents: Sequence[int] = ()) -> Sequence[Read]:
    """The documents that the machine has ``read`` or has not, by id: all, or those of ``documents``."""
    document, reading = NOW.document, NOW.reading
    found = select(document.id, document.language, reading.reader)
    found = found.outerjoin(reading, reading.document_id == document.id)
    found = found.where(reading.id.is_not(None) if read else reading.id.is_(None))
    if documents:
        found = found.where(document.id.in_(documents))
    return [Read(*row) for row in session.execute(found.order_by(document.id))]
