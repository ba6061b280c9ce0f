"""Utterances: the things said, each with the statements that print it."""

from functools import cache, lru_cache

from sqlalchemy import Select, func, select

from app.queries.asked import Asked, asked
from app.queries.briefs import coding, said, speaker_brief
from app.queries.filters import or_no_date
from app.queries.listing import Found, Listing, Part
from app.queries.names import resolve
from app.queries.prepared import Reads
from app.queries.sql import array_of_values, as_text, obj
from app.queries.tables import NOW, Tables
from app.schemas.utterance import UtteranceFilter


@cache
def items(t: Tables = NOW) -> Select[str]:
    """One JSON text an utterance (``UtterancePublic``)."""
    utterance, statement = t.utterance, t.statement
    printings = select(statement.id.label("item")).where(statement.utterance_id == utterance.id)
    outlets = (
        select(func.count(t.document.source_id.distinct()))
        .join(statement, statement.document_id == t.document.id)
        .where(statement.utterance_id == utterance.id)
    )
    fields = {
        "id": utterance.id,
        "speaker": speaker_brief(t.speaker),
        "said": said(utterance),
        "statements": array_of_values(printings.order_by(statement.id).correlate(utterance)),
        "source_count": outlets.correlate(utterance).scalar_subquery(),
        "external_id": utterance.external_id,
    }
    return (
        select(as_text(obj(fields | coding(utterance))))
        .select_from(utterance)
        .outerjoin(t.speaker, t.speaker.id == utterance.speaker_id)
    )


async def listing(reads: Reads, filters: UtteranceFilter) -> Found:
    """The utterances that match."""
    ids = await resolve(reads, {"speaker": filters.speaker})
    shape, values = asked(speaker=ids.get("speaker"))
    return Found(_listing(shape), values)


@lru_cache(maxsize=64)
def _listing(shape: Asked) -> Listing:
    utterance = NOW.utterance
    found = select(utterance.id).where(*shape.among(utterance.speaker_id, "speaker"))
    sorts = {"said": (or_no_date(utterance.said_earliest), utterance.id)}
    return Listing(items(), utterance.id, [Part(found, sorts)])
