"""Matches that a person has decided on: two records that are the same become one."""

from app.core.vocab import CodedBy
from app.database.models import Event, Match, Report, Statement
from app.queries import lookups
from app.schemas.event_grouping import EventMerge
from app.store import utterances
from app.store.merging.events import merge_events
from app.store.revisions import WriteSession


def decide(session: WriteSession, match: Match, *, same: bool) -> None:
    """Record a person's verdict on a match, and make its two records one if they are the same.

    Raise Invalid if they cannot be.
    """
    if same and match.event_id is not None:
        _merge_events(session, match)
    elif same:
        statement = session.get_one(Statement, match.statement_id)
        other = session.get_one(Statement, match.other_statement_id)
        utterances.join(session, statement, other, by=CodedBy.HUMAN)
    match.same = same


def _merge_events(session: WriteSession, match: Match) -> None:
    """Merge the event with fewer documents into the other; of two with as many, the newer one."""
    event, other = _get_remaining(session, match.event_id), _get_remaining(session, match.other_event_id)
    if event is other:
        return
    into, merged = sorted(
        (event, other), key=lambda event: (-len(lookups.list_rows(session, Report, event_id=event.id)), event.id)
    )
    merge_events(session, into, EventMerge.model_validate({"from": [merged.id]}))


def _get_remaining(session: WriteSession, event_id: int | None) -> Event:
    """Return the event, or the one that it was merged into."""
    event = session.get_one(Event, event_id)
    return event if event.merged_into_id is None else _get_remaining(session, event.merged_into_id)
