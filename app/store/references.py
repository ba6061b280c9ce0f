"""Which row a reference in a body means; raises Invalid, naming the field, where it means none."""

from collections.abc import Iterable
from typing import TypeVar

from sqlmodel import Session

from app.core.errors import Invalid
from app.database.models import Document, Event, Record, Report, Source, Speaker, Utterance
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
    known: dict[tuple[type[Record], str], R | None] = session.info.get("known", {})
    if (model, ref) in known:
        return known[model, ref]
    return lookups.find_row(session, model, **{_KEYS[model]: ref})


def learn(session: Session, names: Iterable[tuple[type[Record], str]]) -> None:
    """Look many slugs and external ids up at once; the session then knows what they mean, and which mean nothing.

    Only for a session in which what is looked up is neither renamed nor deleted.
    """
    known = session.info.setdefault("known", {})
    wanted: dict[type[Record], set[str]] = {}
    for model, name in names:
        if (model, name) not in known:
            wanted.setdefault(model, set()).add(name)
    for model, keys in wanted.items():
        known |= dict.fromkeys((model, key) for key in keys)
        for row in lookups.iterate_rows(session, model, _KEYS[model], keys):
            remember(session, row)


def remember(session: Session, row: Record) -> None:
    """Let a session that has learned names know one more, which was added since."""
    if type(row) in _KEYS:
        session.info["known"][type(row), getattr(row, _KEYS[type(row)])] = row


def resolve(session: Session, model: type[R], ref: Ref, at: At) -> R:
    """The row that ``ref`` means; for an event that was merged, what it is now."""
    row = find(session, model, ref)
    if row is None:
        raise Invalid(at, f"there is no {model.__name__.lower()} {ref}")
    while isinstance(row, Event) and row.merged_into_id is not None:
        row = session.get_one(model, row.merged_into_id)
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
