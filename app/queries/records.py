"""One record of any noun: now, as an earlier revision left it, or the error that explains its absence."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Select, Text, bindparam, func, select
from sqlmodel import Session

from app.core.errors import Gone, Invalid, NotFound
from app.core.vocab import Noun, Operation
from app.database.models import NOUNS, History, Record, Revision
from app.database.reads import PreparedSelect, ReadSession
from app.database.tables import AS_OF, NOW, Table, Tables, build_past_tables
from app.queries import claims, documents, events, matches, reports, sources, speakers, statements, utterances
from app.queries.lookups import has_deleted_key, has_key
from app.queries.names import Missing

R = TypeVar("R", bound=Record)

_ITEM_SELECTS: Mapping[Noun, Callable[[Tables], Select[Any]]] = {
    Noun.SOURCES: sources.select_items,
    Noun.DOCUMENTS: documents.select_full,
    Noun.EVENTS: events.select_items,
    Noun.REPORTS: reports.select_items,
    Noun.SPEAKERS: speakers.select_full,
    Noun.STATEMENTS: statements.select_items,
    Noun.UTTERANCES: utterances.select_full,
    Noun.CLAIMS: claims.select_items,
    Noun.MATCHES: matches.select_items,
}

_PAST: Table = History
_REVISION: Table = Revision


async def get_current(reads: ReadSession, noun: Noun, ref: int | str) -> str:
    """Return the record as JSON text; raise Missing if there is none."""
    rows = await reads.fetch(_select_current(noun, isinstance(ref, int)), {"ref": ref})
    if not rows:
        raise Missing(NOUNS[noun], ref)
    return str(rows[0][0])


@cache
def _select_current(noun: Noun, by_id: bool) -> PreparedSelect:
    table = getattr(NOW, NOUNS[noun].__name__.lower())
    ref = bindparam("ref", type_=BigInteger if by_id else Text, required=True)
    return PreparedSelect(_ITEM_SELECTS[noun](NOW).where(has_key(table, ref)), with_state=True)


def get_past(session: Session, noun: Noun, ref: int | str, revision: int) -> str:
    """Return the record as JSON text, as ``revision`` left it.

    Raises NotFound, or Gone if it was deleted; Invalid for a revision that does not exist yet.
    """
    tables = build_past_tables(session.get_bind().dialect.name)
    table = getattr(tables, NOUNS[noun].__name__.lower())
    latest = session.execute(select(func.coalesce(func.max(_REVISION.id), 0))).scalar_one()
    if revision > latest:
        raise Invalid("as_of", f"the latest revision is {latest}")
    query = _ITEM_SELECTS[noun](tables).where(has_key(table, ref))
    item = session.execute(query, {AS_OF.key: revision}).scalar_one_or_none()
    if item is None:
        raise build_missing_error(session, NOUNS[noun], ref, revision)
    return str(item)


def get_row(session: Session, model: type[R], ref: int | str) -> R:
    """Return the row with this id or slug; raise NotFound, or Gone if it was deleted."""
    table: Table = model
    row: R | None = session.execute(select(table).where(has_key(table, ref))).scalar_one_or_none()
    if row is None:
        raise build_missing_error(session, model, ref)
    return row


def build_missing_error(
    session: Session, model: type[Record], ref: int | str, revision: int | None = None
) -> NotFound | Gone:
    """Build the error for a record that does not exist: Gone if it was deleted or merged, NotFound otherwise."""
    assert model.noun is not None
    noun, word = model.noun, model.noun.singular
    merged = _PAST.values["merged_into"].as_string().label("merged")
    deleted = select(_PAST.row_id, _PAST.revision_id, merged).where(
        _PAST.table_name == model.__tablename__, _PAST.operation == Operation.DELETE, has_deleted_key(noun, ref)
    )
    last = session.execute(deleted.order_by(_PAST.revision_id.desc())).first()
    if last is None or (revision is not None and revision < last.revision_id):
        when = "" if revision is None else f" as of revision {revision}"
        return NotFound(f"There is no {word} {ref}{when}.")
    was = f"/{noun}/{last.row_id}?as_of={last.revision_id - 1}"
    details = {"id": last.row_id, "revision": last.revision_id, "was": was}
    if last.merged is None:
        return Gone(f"The {word} {ref} was deleted in revision {last.revision_id}.", **details)
    into = int(last.merged)
    message = f"The {word} {ref} was merged into {word} {into} in revision {last.revision_id}."
    return Gone(message, **details, merged_into_id=into)
