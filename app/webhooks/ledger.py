"""What the deliverer reads and keeps in the store: which messages are made, which is being sent, what came of it.

The revisions are the outbox. Messages are written in the transaction that moves their webhook's position past the
revisions that they tell of, and only if it still is where it was: whenever a process ends, and however many there are,
each change is in just one message. To send a message is to claim it: the time at which it is due is moved to the end of
a lease, and what came of sending it is kept on the condition that it is still there. So a claim ends with the process
that held it, and the message is sent again, under the same name.
"""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Engine
from sqlmodel import Session

from app.core.vocab import DeliveryState, Noun, Operation
from app.database.engine import open_read_transaction, open_write_transaction
from app.database.models import SavedSearch, Webhook
from app.database.read_pool import ThreadReadSession, run_sync
from app.queries import webhooks
from app.queries.change_feed import ChangeSelection, get_next_changes
from app.webhooks import records
from app.webhooks.messages import messages
from app.webhooks.schedule import ATTEMPTS, pause

# Messages that may wait for a receiver before no more are made for it: what it has not been told is not lost.
AHEAD = 100

# How long a message that was delivered stays in the log.
_KEPT = dt.timedelta(days=30)

_GONE = 410


class Lost(Exception):
    """Somebody else has sent the message meanwhile, or it was changed or deleted."""


@dataclass(frozen=True)
class Claim:
    """A message that this deliverer sends until ``lease``."""

    id: int
    webhook: int
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    message: str
    body: str = field(repr=False)
    attempts: int
    created_at: dt.datetime
    lease: dt.datetime


@dataclass(frozen=True)
class Outcome:
    """What came of sending a message: the status that was answered, if any was; what went wrong, if anything did; and
    the seconds after which the receiver wants to be sent more, if it said so."""

    status: int | None
    detail: str | None
    retry_after: int | None = None


class Settled(StrEnum):
    """What becomes of a message that was sent."""

    DELIVERED = "delivered"
    WAITING = "to be sent again"
    FAILED = "failed"
    DISABLED = "webhook disabled"


def with_work(engine: Engine, now: dt.datetime) -> list[int]:
    """The active webhooks for which there are new revisions, or messages that are due."""
    with open_read_transaction(engine) as session:
        return list(webhooks.list_with_work(session, now))


def make_messages(engine: Engine, ident: int, now: dt.datetime) -> int | None:
    """Make messages of some of what is new to a webhook; returns how many, or None where nothing is new.

    Raises Invalid where its saved search names a source or speaker that is there no more.
    """
    with open_read_transaction(engine) as session:
        webhook = session.get(Webhook, ident)
        if webhook is None or not webhook.active or webhooks.count_waiting(session, ident, AHEAD) == AHEAD:
            return None
        since = webhook.position
        found = run_sync(get_next_changes(ThreadReadSession(session), _following(session, webhook), since))
        if found.until == since:
            return None
        made = [records.made(webhook, message, now) for message in messages(found.changes)]
    with open_write_transaction(engine) as session:
        if not webhooks.advance_position(session, ident, since, found.until):
            return None
        session.add_all(made)
    return len(made)


def _following(session: Session, webhook: Webhook) -> ChangeSelection:
    search = session.get(SavedSearch, webhook.search_id) if webhook.search_id else None
    return ChangeSelection(
        frozenset(map(Noun, webhook.nouns)),
        frozenset(map(Operation, webhook.operations)),
        (Noun(search.noun), search.query) if search else None,
    )


def claim(engine: Engine, ident: int, now: dt.datetime, *, due_by: dt.datetime, lease: dt.datetime) -> Claim | None:
    """The message to the webhook that was due first, if one was due by then; nobody else has it then."""
    with open_read_transaction(engine) as session:
        if webhooks.find_due_delivery(session, ident, due_by) is None:
            return None
    with open_write_transaction(engine) as session:
        webhook, delivery = session.get(Webhook, ident), webhooks.find_due_delivery(session, ident, due_by)
        if webhook is None or delivery is None or delivery.id is None or not webhook.active:
            return None
        delivery.due_at = lease
        old = webhook.old_secret if webhook.old_secret_until and webhook.old_secret_until > now else None
        keys = (webhook.secret, old) if old else (webhook.secret,)
        return Claim(
            delivery.id, ident, webhook.url, keys, delivery.message_id, delivery.body, delivery.attempts,
            delivery.created_at, lease,
        )  # fmt: skip


def release(engine: Engine, claim: Claim, now: dt.datetime) -> None:
    """Let the message be sent by whoever comes next."""
    with open_write_transaction(engine) as session:
        webhooks.update_delivery(session, claim.id, claim.lease, due_at=now)


def settle(engine: Engine, claim: Claim, now: dt.datetime, outcome: Outcome) -> Settled:
    """Keep what came of sending a message, and say when it is sent again. Raises Lost."""
    tried = {"attempts": claim.attempts + 1, "tried_at": now, "status": outcome.status, "detail": outcome.detail}
    delivered, gone = outcome.detail is None, outcome.status == _GONE
    wait = dt.timedelta() if delivered or gone else pause(claim.attempts + 1, outcome.retry_after)
    state = DeliveryState.DELIVERED if delivered else DeliveryState.FAILED if wait is None else DeliveryState.WAITING
    due_at = now + (wait or dt.timedelta())
    with open_write_transaction(engine) as session:
        if not webhooks.update_delivery(session, claim.id, claim.lease, state=state, due_at=due_at, **tried):
            raise Lost
        if delivered:
            return Settled.DELIVERED
        if gone:
            return _disable(session, claim, now, "the receiver says that it is gone (status 410)")
        if wait is None:
            return _give_up(session, claim, now)
        if outcome.retry_after:
            webhooks.postpone_deliveries(session, claim.webhook, now, now + dt.timedelta(seconds=outcome.retry_after))
        return Settled.WAITING


def _give_up(session: Session, claim: Claim, now: dt.datetime) -> Settled:
    """A message has failed for good; if nothing else has got through meanwhile, so has its webhook."""
    if webhooks.has_delivered_since(session, claim.webhook, claim.created_at):
        return Settled.FAILED
    since = f"{claim.created_at:%Y-%m-%d %H:%M}"
    return _disable(session, claim, now, f"nothing has reached the receiver since {since}, in {ATTEMPTS} attempts")


def _disable(session: Session, claim: Claim, now: dt.datetime, reason: str) -> Settled:
    webhook = session.get_one(Webhook, claim.webhook)
    webhook.active, webhook.disabled_at, webhook.disabled_reason = False, now, reason
    return Settled.DISABLED


def tidy(engine: Engine, now: dt.datetime) -> None:
    """Forget messages that were delivered long ago, and secrets that sign no more."""
    with open_write_transaction(engine) as session:
        webhooks.delete_delivered(session, now - _KEPT)
        webhooks.clear_old_secrets(session, now)
