"""Events that turn out to be one, and one that turns out to be two."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from app.core.errors import Conflict, Invalid
from app.core.vocab import CodedBy, ReportRole
from app.database.models import Claim, Event, Match, Report, Statement
from app.queries import lookups
from app.schemas.event import EventCreate, EventUpdate
from app.schemas.event_grouping import EventMerge, EventSplit
from app.store import records
from app.store.fields import At, find, get_id
from app.store.revisions import WriteSession

_DATE_COLUMNS = ("date", "earliest", "latest", "latest_start", "earliest_end")
_PLACE_COLUMNS = ("place", "place_key", "country", "latitude", "longitude")
_PLACE_FIELDS = {"place", "country", "latitude", "longitude"}

# Columns in which two claims of one document are equal if they are the same.
_CLAIM_COLUMNS = ("property", "start", "end", "normalized", "unit", "attributed_to_id")


def merge_events(session: WriteSession, into: Event, body: EventMerge) -> Event:
    """Merge other events into this one: their reports, statements and matches become its.

    They stay as records that refer to it, without any of these, so that their ids and external ids, which an import may
    repeat, lead to it. Raise Conflict if it was itself merged into another; raise Invalid, naming the place in the
    list, for one that was, or that is named twice.
    """
    _check_not_merged(into)
    merged = list(_find_events_to_merge(session, into, body))
    ids = {get_id(event) for event in merged}
    _move_reports(session, list(lookups.iterate_rows(session, Report, "event_id", ids)), into)
    for statement in lookups.iterate_rows(session, Statement, "event_id", ids):
        statement.event_id = into.id
    _move_matches(session, ids, into)
    for event in (*merged, *lookups.iterate_rows(session, Event, "merged_into_id", ids)):
        event.merged_into_id = into.id
    for event in merged:
        _fill_gaps(into, event)
    into.coded_by, into.confidence = CodedBy.HUMAN, None
    session.flush()
    return into


def _check_not_merged(event: Event) -> None:
    if event.merged_into_id is not None:
        raise Conflict(
            f"Event {event.id} was merged into event {event.merged_into_id}.", merged_into_id=event.merged_into_id
        )


def _find_events_to_merge(session: WriteSession, into: Event, body: EventMerge) -> Iterator[Event]:
    seen = {into.id}
    for place, ref in enumerate(body.refs):
        at = ("from", place)
        event = _get_named(session, ref, at)
        if event.id in seen:
            raise Invalid(at, "an event is merged once, and not into itself")
        if event.merged_into_id is not None:
            raise Invalid(at, f"event {event.id} was merged into event {event.merged_into_id} already")
        seen.add(event.id)
        yield event


def _get_named(session: WriteSession, ref: int | str, at: At) -> Event:
    """Return the event with this very id or external id, even if it was merged; raise Invalid if there is none."""
    event = find(session, Event, ref)
    if event is None:
        raise Invalid(at, f"there is no event {ref}")
    return event


def _move_reports(session: WriteSession, reports: Iterable[Report], event: Event) -> None:
    """Make these the event's reports; of two reports of one document one remains, with the claims of both."""
    by_document = {report.document_id: report for report in lookups.list_rows(session, Report, event_id=event.id)}
    redundant = []
    for report in reports:
        remaining = by_document.setdefault(report.document_id, report)
        if remaining is report:
            report.event_id = get_id(event)
        else:
            _unite_reports(session, remaining, report)
            redundant.append(report)
    session.flush()
    for report in redundant:
        records.delete(session, report)


