"""What machines made and no person has looked at, over several nouns; and what people rejected."""

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
    is_one_of,
    json_array,
    json_object,
    parse_json,
    rfc3339_time,
    span_selectors,
)
from app.database.models import NOUNS, Rejection
from app.database.statements import PreparedSelect, ReadSession, Values
from app.database.tables import NOW, Table
from app.queries import matches
from app.queries.fragments import document_brief, event_brief, said, source_brief, speaker_brief
from app.queries.listing import BoundListing, ListQuery, Page, PageRequest, UnionQuery
from app.queries.names import resolve_names
from app.queries.parameters import Condition, FilterShape, split_filters
from app.queries.statements import chain
from app.schemas.common import MAX_ID, split_commas
from app.schemas.review import ReviewFilter

REVIEWED = (Noun.EVENTS, Noun.REPORTS, Noun.SPEAKERS, Noun.STATEMENTS, Noun.CLAIMS, Noun.MATCHES)

# Written into the SQL, so that the indexes of what a machine made serve it.
_BY_MACHINE = literal_column("'machine'", Text)

# What a record without a confidence is sorted by: after all that have one.
_UNKNOWN = cast(literal(2.0), Float)


async def get_listing(reads: ReadSession, filters: ReviewFilter) -> "Review":
    """The records to review that match (``ReviewPublic``)."""
    ids = await resolve_names(reads, {"source": filters.source})
    shape, values = split_filters(
        least=filters.min_confidence,
        most=filters.max_confidence,
        source=ids.get("source"),
        document=[min(int(word), MAX_ID) for word in split_commas(filters.document)],
    )
    wanted = split_commas(filters.noun) or REVIEWED
    return Review(_union(shape, tuple(noun for noun in REVIEWED if noun in wanted)), values)


class Review:
    """Machine-made records: one statement finds a page, one builds its items."""

    def __init__(self, union: UnionQuery[Noun], values: Values) -> None:
        self._union = union
        self._values = values

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        found = await self._union.page(reads, request, self._values)
        keys = [(noun, ident) for noun, ident, _ in found.records]
        ids = {f"ids_{noun}": [ident for kind, ident in keys if kind == noun] for noun in REVIEWED}
        rows = await reads.fetch(_items(), ids) if keys else ()
        items = {(noun, ident): item for noun, ident, item in rows}
        return Page([str(items[key]) for key in keys], found.last)

    async def count(self, reads: ReadSession) -> int:
        return await self._union.count(reads, self._values)


@lru_cache(maxsize=256)
def _union(shape: FilterShape, nouns: Sequence[Noun]) -> UnionQuery[Noun]:
    """A part for what has a confidence, in the order of its index, and one for the rest of each noun."""
    parts = []
    for noun in nouns:
        row: Table = NOUNS[noun]
        found = select(row.id).where(row.coded_by == _BY_MACHINE, *_where(noun, shape))
        bounds = [row.confidence.is_not(None)]
        bounds += [row.confidence >= shape.value("least", Float)] if "least" in shape else []
        bounds += [row.confidence <= shape.value("most", Float)] if "most" in shape else []
        parts.append((noun, found.add_columns(row.confidence).where(*bounds)))
        if not ("least" in shape or "most" in shape):
            # What is no plain column cannot be walked along: where there are few, PostgreSQL would go through all.
            ident = row.id + literal_column("0")
            rest = found.with_only_columns(ident, _UNKNOWN, maintain_column_froms=True)
            parts.append((noun, rest.where(row.confidence.is_(None))))
    return UnionQuery(parts)


