"""Parts of items that several lists share, such as the short form of a record."""

from typing import Any

from app.database.json_sql import Json, edtf_date, json_boolean, json_object, json_object_or_null
from app.database.tables import Table


def source_brief(source: Table, *, always: bool = False) -> Json:
    """Build a ``SourceBrief``; ``always`` if there is a source in every row."""
    fields = {"id": source.id, "slug": source.slug, "name": source.name}
    return json_object(fields) if always else json_object_or_null(source.id, fields)


def outlet_fields(source: Table) -> dict[str, Any]:
    """Return the fields of ``OutletPublic``."""
    return {
        "id": source.id,
        "slug": source.slug,
        "name": source.name,
        "kind": source.kind,
        "country": source.country,
        "state_affiliated": json_boolean(source.state_affiliated),
    }


def speaker_brief(speaker: Table) -> Json:
    """Build a ``SpeakerBrief``, or null where there is no speaker."""
    return json_object_or_null(
        speaker.id,
        {"id": speaker.id, "slug": speaker.slug, "name": speaker.name, "kind": speaker.kind, "title": speaker.title},
    )


def document_brief(document: Table) -> Json:
    """Build a ``DocumentBrief``."""
    fields = {"id": document.id, "title": document.title, "url": document.url, "published": published_date(document)}
    return json_object(fields)


def event_brief(event: Table) -> Json:
    """Build an ``EventBrief``, or null where there is no event."""
    date = edtf_date(event.date, event.earliest, event.latest, always=True)
    return json_object_or_null(event.id, {"id": event.id, "title": event.title, "date": date})


def published_date(document: Table) -> Json:
    """Build the date on which the document was published."""
    return edtf_date(document.published, document.published_earliest, document.published_latest)


def said_date(statement: Table) -> Json:
    """Build the date on which the statement or the utterance was said."""
    return edtf_date(statement.said, statement.said_earliest, statement.said_latest)


def coding_fields(record: Table) -> dict[str, object]:
    """Return the fields at the end of every record."""
    return {"coded_by": record.coded_by, "confidence": record.confidence, "revision": record.revision_id}
