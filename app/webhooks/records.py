"""Webhooks as people add, change and delete them. They are no part of the history, and make no revision."""

import datetime as dt
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, SQLModel

from app.core.errors import Conflict, Invalid, NotFound
from app.core.vocab import DeliveryState
from app.database.models import Delivery, SavedSearch, Webhook
from app.database.read_pool import ThreadReadSession, run_sync
from app.queries import lookups
from app.schemas.webhook import WebhookCreate, WebhookUpdate
from app.webhooks import messages, signing


def find(session: Session, ident: int) -> Webhook:
    """The webhook; raises NotFound."""
    webhook = lookups.find_row(session, Webhook, id=ident)
    if webhook is None:
        raise NotFound(f"There is no webhook {ident}.")
    return webhook


def add(session: Session, body: WebhookCreate) -> Webhook:
    """A webhook with a secret of its own, which is told of what happens from now on, or since a revision."""
    values = _values(session, body)
    position = values.pop("position", None)
    webhook = Webhook(
        **values,
        secret=signing.new_secret(),
        position=_newest(session) if position is None else position,
        created_at=_now(),
    )
    session.add(webhook)
    session.flush()
    return webhook


def change(session: Session, webhook: Webhook, body: WebhookUpdate) -> Webhook:
    """Change what the body names.

    One that becomes active, or gets another address, is sent at once what it has missed.
    """
    values = _values(session, body)
    begins_again = (values.get("active", False) and not webhook.active) or values.get("url", webhook.url) != webhook.url
    if values.get("active"):
        values |= {"disabled_at": None, "disabled_reason": None}
    for name, value in values.items():
        setattr(webhook, name, value)
    session.flush()
    if begins_again and webhook.id is not None:
        _requeue_undelivered(session, webhook.id)
    return webhook


def _requeue_undelivered(session: Session, webhook_id: int) -> None:
    """Let all deliveries that have not reached the webhook be due now, with all their attempts."""
    table = SQLModel.metadata.tables["delivery"]
    missed = update(table).where(table.c.webhook_id == webhook_id, table.c.state != DeliveryState.DELIVERED)
    session.connection().execute(missed.values(state=DeliveryState.WAITING, attempts=0, due_at=_now()))


def rotate(session: Session, webhook: Webhook) -> Webhook:
    """Give the webhook a new secret; the one that it had signs too for a day."""
    webhook.old_secret, webhook.old_secret_until = webhook.secret, _now() + signing.OVERLAP
    webhook.secret = signing.new_secret()
    session.flush()
    return webhook


def test(session: Session, webhook: Webhook) -> Delivery:
    """Have a message sent that tells of nothing; raises Conflict where none are sent."""
    if not webhook.active:
        raise Conflict("The webhook is not active, so that nothing is sent to it.")
    now = _now()
    message = messages.test_message(now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    delivery = build_delivery(webhook, message, now)
    session.add(delivery)
    session.flush()
    return delivery


def build_delivery(webhook: Webhook, message: messages.Message, now: dt.datetime) -> Delivery:
    """A message as it waits to be sent."""
    assert webhook.id is not None
    return Delivery(
        webhook_id=webhook.id,
        message_id=messages.new_id(),
        body=message.body,
        changes=message.changes,
        created_at=now,
        due_at=now,
    )


def send_again(session: Session, webhook: Webhook, ident: int) -> Delivery:
    """Have a message sent at once, whatever came of it before; raises NotFound."""
    delivery = lookups.find_row(session, Delivery, id=ident, webhook_id=webhook.id)
    if delivery is None:
        raise NotFound(f"There is no message {ident} to webhook {webhook.id}.")
    delivery.state, delivery.attempts, delivery.due_at = DeliveryState.WAITING, 0, _now()
    session.flush()
    return delivery


def _values(session: Session, body: WebhookCreate | WebhookUpdate) -> dict[str, Any]:
    """What the body names, by the columns' names."""
    values = body.model_dump(exclude_unset=True, mode="json")
    if "search" in values:
        values["search_id"] = _search(session, values.pop("search"))
    since = values.pop("since", None)
    if since is not None:
        if since > (newest := _newest(session)):
            raise Invalid("since", f"the store is at revision {newest}")
        values["position"] = since
    return values


def _search(session: Session, ref: int | str | None) -> int | None:
    if ref is None:
        return None
    search = lookups.find_row(session, SavedSearch, **{"id" if isinstance(ref, int) else "slug": ref})
    if search is None:
        raise Invalid("search", f"there is no saved search {ref}")
    return search.id


def _newest(session: Session) -> int:
    return run_sync(ThreadReadSession(session).fetch_state()).revision


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
