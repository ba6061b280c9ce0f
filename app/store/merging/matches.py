"""Matches that a person has decided on: what is the same is made one."""

from collections.abc import Sequence

from sqlmodel import Session

from app.core.vocab import CodedBy
from app.database.models import Event, Match, Report, Statement
from app.queries import lookups
from app.schemas.event_grouping import EventMerge
from app.store import utterances
from app.store.merging import events


def settle(session: Session, match: Match, *, same: bool) -> None:
    """Keep what a person says of a match, and make its two one where they are the same.

    Raises Invalid where they cannot be.
    """
    if same and match.event_id is not None:
        _unite_events(session, match)
    elif same:
        _unite_statements(session, match)
    match.same = same


def _unite_statements(session: Session, match: Match) -> None:
    one, other = (session.get_one(Statement, ident) for ident in (match.statement_id, match.other_statement_id))
    utterances.join(session, one, other, by=CodedBy.HUMAN)


def _unite_events(session: Session, match: Match) -> None:
    """Merge the event with fewer documents into the other; of two with as many, the newer one."""
    one, other = (_standing(session, ident) for ident in (match.event_id, match.other_event_id))
    if one is other:
        return
    into, gone = sorted((one, other), key=lambda event: (-len(_reports(session, event)), event.id))
    events.merge(session, into, EventMerge.model_validate({"from": [gone.id]}))


def _standing(session: Session, ident: int | None) -> Event:
    """The event, or the one that it was merged into."""
    event = session.get_one(Event, ident)
    return event if event.merged_into_id is None else _standing(session, event.merged_into_id)


def _reports(session: Session, event: Event) -> Sequence[Report]:
    return lookups.list_rows(session, Report, event_id=event.id)
