"""Events that turn out to be one, and one that turns out to be two."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlmodel import Session

from app.core.errors import Conflict, Invalid
from app.core.vocab import CodedBy, ReportRole
from app.database.models import Claim, Event, Match, Report, Statement
from app.queries import lookups
from app.schemas.event import EventCreate, EventUpdate
from app.schemas.event_grouping import EventMerge, EventSplit
from app.store import records as store
from app.store.references import At, find

_DATED = ("date", "earliest", "latest", "latest_start", "earliest_end")
_PLACED = ("place", "place_key", "country", "latitude", "longitude")
_PLACE_GIVEN = {"place", "country", "latitude", "longitude"}

# What makes two claims of one document the same.
_CLAIMED = ("property", "start", "end", "normalized", "unit", "attributed_to_id")


def merge(session: Session, into: Event, body: EventMerge) -> Event:
    """Make other events this one: what reports them, was said at them and may be one with them is its.

    They stay as records that name it, without any of this; whoever refers to them by their external ids, as an import
    does, means it. Raises Conflict where it was itself merged into another; Invalid, naming the place in the list, for
    one that was, or that is named twice.
    """
    _check_stands(into)
    others = list(_others(session, into, body))
    ids = {_id(other) for other in others}
    _move_reports(session, list(lookups.iterate_rows(session, Report, "event_id", ids)), into)
    for statement in lookups.iterate_rows(session, Statement, "event_id", ids):
        statement.event_id = into.id
    _move_matches(session, ids, into)
    for other in (*others, *lookups.iterate_rows(session, Event, "merged_into_id", ids)):
        other.merged_into_id = into.id
    for other in others:
        _fill(into, other)
    into.coded_by, into.confidence = CodedBy.HUMAN, None
    session.flush()
    return into


def _check_stands(event: Event) -> None:
    if event.merged_into_id is not None:
        raise Conflict(
            f"Event {event.id} was merged into event {event.merged_into_id}.", merged_into=event.merged_into_id
        )


def _others(session: Session, into: Event, body: EventMerge) -> Iterator[Event]:
    seen = {into.id}
    for place, ref in enumerate(body.others):
        at = ("from", place)
        other = _named(session, ref, at)
        if other.id in seen:
            raise Invalid(at, "an event is merged once, and not into itself")
        if other.merged_into_id is not None:
            raise Invalid(at, f"event {other.id} was merged into event {other.merged_into_id} already")
        seen.add(other.id)
        yield other


def _named(session: Session, ref: int | str, at: At) -> Event:
    """The very event that is named, whether it was merged or not."""
    found = find(session, Event, ref)
    if found is None:
        raise Invalid(at, f"there is no event {ref}")
    return found


def _move_reports(session: Session, reports: Iterable[Report], event: Event) -> None:
    """Have the documents report the event; of two reports of one document one remains, with the claims of both."""
    there = {report.document_id: report for report in lookups.list_rows(session, Report, event_id=event.id)}
    spare = []
    for report in reports:
        kept = there.setdefault(report.document_id, report)
        if kept is report:
            report.event_id = _id(event)
        else:
            _unite(session, kept, report)
            spare.append(report)
    session.flush()
    for report in spare:
        store.delete(session, report)


def _unite(session: Session, kept: Report, other: Report) -> None:
    """Give a report the claims of another by the same document, and what it lacks; a person's reading goes first."""
    own = {_claimed(claim) for claim in lookups.list_rows(session, Claim, report_id=kept.id)}
    for claim in lookups.list_rows(session, Claim, report_id=other.id):
        if _claimed(claim) not in own:
            claim.report_id = _id(kept)
    better = kept.coded_by == CodedBy.MACHINE and other.coded_by != CodedBy.MACHINE
    if better:
        kept.coded_by, kept.confidence = other.coded_by, other.confidence
    if ReportRole.MAIN in (kept.role, other.role):
        kept.role = ReportRole.MAIN
    for names in (("start", "end"), _DATED):
        if getattr(other, names[0]) is not None and (better or getattr(kept, names[0]) is None):
            _copy(other, kept, names)


def _claimed(claim: Claim) -> tuple[Any, ...]:
    return tuple(getattr(claim, name) for name in _CLAIMED)


def _copy(source: Report | Event, target: Report | Event, names: Iterable[str]) -> None:
    for name in names:
        setattr(target, name, getattr(source, name))


def _move_matches(session: Session, ids: set[int], into: Event) -> None:
    """Put the event in the place of these where they may be one with others; with each other and with it they are."""
    standing = {_pair(match): match for match in _matches(session, {_id(into)}) if not ids & {*_pair(match)}}
    for match in _matches(session, ids):
        others = {*_pair(match)} - ids - {into.id}
        if not others:
            _settle(match, same=True)
            continue
        first, second = sorted((_id(into), *others))
        kept = standing.setdefault((first, second), match)
        if kept is match:
            match.event_id, match.other_event_id = first, second
        else:
            _take_verdict(kept, match)
            store.delete(session, match)
    session.flush()


def _matches(session: Session, ids: set[int]) -> list[Match]:
    found = [row for name in ("event_id", "other_event_id") for row in lookups.iterate_rows(session, Match, name, ids)]
    return list({row.id: row for row in found}.values())


def _pair(match: Match) -> tuple[int, int]:
    assert match.event_id is not None
    assert match.other_event_id is not None
    return match.event_id, match.other_event_id


def _settle(match: Match, *, same: bool) -> None:
    match.same, match.coded_by, match.confidence = same, CodedBy.HUMAN, None


