"""The claims of events, to be compared: of one event, or of those of some days in the order of their dates."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Float, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.core.spans import CONTEXT
from app.core.vocab import CodedBy
from app.database.json_sql import Json, as_text, is_one_of, json_object, json_object_or_null
from app.database.models import Coverage, Document, Event, Record, Speaker
from app.database.statements import PreparedSelect, ReadSession
from app.database.tables import NOW, Table
from app.queries.filters import begun_within, days, lasting_into
from app.queries.fragments import document_brief, event_brief, speaker_brief
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.names import resolve_names
from app.queries.parameters import Condition, FilterShape, split_filters
from app.schemas.common import split_commas
from app.schemas.discrepancy import DiscrepancyFilter, EventDiscrepancyFilter

_COVERAGE: Table = Coverage


class ClaimRow(NamedTuple):
    """A claim; ``around`` are its words in the text, with up to ``CONTEXT`` code points on either side of them."""

    id: int
    event: int
    report: int
    document: int
    speaker: int | None
    property: str
    value: str
    normalized: str | None
    unit: str | None
    start: int
    end: int
    around: str
    coded_by: str
    confidence: float | None


class ClaimSet(NamedTuple):
    """Claims, in the order of their ids, and what they name, by id: events, documents with their sources, speakers with
    their countries and the outlets that they are, or null."""

    claims: Sequence[ClaimRow]
    events: Mapping[int, Any]
    documents: Mapping[int, Any]
    speakers: Mapping[int, Any]


class ClaimQuery:
    """The claims that are asked for, of whichever events."""

    def __init__(self, filters: EventDiscrepancyFilter, sources: list[int]) -> None:
        self._shape, self._values = split_filters(property=split_commas(filters.property), least=filters.min_confidence)
        self.sources = frozenset(sources)

    async def of(self, reads: ReadSession, events: Collection[int]) -> ClaimSet:
        """The claims of these events."""
        rows = await reads.fetch(_claims(self._shape), {**self._values, "events": events})
        claims = sorted((ClaimRow(*row) for row in rows), key=attrgetter("id"))
        return ClaimSet(
            claims,
            await _named(reads, Event, {claim.event for claim in claims}),
            await _named(reads, Document, {claim.document for claim in claims}),
            await _named(reads, Speaker, {claim.speaker for claim in claims if claim.speaker is not None}),
        )

    async def numbers(self, reads: ReadSession, events: Collection[int]) -> dict[int, int]:
        """How many claims there are of each of these events that has any."""
        rows = await reads.fetch(_numbers(self._shape), {**self._values, "events": events})
        return {int(event): int(number) for event, number in rows}


async def _named(reads: ReadSession, model: type[Record], ids: Collection[int]) -> dict[int, Any]:
    """The short forms of these records, by id."""
    if not ids:
        return {}
    return {ident: orjson.loads(brief) for ident, brief in await reads.fetch(_briefs(model), {"ids": ids})}


async def get_event(reads: ReadSession, ref: int | str, filters: EventDiscrepancyFilter) -> tuple[int, ClaimQuery]:
    """The id of an event, and what is asked of its claims; raises Missing."""
    ids = await resolve_names(reads, {"source": filters.source}, within=(Event, ref))
    return ids["within"][0], ClaimQuery(filters, ids.get("source", []))


async def get_events(reads: ReadSession, filters: DiscrepancyFilter) -> tuple[BoundListing, ClaimQuery]:
    """The events that match, as JSON texts of their ids, and what is asked of their claims."""
    ids = await resolve_names(reads, {"source": filters.source})
    shape, values = split_filters(**days(filters), source=ids.get("source"))
    return BoundListing(_events(shape), values), ClaimQuery(filters, ids.get("source", []))


@lru_cache(maxsize=64)
def _events(shape: FilterShape) -> ListQuery:
    event = NOW.event
    parts = [_part(shape, lasting=False)]
    if "first" in shape:
        parts.append(_part(shape, lasting=True))
    return ListQuery(select(as_text(event.id)), event.id, parts)


def _part(shape: FilterShape, *, lasting: bool) -> QueryBranch:
    event = NOW.event
    found, by_date = select(event.id), (event.earliest, event.id)
    conditions: list[Condition] = [event.merged_into_id.is_(None)]
    if shape.is_single("source") and not lasting:
        # The index of a source's coverage gives its events in the order of their dates.
        found = found.join(_COVERAGE, _COVERAGE.event_id == event.id)
        by_date = (_COVERAGE.earliest, _COVERAGE.event_id)
        conditions += shape.among(_COVERAGE.source_id, "source")
    elif "source" in shape:
        covers = aliased(_COVERAGE)
        reported = exists().where(covers.event_id == event.id, *shape.among(covers.source_id, "source"))
        conditions.append(reported.correlate(event))
    conditions += (lasting_into if lasting else begun_within)(shape, event, day=by_date[0])
    return QueryBranch(found.where(*conditions), {"date": by_date})


@lru_cache(maxsize=64)
def _claims(shape: FilterShape) -> PreparedSelect:
    report, document, claim = NOW.report, NOW.document, NOW.claim
    before = case((claim.start > CONTEXT, claim.start - CONTEXT), else_=0)
    # One cut of the text, not one of its words and of each side: PostgreSQL unpacks a text for every cut.
    around = func.substr(document.text, before + 1, claim.end - before + CONTEXT)
    columns = (claim.property, claim.value, claim.normalized, claim.unit, claim.start, claim.end, around)
    rows = (
        select(claim.id, report.event_id, report.id, document.id, claim.attributed_to_id, *columns)
        .add_columns(claim.coded_by, claim.confidence)
        .select_from(report)
        .join(claim, claim.report_id == report.id)
        .join(document, document.id == report.document_id)
    )
    return PreparedSelect(rows.where(*_wanted(shape)), with_state=True)


@cache
def _briefs(model: type[Record]) -> PreparedSelect:
    table, source = NOW.event, NOW.source
    rows = select(table.id, as_text(event_brief(table)))
    if model is Document:
        table = NOW.document
        brief = json_object({"document": document_brief(table), "source": _medium(source)})
        rows = select(table.id, as_text(brief)).join(source, source.id == table.source_id)
    elif model is Speaker:
        table = NOW.speaker
        brief = json_object({"speaker": speaker_brief(table), "country": table.country, "source": _medium(source)})
        rows = select(table.id, as_text(brief)).outerjoin(source, source.id == table.source_id)
    return PreparedSelect(rows.where(is_one_of(table.id, "ids")), with_state=True)


def _medium(source: Table) -> Json:
    """What tells which origin a source is."""
    fields = {name: getattr(source, name) for name in ("id", "slug", "name", "kind", "country", "state_affiliated")}
    return json_object_or_null(source.id, fields)


@lru_cache(maxsize=64)
def _numbers(shape: FilterShape) -> PreparedSelect:
    report, claim = NOW.report, NOW.claim
    rows = select(report.event_id, func.count()).join(claim, claim.report_id == report.id).where(*_wanted(shape))
    return PreparedSelect(rows.group_by(report.event_id), with_state=True)


def _wanted(shape: FilterShape) -> list[Condition]:
    claim = NOW.claim
    sure = or_(
        claim.coded_by != CodedBy.MACHINE,
        claim.confidence.is_(None),
        claim.confidence >= shape.value("least", Float),
    )
    return [is_one_of(NOW.report.event_id, "events"), sure, *shape.among(claim.property, "property")]
