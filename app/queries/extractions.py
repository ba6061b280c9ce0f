"""Who has read which document."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from app.database.tables import NOW


class Read(NamedTuple):
    """A document, its language, and who read it last, if anybody."""

    document_id: int
    language: str | None
    reader: str | None


def readings(session: Session, documents: Sequence[int] = ()) -> list[Read]:
    """All documents by id, or those of ``documents``, with who read them."""
    document, reading = NOW.document, NOW.extraction
    found = select(document.id, document.language, reading.reader)
    found = found.outerjoin(reading, reading.document_id == document.id).order_by(document.id)
    if documents:
        found = found.where(document.id.in_(documents))
    return [Read(*row) for row in session.execute(found)]
