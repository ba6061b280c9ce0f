"""Which row a reference in a body means; raises Invalid, naming the field, where it means none."""

from typing import TypeVar

from sqlmodel import Session

from app.errors import Invalid
from app.models import Document, Event, Record, Report, Source, Speaker, Utterance
from app.queries import lookups

R = TypeVar("R", bound=Record)
Ref = int | str
At = tuple[str | int, ...]
"""Path of a field in the body, such as ``("statements", 0, "speaker")``."""

# What a reference that is not a number stands for, by table.
_KEYS: dict[type[Record], str] = {
    Source: "slug",
    Speaker: "slug",
    Event: "external_id",
    Utterance: "external_id",
}


def find(session: Session, model: type[R], ref: Ref) -> R | None:
    """The row that ``ref`` names: an id, a slug or an external id."""
    if isinstance(ref, int):
        return session.get(model, ref)
    return lookups.one(session, model, **{_KEYS[model]: ref})


def resolve(session: Session, model: type[R], ref: Ref, at: At) -> R:
    row = find(session, model, ref)
    if row is None:
        raise Invalid(at, f"there is no {model.__name__.lower()} {ref}")
    return row


# The columns that hold a reference, under the name that the field has in a body.
REFERENCES: dict[str, tuple[type[Record], str]] = {
    "source": (Source, "source_id"),
    "speaker": (Speaker, "speaker_id"),
    "event": (Event, "event_id"),
    "utterance": (Utterance, "utterance_id"),
    "document": (Document, "document_id"),
    "report": (Report, "report_id"),
    "supersedes": (Document, "supersedes_id"),
    "attributed_to": (Speaker, "attributed_to_id"),
}
