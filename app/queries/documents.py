"""Documents: with their text one at a time, in lists without it."""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from sqlalchemy import ScalarSelect, Select, func, literal, select, union_all
from sqlmodel import Session

from app.core.vocab import Noun
from app.database.json_sql import Json, as_text, json_array, json_object, json_object_or_null, rfc3339_time
from app.database.reads import ReadSession
from app.database.tables import NOW, Table, Tables
from app.queries.filters import begins_in_range, date_sort_key, lasts_into_range, match_ids, parse_ids, split_dates
from app.queries.fragments import coding_fields, published_date, source_brief
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.names import Within, resolve_names
from app.queries.parameters import FilterShape, split_filters
from app.queries.search import get_search_values, match_words
from app.schemas.document import DocumentFilter


def _fields(t: Tables) -> dict[str, object]:
    document = t.document
    return {
        "id": document.id,
        "source": source_brief(t.source, always=True),
        "title": document.title,
        "url": document.url,
        "canonical_url": document.canonical_url,
        "byline": document.byline,
        "language": document.language,
        "published": published_date(document),
        "published_at": rfc3339_time(document.published_at),
        "retrieved_at": rfc3339_time(document.retrieved_at),
        "sha256": document.sha256,
        "length": func.length(document.text),
        "report_count": _count_rows(t, t.report),
        "statement_count": _count_rows(t, t.statement),
        "supersedes_id": document.supersedes_id,
        **coding_fields(document),
    }


def _count_rows(t: Tables, table: Table) -> ScalarSelect[int]:
    return select(func.count()).where(table.document_id == t.document.id).correlate(t.document).scalar_subquery()


def _select(t: Tables, item: Json) -> Select[str]:
    return select(as_text(item)).select_from(t.document).join(t.source, t.source.id == t.document.source_id)


@cache
def select_items(t: Tables = NOW) -> Select[str]:
    """Select one JSON text a document, without its text (``DocumentPublic``)."""
    return _select(t, json_object(_fields(t)))


@cache
def select_full(t: Tables = NOW) -> Select[str]:
    """Select one JSON text a document, with its text and the spans in it (``DocumentFull``)."""
    more = {"text": t.document.text, "spans": json_array(_select_spans(t)), "extraction": _build_extraction(t)}
    return _select(t, json_object(_fields(t) | more)).outerjoin(t.extraction, t.extraction.document_id == t.document.id)


def _build_extraction(t: Tables) -> Json:
    extraction = t.extraction
    fields = {
        "extractor_version": extraction.reader,
        "extracted_at": rfc3339_time(extraction.at),
        "statement_count": extraction.statements,
        "suggestion_count": extraction.suggestions,
        "note": extraction.note,
    }
    return json_object_or_null(extraction.id, fields)


def _select_spans(t: Tables) -> Select[str]:
    """Select the spans that records have in the document, in the order of the text (``DocumentSpan``)."""
    document, statement, hop, report, claim = t.document, t.statement, t.attribution, t.report, t.claim
    hops = select(literal("attributions"), hop.statement_id, hop.start, hop.end)
    hops = hops.join(statement, statement.id == hop.statement_id).where(hop.start.is_not(None))
    claims = select(literal("claims"), claim.id, claim.start, claim.end)
    claims = claims.join(report, report.id == claim.report_id)
    selects = (
        select(literal("statements").label("noun"), statement.id.label("id"), statement.start, statement.end),
        select(literal("cues"), statement.id, statement.cue_start, statement.cue_end).where(
            statement.cue_start.is_not(None)
        ),
        select(literal("passages"), report.id, report.start, report.end).where(report.start.is_not(None)),
        hops,
        claims,
    )
    owners = (statement, statement, report, statement, report)
    spans = union_all(
        *(
            rows.where(owner.document_id == document.id).correlate(document)
            for rows, owner in zip(selects, owners, strict=True)
        )
    ).subquery()
    fields = {"noun": spans.c.noun, "id": spans.c.id, "start": spans.c.start, "end": spans.c.end}
    return select(json_object(fields).label("item")).order_by(spans.c.start, spans.c.end, spans.c.noun, spans.c.id)


async def get_listing(reads: ReadSession, filters: DocumentFilter, *, within: Within | None = None) -> BoundListing:
    """Return the documents that match, all or those of one source."""
    source_ids = await resolve_names(reads, {"source": filters.source}, within=within)
    shape, values = split_filters(
        **split_dates(filters),
        id=parse_ids(filters.id),
        source=source_ids.get("source"),
        within=source_ids.get("within"),
        **await get_search_values(reads, filters.q, Noun.DOCUMENTS),
    )
    return BoundListing(_build_query(shape, reads.dialect), values)


@lru_cache(maxsize=256)
def _build_query(shape: FilterShape, dialect: str) -> ListQuery:
    document = NOW.document
    ids = select(document.id).where(
        *match_ids(document.id, shape),
        *shape.match(document.source_id, "source"),
        *shape.match(document.source_id, "within"),
        *match_words(Noun.DOCUMENTS, shape, dialect),
    )
    sorts = {"published": (date_sort_key(document.published_earliest), document.id), "id": (document.id, document.id)}
    branches = [QueryBranch(ids.where(*begins_in_range(shape, document, "published_")), sorts)]
    if "first" in shape:
        branches.append(QueryBranch(ids.where(*lasts_into_range(shape, document, "published_")), sorts, few=True))
    return ListQuery(select_items(), document.id, branches)


class DocumentExtraction(NamedTuple):
    """A document, its language, and the version of the extractor that read it last, if any did."""

    document_id: int
    language: str | None
    extractor_version: str | None


def list_extractions(session: Session, documents: Sequence[int] = ()) -> list[DocumentExtraction]:
    """Return all documents, or only ``documents``, with the extractor that read each, ordered by id."""
    document, extraction = NOW.document, NOW.extraction
    query = select(document.id, document.language, extraction.reader)
    query = query.outerjoin(extraction, extraction.document_id == document.id).order_by(document.id)
    if documents:
        query = query.where(document.id.in_(documents))
    return [DocumentExtraction(*row) for row in session.execute(query)]
