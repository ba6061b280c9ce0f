"""Machine-made records of several nouns that no person has reviewed, and the records that people rejected."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from app.core.vocab import Noun
from app.database.json_sql import (
    Json,
    as_text,
    edtf_date,
    json_array,
    json_object,
    parse_json,
    rfc3339_time,
    span_selectors,
)
from app.database.models import NOUNS, Rejection
from app.database.reads import PreparedSelect, ReadSession, Values, is_one_of
from app.database.tables import NOW, Table
from app.queries import matches
from app.queries.fragments import document_brief, event_brief, said_date, source_brief, speaker_brief
from app.queries.listing import BoundListing, ListQuery, Page, PageRequest, UnionQuery
from app.queries.names import resolve_names
from app.queries.parameters import Condition, FilterShape, split_filters
from app.queries.statements import select_chain
from app.schemas.common import MAX_ID, split_commas
from app.schemas.review import ReviewFilter

REVIEWED = (Noun.EVENTS, Noun.REPORTS, Noun.SPEAKERS, Noun.STATEMENTS, Noun.CLAIMS, Noun.MATCHES)

# Written into the SQL, so that the indexes of machine-made records serve it.
_BY_MACHINE = literal_column("'machine'", Text)

# The sort key of a record without a confidence: after all that have one.
_UNKNOWN = cast(literal(2.0), Float)


async def get_listing(reads: ReadSession, filters: ReviewFilter) -> "ReviewListing":
    """Return the records to review that match (``ReviewPublic``)."""
    ids = await resolve_names(reads, {"source": filters.source})
    shape, values = split_filters(
        least=filters.min_confidence,
        most=filters.max_confidence,
        source=ids.get("source"),
        document=[min(int(word), MAX_ID) for word in split_commas(filters.document)],
    )
    requested = split_commas(filters.noun) or REVIEWED
    return ReviewListing(_build_query(shape, tuple(noun for noun in REVIEWED if noun in requested)), values)


class ReviewListing:
    """Machine-made records: one statement selects a page, one builds its items."""

    def __init__(self, query: UnionQuery[Noun], values: Values) -> None:
        self._query = query
        self._values = values

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        page = await self._query.page(reads, request, self._values)
        keys = [(noun, ident) for noun, ident, _ in page.records]
        ids = {f"ids_{noun}": [ident for kind, ident in keys if kind == noun] for noun in REVIEWED}
        rows = await reads.fetch(_select_items(), ids) if keys else ()
        items = {(noun, ident): item for noun, ident, item in rows}
        return Page([str(items[key]) for key in keys], page.last)

    async def count(self, reads: ReadSession) -> int:
        """Return the number of records on all pages."""
        return await self._query.count(reads, self._values)


@lru_cache(maxsize=256)
def _build_query(shape: FilterShape, nouns: Sequence[Noun]) -> UnionQuery[Noun]:
    """Build one branch of each noun for records with a confidence, in the order of its index, and one for the rest."""
    branches = []
    for noun in nouns:
        row: Table = NOUNS[noun]
        ids = select(row.id).where(row.coded_by == _BY_MACHINE, *_match_documents(noun, shape))
        bounds = [row.confidence.is_not(None)]
        bounds += [row.confidence >= shape.bind("least", Float)] if "least" in shape else []
        bounds += [row.confidence <= shape.bind("most", Float)] if "most" in shape else []
        branches.append((noun, ids.add_columns(row.confidence).where(*bounds)))
        if not ("least" in shape or "most" in shape):
            # An expression in place of the id: PostgreSQL would walk through all ids where there are few records.
            ident = row.id + literal_column("0")
            rest = ids.with_only_columns(ident, _UNKNOWN, maintain_column_froms=True)
            branches.append((noun, rest.where(row.confidence.is_(None))))
    return UnionQuery(branches)


def _match_documents(noun: Noun, shape: FilterShape) -> list[Condition]:
    """Return the condition that the record is in one of the requested documents, or in one of a requested source."""
    if "source" not in shape and "document" not in shape:
        return []
    document, report, statement, hop = NOW.document, NOW.report, NOW.statement, NOW.attribution
    documents = select(document.id).where(
        *shape.match(document.source_id, "source"), *shape.match(document.id, "document")
    )
    reported = select(report.event_id).where(report.document_id.in_(documents))
    if noun is Noun.EVENTS:
        return [NOW.event.id.in_(reported)]
    if noun is Noun.CLAIMS:
        return [NOW.claim.report_id.in_(select(report.id).where(report.document_id.in_(documents)))]
    if noun is Noun.MATCHES:
        match, printed = NOW.match, select(statement.id).where(statement.document_id.in_(documents))
        either = (match.event_id.in_(reported), match.other_event_id.in_(reported))
        return [or_(*either, match.statement_id.in_(printed), match.other_statement_id.in_(printed))]
    if noun is Noun.SPEAKERS:
        said = select(statement.speaker_id).where(statement.document_id.in_(documents))
        relayed = select(hop.speaker_id).join(statement, statement.id == hop.statement_id)
        relayed = relayed.where(statement.document_id.in_(documents))
        return [or_(NOW.speaker.id.in_(said), NOW.speaker.id.in_(relayed))]
    return [(report if noun is Noun.REPORTS else statement).document_id.in_(documents)]


@cache
def _select_items() -> PreparedSelect:
    """Select noun, id and item of records by their ids of each noun."""
    selects = {
        Noun.EVENTS: _select_events(),
        Noun.REPORTS: _select_reports(),
        Noun.SPEAKERS: _select_speakers(),
        Noun.STATEMENTS: _select_statements(),
        Noun.CLAIMS: _select_claims(),
        Noun.MATCHES: _select_matches(),
    }
    rows = (items.where(is_one_of(_TABLES[noun].id, f"ids_{noun}")) for noun, items in selects.items())
    return PreparedSelect(select(union_all(*rows).subquery()), with_state=True)


_TABLES: Mapping[Noun, Table] = NOUNS


def _select_item(noun: Noun, kind: Any, own_fields: Mapping[str, Json]) -> Select[Any]:
    """Select the record's noun and id, and its item: its ``own_fields``, and the document that it is in."""
    row, document, source = _TABLES[noun], NOW.document, NOW.source
    empty = {"span": null(), "cue": null(), "speaker": null(), "chain": parse_json(literal_column("'[]'"))}
    empty |= dict.fromkeys(("event", "date", "normalized", "unit", "other"), null())
    key = {"noun": literal_column(f"'{noun}'"), "id": row.id, "kind": kind, "confidence": row.confidence}
    place = {
        "document": case((document.id.is_(None), null()), else_=document_brief(document)),
        "source": source_brief(source),
        "href": literal_column(f"'/{noun}/'", Text) + cast(row.id, Text),
    }
    fields = {**key, "revision": row.revision_id, **empty, **own_fields, **place}
    return select(key["noun"].label("noun"), row.id.label("id"), as_text(json_object(fields)).label("item"))