def _unite_reports(session: WriteSession, remaining: Report, other: Report) -> None:
    """Give a report the claims of another by the same document, and what it lacks; what people coded goes first."""
    own = {_get_claim_values(claim) for claim in lookups.list_rows(session, Claim, report_id=remaining.id)}
    for claim in lookups.list_rows(session, Claim, report_id=other.id):
        if _get_claim_values(claim) not in own:
            claim.report_id = get_id(remaining)
    is_better = remaining.coded_by == CodedBy.MACHINE and other.coded_by != CodedBy.MACHINE
    if is_better:
        remaining.coded_by, remaining.confidence = other.coded_by, other.confidence
    if ReportRole.MAIN in (remaining.role, other.role):
        remaining.role = ReportRole.MAIN
    for names in (("start", "end"), _DATE_COLUMNS):
        if getattr(other, names[0]) is not None and (is_better or getattr(remaining, names[0]) is None):
            _copy_columns(other, remaining, names)


def _get_claim_values(claim: Claim) -> tuple[Any, ...]:
    return tuple(getattr(claim, name) for name in _CLAIM_COLUMNS)


def _copy_columns(source: Report | Event, target: Report | Event, names: Iterable[str]) -> None:
    for name in names:
        setattr(target, name, getattr(source, name))


def _move_matches(session: WriteSession, ids: set[int], into: Event) -> None:
    """Put ``into`` in the place of the merged events in matches; matches among them are confirmed."""
    matches = _list_matches(session, {get_id(into)})
    remaining = {_get_pair(match): match for match in matches if ids.isdisjoint(_get_pair(match))}
    for match in _list_matches(session, ids):
        unmerged = {*_get_pair(match)} - ids - {into.id}
        if not unmerged:
            _decide(match, same=True)
            continue
        first, second = sorted((get_id(into), *unmerged))
        earlier = remaining.setdefault((first, second), match)
        if earlier is match:
            match.event_id, match.other_event_id = first, second
        else:
            if earlier.same is None and match.same is not None:
                _decide(earlier, same=match.same)
            records.delete(session, match)
    session.flush()


def _list_matches(session: WriteSession, ids: set[int]) -> list[Match]:
    matches: dict[int | None, Match] = {}
    for name in ("event_id", "other_event_id"):
        matches |= {row.id: row for row in lookups.iterate_rows(session, Match, name, ids)}
    return list(matches.values())


def _get_pair(match: Match) -> tuple[int, int]:
    assert match.event_id is not None
    assert match.other_event_id is not None
    return match.event_id, match.other_event_id


def _decide(match: Match, *, same: bool) -> None:
    match.same, match.coded_by, match.confidence = same, CodedBy.HUMAN, None


def _fill_gaps(into: Event, other: Event) -> None:
    """Take over values that ``into`` lacks; those of a person or an import replace those of a machine."""
    is_better = into.coded_by == CodedBy.MACHINE and other.coded_by != CodedBy.MACHINE
    if is_better:
        _copy_columns(other, into, ("title", "type", *_DATE_COLUMNS))
    if into.summary is None:
        into.summary = other.summary
    if is_better and other.place is not None:
        _copy_columns(other, into, _PLACE_COLUMNS)
    elif _may_be_one_place(into, other):
        _copy_columns(other, into, [name for name in _PLACE_COLUMNS if getattr(into, name) is None])


def _may_be_one_place(event: Event, other: Event) -> bool:
    pairs = ((getattr(event, name), getattr(other, name)) for name in ("place_key", "country"))
    return all(None in pair or pair[0] == pair[1] for pair in pairs)


def split_event(session: WriteSession, event: Event, body: EventSplit) -> Event:
    """Make another event of some of an event's documents, statements and claims, or of one that was merged into it.

    A document moves with its report, the report's claims, and the statements that it makes at the event. If only
    statements or claims of a document are named, the document stays, and reports both events. A machine will not
    propose again that the two are one.

    Raise Conflict if the event was itself merged into another; raise Invalid, naming the place in the list, for what is
    not the event's.
    """
    _check_not_merged(event)
    reports = {report.document_id: report for report in lookups.list_rows(session, Report, event_id=event.id)}
    moved = _find_moved_reports(reports, body)
    statements = _find_moved_statements(session, event, body, moved)
    claims = _find_moved_claims(session, reports.values(), body)
    other = _make_other(session, event, body)
    _move_reports(session, moved.values(), other)
    for statement in statements:
        statement.event_id = other.id
    documents = {report.id: document_id for document_id, report in reports.items()}
    named = {row.document_id for row in statements} | {documents[claim.report_id] for claim in claims}
    shared = [report for document_id, report in reports.items() if document_id in named - moved.keys()]
    report_ids = _copy_reports(session, shared, other)
    for claim in claims:
        claim.report_id = report_ids.get(documents[claim.report_id], claim.report_id)
    _tell_apart(session, event, other)
    return other