def _where(noun: Noun, shape: FilterShape) -> list[Condition]:
    """The record stands in one of the documents, or in one of a source, that are asked for."""
    if "source" not in shape and "document" not in shape:
        return []
    document, report, statement, hop = NOW.document, NOW.report, NOW.statement, NOW.attribution
    documents = select(document.id).where(
        *shape.among(document.source_id, "source"), *shape.among(document.id, "document")
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
def _items() -> PreparedSelect:
    """Noun, id and item of records, given their ids by noun."""
    selects = {
        Noun.EVENTS: _events(),
        Noun.REPORTS: _reports(),
        Noun.SPEAKERS: _speakers(),
        Noun.STATEMENTS: _statements(),
        Noun.CLAIMS: _claims(),
        Noun.MATCHES: _matches(),
    }
    rows = (items.where(is_one_of(_row(noun).id, f"ids_{noun}")) for noun, items in selects.items())
    return PreparedSelect(select(union_all(*rows).subquery()), with_state=True)


def _row(noun: Noun) -> Table:
    return NOUNS[noun]


def _item(noun: Noun, kind: Any, told: Mapping[str, Json]) -> Select[Any]:
    """The record's noun and id, and its item: what is ``told`` of it, and where it stands."""
    row, document, source = _row(noun), NOW.document, NOW.source
    nothing = {"words": null(), "cue": null(), "speaker": null(), "chain": parse_json(literal_column("'[]'"))}
    nothing |= dict.fromkeys(("event", "date", "normalized", "unit", "other"), null())
    head = {"noun": literal_column(f"'{noun}'"), "id": row.id, "kind": kind, "confidence": row.confidence}
    stands = {
        "document": case((document.id.is_(None), null()), else_=document_brief(document)),
        "source": source_brief(source),
        "href": literal_column(f"'/{noun}/'", Text) + cast(row.id, Text),
    }
    fields = {**head, "revision": row.revision_id, **nothing, **told, **stands}
    return select(head["noun"].label("noun"), row.id.label("id"), as_text(json_object(fields)).label("item"))


def _statements() -> Select[Any]:
    statement, document, source = NOW.statement, NOW.document, NOW.source
    told = {
        "words": span_selectors(document.text, statement.start, statement.end, always=True),
        "cue": span_selectors(document.text, statement.cue_start, statement.cue_end),
        "speaker": speaker_brief(NOW.speaker),
        "chain": json_array(chain(NOW)),
        "event": event_brief(NOW.event),
        "date": said(statement),
    }
    return (
        _item(Noun.STATEMENTS, statement.kind, told)
        .select_from(statement)
        .join(document, document.id == statement.document_id)
        .join(source, source.id == document.source_id)
        .outerjoin(NOW.speaker, NOW.speaker.id == statement.speaker_id)
        .outerjoin(NOW.event, NOW.event.id == statement.event_id)
    )


def _speakers() -> Select[Any]:
    """Speakers, each with the first statement that it made, or else relayed."""
    speaker, statement, hop, document = NOW.speaker, NOW.statement, NOW.attribution, NOW.document
    made = select(func.min(statement.id)).where(statement.speaker_id == speaker.id).correlate(speaker)
    relayed = select(func.min(hop.statement_id)).where(hop.speaker_id == speaker.id).correlate(speaker)
    first: Table = aliased(statement)
    told = {"words": span_selectors(document.text, first.start, first.end), "speaker": speaker_brief(speaker)}
    told["cue"] = span_selectors(document.text, first.cue_start, first.cue_end)
    found = _item(Noun.SPEAKERS, speaker.kind, told).select_from(speaker)
    found = found.outerjoin(first, first.id == func.coalesce(made.scalar_subquery(), relayed.scalar_subquery()))
    return _standing(found, first.document_id)


def _reports() -> Select[Any]:
    report, document, event = NOW.report, NOW.document, NOW.event
    told = {
        "words": span_selectors(document.text, report.start, report.end),
        "event": event_brief(event),
        "date": _dated(report),
    }
    found = _item(Noun.REPORTS, report.role, told).select_from(report).join(event, event.id == report.event_id)
    return _standing(found, report.document_id)


def _events() -> Select[Any]:
    """Events, each with its first report."""
    report, document, event = NOW.report, NOW.document, NOW.event
    first: Table = aliased(report)
    made = select(func.min(report.id)).where(report.event_id == event.id).correlate(event)
    told = {
        "words": span_selectors(document.text, first.start, first.end),
        "event": event_brief(event),
        "date": _dated(first),
    }
    found = _item(Noun.EVENTS, event.type, told).select_from(event)
    return _standing(found.outerjoin(first, first.id == made.scalar_subquery()), first.document_id)


def _claims() -> Select[Any]:
    claim, report, document, event = NOW.claim, NOW.report, NOW.document, NOW.event
    told = {
        "words": span_selectors(document.text, claim.start, claim.end, always=True),
        "speaker": speaker_brief(NOW.speaker),
        "event": event_brief(event),
        "date": _dated(report),
        "normalized": claim.normalized,
        "unit": claim.unit,
    }
    found = _item(Noun.CLAIMS, claim.property, told).select_from(claim).join(report, report.id == claim.report_id)
    found = found.join(event, event.id == report.event_id)
    found = found.outerjoin(NOW.speaker, NOW.speaker.id == claim.attributed_to_id)
    return _standing(found, report.document_id)


def _matches() -> Select[Any]:
    """Matches, each with the one of the two as if it alone were to be judged, and the other."""
    match, statement, document = NOW.match, NOW.statement, NOW.document
    told = {
        "words": span_selectors(document.text, statement.start, statement.end),
        "cue": span_selectors(document.text, statement.cue_start, statement.cue_end),
        "speaker": speaker_brief(NOW.speaker),
        "chain": json_array(chain(NOW)),
        "event": event_brief(NOW.event),
        "date": said(statement),
        "other": matches.other(NOW),
    }
    found = _item(Noun.MATCHES, matches.noun(NOW), told).select_from(match)
    found = found.outerjoin(statement, statement.id == match.statement_id)
    found = found.outerjoin(NOW.event, NOW.event.id == func.coalesce(match.event_id, statement.event_id))
    found = found.outerjoin(NOW.speaker, NOW.speaker.id == statement.speaker_id)
    return _standing(found, statement.document_id)


def _dated(report: Table) -> Json:
    return edtf_date(report.date, report.earliest, report.latest)


def _standing(found: Select[Any], document_id: ColumnElement[int]) -> Select[Any]:
    """With the document and its source, where there is one."""
    document, source = NOW.document, NOW.source
    return found.outerjoin(document, document.id == document_id).outerjoin(source, source.id == document.source_id)


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
        "at": rfc3339_time(row.at),
        "author": row.author,
    }
    items = select(as_text(json_object(fields))).select_from(row).outerjoin(document, document.id == row.document_id)
    return ListQuery.by_id(items, row.id, select(row.id))


async def get_rejection_listing(_reads: ReadSession) -> BoundListing:
    """What people rejected (``RejectionPublic``)."""
    return BoundListing(_build_rejection_query(), {})