def _select_statements() -> Select[Any]:
    statement, document, source = NOW.statement, NOW.document, NOW.source
    fields = {
        "span": span_selectors(document.text, statement.start, statement.end, always=True),
        "cue": span_selectors(document.text, statement.cue_start, statement.cue_end),
        "speaker": speaker_brief(NOW.speaker),
        "chain": json_array(select_chain(NOW)),
        "event": event_brief(NOW.event),
        "date": said_date(statement),
    }
    return (
        _select_item(Noun.STATEMENTS, statement.kind, fields)
        .select_from(statement)
        .join(document, document.id == statement.document_id)
        .join(source, source.id == document.source_id)
        .outerjoin(NOW.speaker, NOW.speaker.id == statement.speaker_id)
        .outerjoin(NOW.event, NOW.event.id == statement.event_id)
    )


def _select_speakers() -> Select[Any]:
    """Select speakers, each with the first statement that it made or, if there is none, relayed."""
    speaker, statement, hop, document = NOW.speaker, NOW.statement, NOW.attribution, NOW.document
    made = select(func.min(statement.id)).where(statement.speaker_id == speaker.id).correlate(speaker)
    relayed = select(func.min(hop.statement_id)).where(hop.speaker_id == speaker.id).correlate(speaker)
    first: Table = aliased(statement)
    fields = {"span": span_selectors(document.text, first.start, first.end), "speaker": speaker_brief(speaker)}
    fields["cue"] = span_selectors(document.text, first.cue_start, first.cue_end)
    items = _select_item(Noun.SPEAKERS, speaker.kind, fields).select_from(speaker)
    items = items.outerjoin(first, first.id == func.coalesce(made.scalar_subquery(), relayed.scalar_subquery()))
    return _with_document(items, first.document_id)


