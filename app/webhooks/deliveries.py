"""The deliveries of webhooks in the store: they are made from new revisions, leased to be sent, and their outcome kept.

The revisions are the outbox. Deliveries are written in the transaction that moves their webhook's position past the
revisions they report, and only if the position is still where it was: so each change is in exactly one delivery,
whenever a process ends, and however many there are. A delivery is sent under a lease; if the sender dies, the lease
ends and the same message is sent again under the same id.
"""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import Engine, Table, delete, update
from sqlmodel import Session, SQLModel

from app.core.vocab import DeliveryState, Noun, Operation
from app.database.engine import open_read_transaction, open_write_transaction
from app.database.models import Delivery, SavedSearch, Webhook
from app.database.reads import ThreadReadSession, run_sync
from app.queries import webhooks
from app.queries.change_feed import ChangeSelection, get_next_changes
from app.store import leases
from app.store.leases import Lease
from app.webhooks import records
from app.webhooks.messages import build_messages
from app.webhooks.schedule import ATTEMPTS, get_pause

# Deliveries that may wait for a receiver before no more are made for it; its position keeps its place.
MAX_WAITING = 100

# How long a delivery that reached its receiver stays in the log.
_KEPT_FOR = dt.timedelta(days=30)

_GONE = 410

_WEBHOOK: Table = SQLModel.metadata.tables["webhook"]
_DELIVERY: Table = SQLModel.metadata.tables["delivery"]


@dataclass
class DeliveryLease(Lease):
    """The right to send a delivery, with all that sending it takes."""

    table: ClassVar[str] = "delivery"

    webhook_id: int
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    message_id: str
    body: str = field(repr=False)
    attempts: int
    created_at: dt.datetime


@dataclass(frozen=True)
class Attempt:
    """The result of sending a delivery once.

    ``status`` is the answered status, if any; ``error`` is null for success; ``retry_after`` is the number of seconds
    that the receiver asks to be left alone, if it does.
    """

    status: int | None
    error: str | None
    retry_after: int | None = None


class DeliveryOutcome(StrEnum):
    """The outcome of an attempt for the delivery."""

    DELIVERED = "delivered"
    WAITING = "to be sent again"
    FAILED = "failed"
    DISABLED = "webhook disabled"


def make_deliveries(engine: Engine, webhook_id: int, now: dt.datetime) -> int | None:
    """Make deliveries of the next changes for a webhook. Return how many, or None if nothing is new.

    Raise `Invalid` if its saved search names a source or speaker that no longer exists.
    """
    with open_read_transaction(engine) as session:
        webhook = session.get(Webhook, webhook_id)
        if webhook is None or not webhook.active:
            return None
        if webhooks.count_waiting(session, webhook_id, MAX_WAITING) == MAX_WAITING:
            return None
        since = webhook.position
        new = run_sync(get_next_changes(ThreadReadSession(session), _build_selection(session, webhook), since))
        if new.until == since:
            return None
        deliveries = [records.build_delivery(webhook, message, now) for message in build_messages(new.changes)]
    with open_write_transaction(engine) as session:
        conditions = (_WEBHOOK.c.id == webhook_id, _WEBHOOK.c.position == since, _WEBHOOK.c.active.is_(True))
        moved = session.connection().execute(update(_WEBHOOK).where(*conditions).values(position=new.until))
        if moved.rowcount == 0:
            return None
        session.add_all(deliveries)
    return len(deliveries)


def _build_selection(session: Session, webhook: Webhook) -> ChangeSelection:
    search = session.get(SavedSearch, webhook.search_id) if webhook.search_id else None
    return ChangeSelection(
        frozenset(map(Noun, webhook.nouns)),
        frozenset(map(Operation, webhook.operations)),
        (Noun(search.noun), search.query) if search else None,
    )


