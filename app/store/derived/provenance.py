"""What the texts and bylines of documents show of where they come from, kept beside the documents."""

from collections.abc import Iterable

from sqlalchemy import Connection, text

from app.analysis.copies import build_sketch
from app.analysis.credits import find_credit
from app.database.models import Provenance
from app.store.derived.sql import execute

Shown = tuple[int, str, str | None]
"""A document's id, text and byline."""

# Documents whose texts are in memory at a time.
_READ = 200


def add(connection: Connection, documents: Iterable[Shown]) -> None:
    """Keep what new documents show; of what shows nothing, such as an empty text, nothing is kept."""
    rows = [row for row in map(_provenance, documents) if row["sketch"] or row["credit"]]
    if rows:
        connection.execute(Provenance.__table__.insert(), rows)  # type: ignore[attr-defined]


def renew(connection: Connection, documents: Iterable[Shown]) -> None:
    """Keep what documents show whose text or byline is another than before."""
    found = list(documents)
    execute(connection, "DELETE FROM provenance WHERE document_id {among}", [ident for ident, _, _ in found])
    add(connection, found)


def renew_all(connection: Connection) -> None:
    """Do so with every document."""
    last = 0
    page = text("SELECT id, text, byline FROM document WHERE id > :last ORDER BY id LIMIT :step")
    while found := connection.execute(page, {"last": last, "step": _READ}).all():
        renew(connection, [(row.id, row.text, row.byline) for row in found])
        last = found[-1].id


def _provenance(shown: Shown) -> dict[str, int | bytes | str | None]:
    ident, words, byline = shown
    row: dict[str, int | bytes | str | None] = dict.fromkeys(("credit", "credit_key", "credit_start", "credit_end"))
    row |= {"document_id": ident, "sketch": build_sketch(words)}
    credit = find_credit(words, byline)
    if credit is not None:
        row |= {"credit": credit.agency.name, "credit_key": credit.agency.key}
        if credit.span is not None:
            row |= {"credit_start": credit.span.start, "credit_end": credit.span.end}
    return row