def _select_reports() -> Select[Any]:
    report, document, event = NOW.report, NOW.document, NOW.event
    fields = {
        "span": span_selectors(document.text, report.start, report.end),
        "event": event_brief(event),
        "date": _report_date(report),
    }
    items = _select_item(Noun.REPORTS, report.role, fields).select_from(report).join(event, event.id == report.event_id)
    return _with_document(items, report.document_id)


def _select_events() -> Select[Any]:
    """Select events, each with its first report."""
    report, document, event = NOW.report, NOW.document, NOW.event
    first: Table = aliased(report)
    made = select(func.min(report.id)).where(report.event_id == event.id).correlate(event)
    fields = {
        "span": span_selectors(document.text, first.start, first.end),
        "event": event_brief(event),
        "date": _report_date(first),
    }
    items = _select_item(Noun.EVENTS, event.type, fields).select_from(event)
    return _with_document(items.outerjoin(first, first.id == made.scalar_subquery()), first.document_id)


def _select_claims() -> Select[Any]:
    claim, report, document, event = NOW.claim, NOW.report, NOW.document, NOW.event
    fields = {
        "span": span_selectors(document.text, claim.start, claim.end, always=True),
        "speaker": speaker_brief(NOW.speaker),
        "event": event_brief(event),
        "date": _report_date(report),
        "normalized": claim.normalized,
        "unit": claim.unit,
    }
    items = (
        _select_item(Noun.CLAIMS, claim.property, fields).select_from(claim).join(report, report.id == claim.report_id)
    )
    items = items.join(event, event.id == report.event_id)
    items = items.outerjoin(NOW.speaker, NOW.speaker.id == claim.attributed_to_id)
    return _with_document(items, report.document_id)


def _select_matches() -> Select[Any]:
    """Select matches, each with the fields of its first record, and the second."""
    match, statement, document = NOW.match, NOW.statement, NOW.document
    fields = {
        "span": span_selectors(document.text, statement.start, statement.end),
        "cue": span_selectors(document.text, statement.cue_start, statement.cue_end),
        "speaker": speaker_brief(NOW.speaker),
        "chain": json_array(select_chain(NOW)),
        "event": event_brief(NOW.event),
        "date": said_date(statement),
        "other": matches.second_record(NOW),
    }
    items = _select_item(Noun.MATCHES, matches.match_noun(NOW), fields).select_from(match)
    items = items.outerjoin(statement, statement.id == match.statement_id)
    items = items.outerjoin(NOW.event, NOW.event.id == func.coalesce(match.event_id, statement.event_id))
    items = items.outerjoin(NOW.speaker, NOW.speaker.id == statement.speaker_id)
    return _with_document(items, statement.document_id)


def _report_date(report: Table) -> Json:
    return edtf_date(report.date, report.earliest, report.latest)


def _with_document(items: Select[Any], document_id: ColumnElement[int]) -> Select[Any]:
    """Add the document and its source, if there is one."""
    document, source = NOW.document, NOW.source
    return items.outerjoin(document, document.id == document_id).outerjoin(source, source.id == document.source_id)


_REJECTION: Table = Rejection


@cache
def _build_rejection_query() -> ListQuery:
    row, document = _REJECTION, NOW.document
    fields = {
        "id": row.id,
        "noun": row.noun,
        "words": row.words_key,
        "start": row.start,
        "end": row.end,
        "document": case((document.id.is_(None), null()), else_=document_brief(document)),
        "rejected_at": rfc3339_time(row.at),
        "author": row.author,
    }
    items = select(as_text(json_object(fields))).select_from(row).outerjoin(document, document.id == row.document_id)
    return ListQuery.by_id(items, row.id, select(row.id))


async def get_rejection_listing(_reads: ReadSession) -> BoundListing:
    """Return the records that people rejected (``RejectionPublic``)."""
    return BoundListing(_build_rejection_query(), {})
