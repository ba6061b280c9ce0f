"""Webhooks as people add, change and delete them. They are no part of the history, and make no revision."""

import datetime as dt
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, SQLModel

from app.core.errors import Conflict, Invalid, NotFound
from app.core.vocab import DeliveryState
from app.database.models import Delivery, SavedSearch, Webhook
from app.database.reads import ThreadReadSession, run_sync
from app.queries import lookups
from app.schemas.webhook import WebhookCreate, WebhookUpdate
from app.store.configured import add_configured, change_configured, find_configured
from app.store.revisions import WriteSession
from app.webhooks import messages, signing


def find_webhook(session: Session, webhook_id: int) -> Webhook:
    """Return the webhook. Raise `NotFound` if there is none."""
    return find_configured(session, Webhook, "webhook", webhook_id)


def add_webhook(session: WriteSession, body: WebhookCreate) -> Webhook:
    """Add a webhook with a secret of its own, for changes from now on, or since a revision."""
    values = _build_values(session, body)
    position = values.pop("position", None)
    webhook = Webhook(
        **values,
        secret=signing.new_secret(),
        position=_get_newest_revision(session) if position is None else position,
        created_at=_now(),
    )
    return add_configured(session, webhook)


def change_webhook(session: WriteSession, webhook: Webhook, body: WebhookUpdate) -> Webhook:
    """Change the fields that the body sets.

    If the webhook becomes active, or gets another address, all undelivered messages are due at once.
    """
    values = _build_values(session, body)
    becomes_active = values.get("active", False) and not webhook.active
    requeue = becomes_active or values.get("url", webhook.url) != webhook.url
    if values.get("active"):
        values |= {"disabled_at": None, "disabled_reason": None}
    change_configured(session, webhook, values)
    if requeue and webhook.id is not None:
        _requeue_undelivered(session, webhook.id)
    return webhook


def remove_webhook(session: WriteSession, webhook: Webhook) -> None:
    """Delete a webhook and its deliveries, those that wait included."""
    session.delete(webhook)


def _requeue_undelivered(session: Session, webhook_id: int) -> None:
    """Let all deliveries that have not reached the webhook be due now, with all their attempts."""
    table = SQLModel.metadata.tables["delivery"]
    missed = update(table).where(table.c.webhook_id == webhook_id, table.c.state != DeliveryState.DELIVERED)
    session.connection().execute(missed.values(state=DeliveryState.WAITING, attempts=0, due_at=_now()))


def rotate_secret(session: WriteSession, webhook: Webhook) -> Webhook:
    """Give the webhook a new secret; for a day the old one signs as well."""
    webhook.old_secret, webhook.old_secret_until = webhook.secret, _now() + signing.OVERLAP
    webhook.secret = signing.new_secret()
    session.flush()
    return webhook


def add_test_delivery(session: WriteSession, webhook: Webhook) -> Delivery:
    """Add a delivery without changes. Raise `Conflict` if the webhook is not active."""
    if not webhook.active:
        raise Conflict("The webhook is not active, so that nothing is sent to it.")
    now = _now()
    message = messages.build_test_message(now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    delivery = build_delivery(webhook, message, now)
    return add_configured(session, delivery)


def build_delivery(webhook: Webhook, message: messages.Message, now: dt.datetime) -> Delivery:
    """Build the delivery of a message, which is due at once."""
    assert webhook.id is not None
    return Delivery(
        webhook_id=webhook.id,
        message_id=messages.new_id(),
        body=message.body,
        changes=message.changes,
        created_at=now,
        due_at=now,
    )


def retry_delivery(session: WriteSession, webhook: Webhook, delivery_id: int) -> Delivery:
    """Let a delivery be due at once, whatever its state. Raise `NotFound` if there is none."""
    delivery = lookups.find_row(session, Delivery, id=delivery_id, webhook_id=webhook.id)
    if delivery is None:
        raise NotFound(f"There is no message {delivery_id} to webhook {webhook.id}.")
    delivery.state, delivery.attempts, delivery.due_at = DeliveryState.WAITING, 0, _now()
    session.flush()
    return delivery


def _build_values(session: Session, body: WebhookCreate | WebhookUpdate) -> dict[str, Any]:
    """Return the fields that the body sets, by the columns' names."""
    values = body.model_dump(exclude_unset=True, mode="json")
    if "search" in values:
        values["search_id"] = _find_search_id(session, values.pop("search"))
    since = values.pop("since", None)
    if since is not None:
        if since > (newest := _get_newest_revision(session)):
            raise Invalid("since", f"the store is at revision {newest}")
        values["position"] = since
    return values


def _find_search_id(session: Session, ref: int | str | None) -> int | None:
    if ref is None:
        return None
    search = lookups.find_row(session, SavedSearch, **{"id" if isinstance(ref, int) else "slug": ref})
    if search is None:
        raise Invalid("search", f"there is no saved search {ref}")
    return search.id


def _get_newest_revision(session: Session) -> int:
    return run_sync(ThreadReadSession(session).fetch_state()).revision


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
