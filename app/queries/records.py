"""One record of any noun: as it is, as it was, and whether it ever was."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Select, false, select
from sqlmodel import Session

from app.errors import Gone, Invalid, NotFound
from app.models import NOUNS, History, Record
from app.queries import claims, documents, events, reports, revisions, sources, speakers, statements, utterances
from app.queries.tables import NOW, Table, Tables, as_of
from app.vocab import Noun, Operation

R = TypeVar("R", bound=Record)

ITEMS: Mapping[Noun, Callable[[Tables], Select[Any]]] = {
    Noun.SOURCES: sources.items,
    Noun.DOCUMENTS: documents.full,
    Noun.EVENTS: events.items,
    Noun.REPORTS: reports.items,
    Noun.SPEAKERS: speakers.items,
    Noun.STATEMENTS: statements.items,
    Noun.UTTERANCES: utterances.items,
    Noun.CLAIMS: claims.items,
}

_PAST: Table = History


def item(session: Session, noun: Noun, ref: int | str, *, revision: int | None = None) -> str:
    """The record as JSON text, now or as ``revision`` left it.

    Raises NotFound, or Gone where it existed and was deleted; Invalid for a revision yet to come.
    """
    tables = _tables(session, revision)
    table = getattr(tables, NOUNS[noun].__name__.lower())
    found = session.execute(ITEMS[noun](tables).where(_is(table, ref))).scalar_one_or_none()
    if found is None:
        raise _missing(session, noun, ref, revision)
    return str(found)


def row(session: Session, model: type[R], ref: int | str) -> R:
    """The row that an address names; raises as ``item`` does."""
    table: Table = model
    found: R | None = session.execute(select(table).where(_is(table, ref))).scalar_one_or_none()
    if found is None:
        assert model.noun is not None
        raise _missing(session, model.noun, ref, None)
    return found


def id_ever(session: Session, noun: Noun, ref: int | str) -> int:
    """The id of a record that is in the store, or once was; raises NotFound otherwise."""
    try:
        return int(row(session, NOUNS[noun], ref).id or 0)
    except Gone as gone:
        return int(gone.extensions["id"])


def _tables(session: Session, revision: int | None) -> Tables:
    if revision is None:
        return NOW
    latest, _ = revisions.latest(session)
    if revision > latest:
        raise Invalid("as_of", f"the latest revision is {latest}")
    return as_of(revision, dialect=session.get_bind().dialect.name)


def _is(table: Table, ref: int | str) -> Any:
    if isinstance(ref, int):
        return table.id == ref
    return table.slug == ref if hasattr(table, "slug") else false()


def _missing(session: Session, noun: Noun, ref: int | str, revision: int | None) -> NotFound | Gone:
    """Why there is no such record: it never was, or it was deleted."""
    word = noun.value.removesuffix("s")
    deleted = select(_PAST.row_id, _PAST.revision_id, _PAST.replaced_revision_id).where(
        _PAST.table_name == NOUNS[noun].__tablename__, _PAST.operation == Operation.DELETE
    )
    by_address = _PAST.row_id == ref if isinstance(ref, int) else _PAST.values["slug"].as_string() == ref
    last = session.execute(deleted.where(by_address).order_by(_PAST.revision_id.desc())).first()
    if last is None or (revision is not None and revision < last.revision_id):
        then = "" if revision is None else f" as of revision {revision}"
        return NotFound(f"There is no {word} {ref}{then}.")
    was = f"/{noun}/{last.row_id}?as_of={last.revision_id - 1}"
    return Gone(
        f"The {word} {ref} was deleted in revision {last.revision_id}.",
        id=last.row_id,
        revision=last.revision_id,
        was=was,
    )
