"""Documents: one with its text, or many without."""

from functools import cache

from sqlalchemy import ScalarSelect, Select, func, literal, select, union_all

from app.queries.briefs import coding, published, source_brief
from app.queries.filters import in_range, or_no_date
from app.queries.listing import Listing
from app.queries.search import matches
from app.queries.sql import Json, array, as_text, moment, obj
from app.queries.tables import NOW, Table, Tables
from app.schemas.document import DocumentFilter
from app.vocab import Noun


def _fields(t: Tables) -> dict[str, object]:
    document = t.document
    return {
        "id": document.id,
        "source": source_brief(t.source),
        "title": document.title,
        "url": document.url,
        "canonical_url": document.canonical_url,
        "byline": document.byline,
        "language": document.language,
        "published": published(document),
        "published_at": moment(document.published_at),
        "retrieved_at": moment(document.retrieved_at),
        "sha256": document.sha256,
        "length": func.length(document.text),
        "report_count": _count(t, t.report),
        "statement_count": _count(t, t.statement),
        "supersedes": document.supersedes_id,
        **coding(document),
    }


def _count(t: Tables, table: Table) -> ScalarSelect[int]:
    return select(func.count()).where(table.document_id == t.document.id).correlate(t.document).scalar_subquery()


def _select(t: Tables, item: Json) -> Select[str]:
    return select(as_text(item)).select_from(t.document).join(t.source, t.source.id == t.document.source_id)


@cache
def items(t: Tables = NOW) -> Select[str]:
    """One JSON text a document, without its text (``DocumentPublic``)."""
    return _select(t, obj(_fields(t)))


@cache
def full(t: Tables = NOW) -> Select[str]:
    """One JSON text a document, with its text and what stands where in it (``DocumentFull``)."""
    return _select(t, obj(_fields(t) | {"text": t.document.text, "spans": array(_spans(t))}))


def _spans(t: Tables) -> Select[str]:
    """Every stretch of the document in hand that a record stands on, in the order of the text (``DocumentSpan``)."""
    document, statement, hop, report, claim = t.document, t.statement, t.attribution, t.report, t.claim
    hops = select(literal("attribution"), hop.statement_id, hop.start, hop.end)
    hops = hops.join(statement, statement.id == hop.statement_id).where(hop.start.is_not(None))
    claims = select(literal("claim"), claim.id, claim.start, claim.end)
    claims = claims.join(report, report.id == claim.report_id)
    parts = (
        select(literal("statement").label("noun"), statement.id.label("id"), statement.start, statement.end),
        select(literal("cue"), statement.id, statement.cue_start, statement.cue_end).where(
            statement.cue_start.is_not(None)
        ),
        select(literal("passage"), report.id, report.start, report.end).where(report.start.is_not(None)),
        hops,
        claims,
    )
    owners = (statement, statement, report, statement, report)
    spans = union_all(
        *(
            part.where(owner.document_id == document.id).correlate(document)
            for part, owner in zip(parts, owners, strict=True)
        )
    ).subquery()
    fields = {"noun": spans.c.noun, "id": spans.c.id, "start": spans.c.start, "end": spans.c.end}
    return select(obj(fields).label("item")).order_by(spans.c.start, spans.c.end, spans.c.noun, spans.c.id)


def listing(
    filters: DocumentFilter, *, ids: dict[str, list[int]], dialect: str, source_id: int | None = None
) -> Listing:
    """The documents that match; ``ids`` are the sources that the filters name.

    ``source_id`` narrows the list to those of one source.
    """
    document = NOW.document
    conditions = in_range(filters, document, "published_")
    conditions.extend(
        document.source_id.in_(found) for found in (ids.get("source"), source_id and [source_id]) if found
    )
    if filters.q:
        conditions.append(matches(Noun.DOCUMENTS, filters.q, dialect=dialect))
    sorts = {"published": or_no_date(document.published_earliest), "id": document.id}
    return Listing(items(), document.id, select(document.id).where(*conditions), sorts)
