"""The short forms in which one record names another."""

from typing import Any

from app.database.json_sql import Json, edtf_date, json_boolean, json_object, json_object_or_null
from app.database.tables import Table


def source_brief(source: Table, *, always: bool = False) -> Json:
    fields = {"id": source.id, "slug": source.slug, "name": source.name}
    return json_object(fields) if always else json_object_or_null(source.id, fields)


def outlet(source: Table) -> dict[str, Any]:
    """The fields of ``OutletPublic``."""
    return {
        "id": source.id,
        "slug": source.slug,
        "name": source.name,
        "kind": source.kind,
        "country": source.country,
        "state_affiliated": json_boolean(source.state_affiliated),
    }


def speaker_brief(speaker: Table) -> Json:
    return json_object_or_null(
        speaker.id,
        {"id": speaker.id, "slug": speaker.slug, "name": speaker.name, "kind": speaker.kind, "title": speaker.title},
    )


def document_brief(document: Table) -> Json:
    return json_object(
        {"id": document.id, "title": document.title, "url": document.url, "published": published(document)}
    )


def event_brief(event: Table) -> Json:
    date = edtf_date(event.date, event.earliest, event.latest, always=True)
    return json_object_or_null(event.id, {"id": event.id, "title": event.title, "date": date})


def published(document: Table) -> Json:
    return edtf_date(document.published, document.published_earliest, document.published_latest)


def said(statement: Table) -> Json:
    return edtf_date(statement.said, statement.said_earliest, statement.said_latest)


def coding(record: Table) -> dict[str, object]:
    """The fields with which every record ends."""
    return {"coded_by": record.coded_by, "confidence": record.confidence, "revision": record.revision_id}