def _find_moved_reports(reports: Mapping[int, Report], body: EventSplit) -> dict[int, Report]:
    for place, document_id in enumerate(body.document_ids):
        if document_id not in reports:
            raise Invalid(("document_ids", place), f"document {document_id} does not report the event")
    return {document_id: reports[document_id] for document_id in body.document_ids}


def _find_moved_statements(
    session: WriteSession, event: Event, body: EventSplit, documents: Collection[int]
) -> list[Statement]:
    """Return the statements that are named, and those of the documents that move."""
    rows = {row.id: row for row in lookups.iterate_rows(session, Statement, "id", body.statement_ids)}
    for place, statement_id in enumerate(body.statement_ids):
        if statement_id not in rows or rows[statement_id].event_id != event.id:
            raise Invalid(("statement_ids", place), f"the event has no statement {statement_id}")
    for row in lookups.iterate_rows(session, Statement, "document_id", documents):
        if row.event_id == event.id:
            rows[row.id] = row
    return list(rows.values())


def _find_moved_claims(session: WriteSession, reports: Iterable[Report], body: EventSplit) -> list[Claim]:
    own = {report.id for report in reports}
    rows = lookups.iterate_rows(session, Claim, "id", body.claim_ids)
    claims = {row.id: row for row in rows if row.report_id in own}
    for place, claim_id in enumerate(body.claim_ids):
        if claim_id not in claims:
            raise Invalid(("claim_ids", place), f"there is no claim {claim_id} of the event")
    return list(claims.values())


def _make_other(session: WriteSession, event: Event, body: EventSplit) -> Event:
    """Return the other event: a merged one made independent again, or a copy of the first with the body's changes."""
    values = body.model_dump(exclude_unset=True, include={"title", "summary", "date", "type", *_PLACE_FIELDS})
    if body.event is None:
        names = (
            ("title", "date", "type") if values.keys() & _PLACE_FIELDS else ("title", "date", "type", *_PLACE_FIELDS)
        )
        return records.add_event(session, EventCreate(**{name: getattr(event, name) for name in names} | values))
    other = _get_named(session, body.event, ("event",))
    if other.merged_into_id != event.id:
        raise Invalid("event", f"event {other.id} was not merged into event {event.id}")
    other.merged_into_id = None
    return records.update_event(session, other, EventUpdate(**values)) if values else other


def _copy_reports(session: WriteSession, reports: Iterable[Report], event: Event) -> dict[int, int]:
    """Let documents report another event as they report theirs; return the ids of the new reports by document."""
    session.flush()
    copies = {report.document_id: report for report in lookups.list_rows(session, Report, event_id=event.id)}
    for report in reports:
        if report.document_id not in copies:
            copy = Report(event_id=get_id(event), document_id=report.document_id, role=report.role)
            _copy_columns(report, copy, ("start", "end", *_DATE_COLUMNS))
            copies[report.document_id] = copy
    session.add_all(copies.values())
    session.flush()
    return {document_id: get_id(report) for document_id, report in copies.items()}


def _tell_apart(session: WriteSession, event: Event, other: Event) -> None:
    """Record that the two events are not the same."""
    first, second = sorted((get_id(event), get_id(other)))
    match = lookups.find_row(session, Match, event_id=first, other_event_id=second)
    if match is None:
        match = Match(event_id=first, other_event_id=second)
        session.add(match)
    _decide(match, same=False)
    session.flush()