def _take_verdict(kept: Match, other: Match) -> None:
    if kept.same is None and other.same is not None:
        _settle(kept, same=other.same)


def _fill(into: Event, other: Event) -> None:
    """Take over what the other knows; what a person or an import says of it goes before a machine's reading."""
    better = into.coded_by == CodedBy.MACHINE and other.coded_by != CodedBy.MACHINE
    if better:
        _copy(other, into, ("title", "type", *_DATED))
    if into.summary is None:
        into.summary = other.summary
    if better and other.place is not None:
        _copy(other, into, _PLACED)
    elif _is_one_place(into, other):
        _copy(other, into, [name for name in _PLACED if getattr(into, name) is None])


def _is_one_place(one: Event, other: Event) -> bool:
    """Whether neither place nor country of the two differ, as far as they are known."""
    pairs = ((getattr(one, name), getattr(other, name)) for name in ("place_key", "country"))
    return all(None in pair or pair[0] == pair[1] for pair in pairs)


def split(session: Session, event: Event, body: EventSplit) -> Event:
    """Make another event of some of an event's documents, statements and claims, or of one that was merged into it.

    A document goes over with its report, the claims of that and the statements that it makes at the event. One of which
    only statements or claims are named stays, and reports both. A machine will not propose again that the two are one.

    Raises Conflict where the event was itself merged into another; Invalid, naming the place in the list, for what is
    not the event's.
    """
    _check_stands(event)
    reports = {report.document_id: report for report in lookups.list_rows(session, Report, event_id=event.id)}
    moved = {ident: _own(reports, ident, ("documents", place)) for place, ident in enumerate(body.documents)}
    statements = _statements(session, event, body, moved)
    claims = _claims(session, reports.values(), body)
    other = _other(session, event, body)
    _move_reports(session, moved.values(), other)
    for statement in statements:
        statement.event_id = other.id
    documents = {report.id: ident for ident, report in reports.items()}
    named = {row.document_id for row in statements} | {documents[claim.report_id] for claim in claims}
    shared = _share(session, [report for ident, report in reports.items() if ident in named - moved.keys()], other)
    for claim in claims:
        claim.report_id = shared.get(documents[claim.report_id], claim.report_id)
    _tell_apart(session, event, other)
    return other


def _own(reports: Mapping[int, Report], ident: int, at: At) -> Report:
    if ident not in reports:
        raise Invalid(at, f"document {ident} does not report the event")
    return reports[ident]


def _statements(session: Session, event: Event, body: EventSplit, moved: Collection[int]) -> list[Statement]:
    """The statements that go over: those that are named, and those of documents that do."""
    there = {row.id: row for row in lookups.iterate_rows(session, Statement, "id", body.statements)}
    for place, ident in enumerate(body.statements):
        if ident not in there or there[ident].event_id != event.id:
            raise Invalid(("statements", place), f"the event has no statement {ident}")
    made = lookups.iterate_rows(session, Statement, "document_id", moved)
    return list((there | {row.id: row for row in made if row.event_id == event.id}).values())


def _claims(session: Session, reports: Iterable[Report], body: EventSplit) -> list[Claim]:
    own, there = {report.id for report in reports}, lookups.iterate_rows(session, Claim, "id", body.claims)
    claims = {row.id: row for row in there if row.report_id in own}
    for place, ident in enumerate(body.claims):
        if ident not in claims:
            raise Invalid(("claims", place), f"there is no claim {ident} of the event")
    return list(claims.values())


def _other(session: Session, event: Event, body: EventSplit) -> Event:
    """The other event: one that is taken up again, or a new one that is as the first is where nothing else is said."""
    told = body.model_dump(exclude_unset=True, include={"title", "summary", "date", "type", *_PLACE_GIVEN})
    if body.event is not None:
        return _take_up(session, event, body.event, EventUpdate(**told))
    names = ("title", "date", "type") if told.keys() & _PLACE_GIVEN else ("title", "date", "type", *_PLACE_GIVEN)
    return store.add_event(session, EventCreate(**{name: getattr(event, name) for name in names} | told))


def _take_up(session: Session, event: Event, ref: int | str, body: EventUpdate) -> Event:
    other = _named(session, ref, ("event",))
    if other.merged_into_id != event.id:
        raise Invalid("event", f"event {other.id} was not merged into event {event.id}")
    other.merged_into_id = None
    return store.update_event(session, other, body) if body.model_fields_set else other


def _share(session: Session, reports: Iterable[Report], event: Event) -> dict[int, int]:
    """Have documents report another event as they report theirs; returns the ids of these reports by document."""
    session.flush()
    there = {report.document_id: report for report in lookups.list_rows(session, Report, event_id=event.id)}
    for report in reports:
        if report.document_id not in there:
            there[report.document_id] = Report(event_id=_id(event), document_id=report.document_id, role=report.role)
            _copy(report, there[report.document_id], ("start", "end", *_DATED))
    session.add_all(there.values())
    session.flush()
    return {ident: _id(report) for ident, report in there.items()}


def _tell_apart(session: Session, event: Event, other: Event) -> None:
    first, second = sorted((_id(event), _id(other)))
    match = lookups.find_row(session, Match, event_id=first, other_event_id=second)
    if match is None:
        match = Match(event_id=first, other_event_id=second)
        session.add(match)
    _settle(match, same=False)
    session.flush()


def _id(row: Event | Report) -> int:
    """The id of a row that has been flushed."""
    assert row.id is not None
    return row.id
