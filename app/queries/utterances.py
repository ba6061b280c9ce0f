"""Utterances: the things said, each with the statements that print it."""

from functools import cache

from sqlalchemy import Select, func, select

from app.queries.briefs import coding, said, speaker_brief
from app.queries.filters import or_no_date
from app.queries.listing import Listing
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


def listing(filters: UtteranceFilter, *, ids: dict[str, list[int]]) -> Listing:
    """The utterances that match; ``ids`` are the speakers that the filters name."""
    utterance = NOW.utterance
    found = select(utterance.id)
    if "speaker" in ids:
        found = found.where(utterance.speaker_id.in_(ids["speaker"]))
    sorts = {"said": or_no_date(utterance.said_earliest)}
    return Listing(items(), utterance.id, found, sorts)
