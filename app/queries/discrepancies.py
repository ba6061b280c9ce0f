"""Claims of one event, or of the events of some days in the order of their dates, to be compared."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Float, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.core.spans import CONTEXT
from app.core.vocab import CodedBy
from app.database.json_sql import Json, as_text, json_object, json_object_or_null
from app.database.models import Coverage, Document, Event, Record, Speaker
from app.database.reads import PreparedSelect, ReadSession, is_one_of
from app.database.tables import NOW, Table
from app.queries.filters import begins_in_range, lasts_into_range, split_dates
from app.queries.fragments import document_brief, event_brief, speaker_brief
from app.queries.listing import BoundListing, ListQuery, QueryBranch
from app.queries.names import resolve_names
from app.queries.parameters import Condition, FilterShape, split_filters
from app.schemas.common import split_commas
from app.schemas.discrepancy import DiscrepancyFilter, EventDiscrepancyFilter

_COVERAGE: Table = Coverage


class ClaimRow(NamedTuple):
    """A claim; ``context`` are its words in the text, with up to ``CONTEXT`` code points on either side."""

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
    context: str
    coded_by: str
    confidence: float | None


class ClaimSet(NamedTuple):
    """Claims ordered by id, and the records that they name, as objects by id.

    Documents have their sources; speakers have their countries, and the outlets that they are, if any.
    """

    claims: Sequence[ClaimRow]
    events: Mapping[int, Any]
    documents: Mapping[int, Any]
    speakers: Mapping[int, Any]


class ClaimQuery:
    """The filters of claims, to be read for any events."""

    def __init__(self, filters: EventDiscrepancyFilter, sources: list[int]) -> None:
        self._shape, self._values = split_filters(property=split_commas(filters.property), least=filters.min_confidence)
        self.sources = frozenset(sources)

    async def get_claims(self, reads: ReadSession, events: Collection[int]) -> ClaimSet:
        """Return the claims of these events."""
        rows = await reads.fetch(_select_claims(self._shape), {**self._values, "events": events})
        claims = sorted((ClaimRow(*row) for row in rows), key=attrgetter("id"))
        return ClaimSet(
            claims,
            await _get_briefs(reads, Event, {claim.event for claim in claims}),
            await _get_briefs(reads, Document, {claim.document for claim in claims}),
            await _get_briefs(reads, Speaker, {claim.speaker for claim in claims if claim.speaker is not None}),
        )

    async def count_by_event(self, reads: ReadSession, events: Collection[int]) -> dict[int, int]:
        """Count the claims of each of these events that has any."""
        rows = await reads.fetch(_count_claims(self._shape), {**self._values, "events": events})
        return {int(event): int(number) for event, number in rows}


async def _get_briefs(reads: ReadSession, model: type[Record], ids: Collection[int]) -> dict[int, Any]:
    """Return the short forms of these records, by id."""
    if not ids:
        return {}
    return {ident: orjson.loads(brief) for ident, brief in await reads.fetch(_select_briefs(model), {"ids": ids})}


async def resolve_event(reads: ReadSession, ref: int | str, filters: EventDiscrepancyFilter) -> tuple[int, ClaimQuery]:
    """Return the id of an event, and the query of its claims; raise Missing if there is no such event."""
    ids = await resolve_names(reads, {"source": filters.source}, within=(Event, ref))
    return ids["within"][0], ClaimQuery(filters, ids.get("source", []))


async def get_event_ids(reads: ReadSession, filters: DiscrepancyFilter) -> tuple[BoundListing, ClaimQuery]:
    """Return the events that match, as a list of ids, and the query of their claims."""
    ids = await resolve_names(reads, {"source": filters.source})
    shape, values = split_filters(**split_dates(filters), source=ids.get("source"))
    return BoundListing(_build_query(shape), values), ClaimQuery(filters, ids.get("source", []))


@lru_cache(maxsize=64)
def _build_query(shape: FilterShape) -> ListQuery:
    event = NOW.event
    branches = [_build_branch(shape, lasting=False)]
    if "first" in shape:
        branches.append(_build_branch(shape, lasting=True))
    return ListQuery(select(as_text(event.id)), event.id, branches)


def _build_branch(shape: FilterShape, *, lasting: bool) -> QueryBranch:
    event = NOW.event
    ids, by_date = select(event.id), (event.earliest, event.id)
    conditions: list[Condition] = [event.merged_into_id.is_(None)]
    if shape.is_single("source") and not lasting:
        # The index of a source's coverage has its events in the order of their dates.
        ids = ids.join(_COVERAGE, _COVERAGE.event_id == event.id)
        by_date = (_COVERAGE.earliest, _COVERAGE.event_id)
        conditions += shape.match(_COVERAGE.source_id, "source")
    elif "source" in shape:
        covers = aliased(_COVERAGE)
        reported = exists().where(covers.event_id == event.id, *shape.match(covers.source_id, "source"))
        conditions.append(reported.correlate(event))
    conditions += (lasts_into_range if lasting else begins_in_range)(shape, event, day=by_date[0])
    return QueryBranch(ids.where(*conditions), {"date": by_date})


@lru_cache(maxsize=64)
def _select_claims(shape: FilterShape) -> PreparedSelect:
    report, document, claim = NOW.report, NOW.document, NOW.claim
    before = case((claim.start > CONTEXT, claim.start - CONTEXT), else_=0)
    # One substring, not one of the words and one of each side: PostgreSQL unpacks the text for each.
    context = func.substr(document.text, before + 1, claim.end - before + CONTEXT)
    columns = (claim.property, claim.value, claim.normalized, claim.unit, claim.start, claim.end, context)
    rows = (
        select(claim.id, report.event_id, report.id, document.id, claim.attributed_to_id, *columns)
        .add_columns(claim.coded_by, claim.confidence)
        .select_from(report)
        .join(claim, claim.report_id == report.id)
        .join(document, document.id == report.document_id)
    )
    return PreparedSelect(rows.where(*_conditions(shape)), with_state=True)


@cache
def _select_briefs(model: type[Record]) -> PreparedSelect:
    table, source = NOW.event, NOW.source
    rows = select(table.id, as_text(event_brief(table)))
    if model is Document:
        table = NOW.document
        brief = json_object({"document": document_brief(table), "source": _source_ref(source)})
        rows = select(table.id, as_text(brief)).join(source, source.id == table.source_id)
    elif model is Speaker:
        table = NOW.speaker
        brief = json_object({"speaker": speaker_brief(table), "country": table.country, "source": _source_ref(source)})
        rows = select(table.id, as_text(brief)).outerjoin(source, source.id == table.source_id)
    return PreparedSelect(rows.where(is_one_of(table.id, "ids")), with_state=True)


def _source_ref(source: Table) -> Json:
    """Build the fields of a source that determine its origin."""
    fields = {name: getattr(source, name) for name in ("id", "slug", "name", "kind", "country", "state_affiliated")}
    return json_object_or_null(source.id, fields)


@lru_cache(maxsize=64)
def _count_claims(shape: FilterShape) -> PreparedSelect:
    report, claim = NOW.report, NOW.claim
    rows = select(report.event_id, func.count()).join(claim, claim.report_id == report.id).where(*_conditions(shape))
    return PreparedSelect(rows.group_by(report.event_id), with_state=True)


def _conditions(shape: FilterShape) -> list[Condition]:
    claim = NOW.claim
    is_sure = or_(
        claim.coded_by != CodedBy.MACHINE,
        claim.confidence.is_(None),
        claim.confidence >= shape.bind("least", Float),
    )
    return [is_one_of(NOW.report.event_id, "events"), is_sure, *shape.match(claim.property, "property")]