def acquire(
    engine: Engine, webhook_id: int, now: dt.datetime, *, due_by: dt.datetime, until: dt.datetime
) -> DeliveryLease | None:
    """Lease the delivery to the webhook that was due first, if one was due by then."""

    def find_due(session: Session) -> Delivery | None:
        webhook = session.get(Webhook, webhook_id)
        is_active = webhook is not None and webhook.active
        return webhooks.find_due_delivery(session, webhook_id, due_by) if is_active else None

    def build(session: Session, delivery: Delivery) -> DeliveryLease:
        assert delivery.id is not None
        webhook = session.get_one(Webhook, webhook_id)
        old = webhook.old_secret if webhook.old_secret_until and webhook.old_secret_until > now else None
        secrets = (webhook.secret, old) if old else (webhook.secret,)
        return DeliveryLease(
            delivery.id, until, webhook_id, webhook.url, secrets, delivery.message_id, delivery.body,
            delivery.attempts, delivery.created_at,
        )  # fmt: skip

    return leases.acquire(engine, until, find_due, build)


def release(engine: Engine, lease: DeliveryLease, now: dt.datetime) -> None:
    """Let the delivery be due now. Raise `LeaseLost`."""
    with leases.record_outcome(open_write_transaction(engine), lease, now):
        pass


def record_outcome(engine: Engine, lease: DeliveryLease, now: dt.datetime, attempt: Attempt) -> DeliveryOutcome:
    """Record an attempt and plan the next one. Disable a webhook that is gone or never reached. Raise `LeaseLost`."""
    attempts = lease.attempts + 1
    delivered, gone = attempt.error is None, attempt.status == _GONE
    wait = dt.timedelta() if delivered or gone else get_pause(attempts, attempt.retry_after)
    state = DeliveryState.DELIVERED if delivered else DeliveryState.FAILED if wait is None else DeliveryState.WAITING
    values = {"state": state, "attempts": attempts, "tried_at": now, "status": attempt.status, "detail": attempt.error}
    due_at = now + (wait or dt.timedelta())
    with leases.record_outcome(open_write_transaction(engine), lease, due_at, **values) as session:
        if delivered:
            return DeliveryOutcome.DELIVERED
        if gone:
            return _disable(session, lease, now, "the receiver says that it is gone (status 410)")
        if wait is None:
            return _give_up(session, lease, now)
        if attempt.retry_after:
            until = now + dt.timedelta(seconds=attempt.retry_after)
            _postpone_due(session, lease.webhook_id, now, until)
        return DeliveryOutcome.WAITING


def _postpone_due(session: Session, webhook_id: int, now: dt.datetime, until: dt.datetime) -> None:
    row = _DELIVERY.c
    due = update(_DELIVERY).where(row.webhook_id == webhook_id, webhooks.IS_WAITING, row.due_at <= now)
    session.connection().execute(due.values(due_at=until))


def _give_up(session: Session, lease: DeliveryLease, now: dt.datetime) -> DeliveryOutcome:
    """Leave the delivery failed; disable its webhook if no other delivery has reached it since."""
    if webhooks.has_delivered_since(session, lease.webhook_id, lease.created_at):
        return DeliveryOutcome.FAILED
    since = f"{lease.created_at:%Y-%m-%d %H:%M}"
    return _disable(session, lease, now, f"nothing has reached the receiver since {since}, in {ATTEMPTS} attempts")


def _disable(session: Session, lease: DeliveryLease, now: dt.datetime, reason: str) -> DeliveryOutcome:
    webhook = session.get_one(Webhook, lease.webhook_id)
    webhook.active, webhook.disabled_at, webhook.disabled_reason = False, now, reason
    return DeliveryOutcome.DISABLED


def cleanup(engine: Engine, now: dt.datetime) -> None:
    """Delete deliveries that reached their receivers long ago, and secrets that no longer sign."""
    row, hook = _DELIVERY.c, _WEBHOOK.c
    old = delete(_DELIVERY).where(row.state == DeliveryState.DELIVERED, row.tried_at < now - _KEPT_FOR)
    expired = update(_WEBHOOK).where(hook.old_secret_until <= now)
    with open_write_transaction(engine) as session:
        session.connection().execute(old)
        session.connection().execute(expired.values(old_secret=None, old_secret_until=None))
