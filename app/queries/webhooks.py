"""Webhooks, and the messages to them with the state of their delivery."""

import datetime as dt
from collections.abc import Sequence
from functools import cache, lru_cache

from sqlalchemy import (
    BigInteger,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlmodel import Session

from app.core.errors import NotFound
from app.core.vocab import DeliveryState
from app.database.json_sql import as_text, json_boolean, json_object, parse_json, rfc3339_time
from app.database.models import Delivery, Revision, SavedSearch, Webhook
from app.database.reads import PreparedSelect, ReadSession
from app.database.tables import Table
from app.queries.listing import BoundListing, ListQuery
from app.queries.parameters import FilterShape, split_filters
from app.schemas.common import split_commas
from app.schemas.webhook import DeliveryFilter, WebhookFilter

_HOOK: Table = Webhook
_DELIVERY: Table = Delivery
_SEARCH: Table = SavedSearch
_REVISION: Table = Revision

IS_WAITING = _DELIVERY.state == literal_column(f"'{DeliveryState.WAITING}'")
"""The condition of the partial index, as a literal: with a bound value SQLite does not use the index."""


@cache
def _select_webhooks() -> Select[str]:
    """Select one JSON text a webhook (``WebhookPublic``), never with its secret."""
    hook = _HOOK
    fields = {
        "id": hook.id,
        "url": hook.url,
        "description": hook.description,
        "search_slug": _SEARCH.slug,
        "nouns": parse_json(cast(hook.nouns, Text)),
        "operations": parse_json(cast(hook.operations, Text)),
        "position": hook.position,
        "active": json_boolean(hook.active),
        "disabled_at": rfc3339_time(hook.disabled_at),
        "disabled_reason": hook.disabled_reason,
        "old_secret_expires_at": rfc3339_time(hook.old_secret_until),
        "created_at": rfc3339_time(hook.created_at),
    }
    return select(as_text(json_object(fields))).select_from(hook).outerjoin(_SEARCH, _SEARCH.id == hook.search_id)


@cache
def _select_deliveries() -> Select[str]:
    """Select one JSON text a message (``DeliveryPublic``)."""
    row = _DELIVERY
    fields = {
        "id": row.id,
        "message_id": row.message_id,
        "change_count": row.changes,
        "state": row.state,
        "attempt_count": row.attempts,
        "http_status": row.status,
        "detail": row.detail,
        "created_at": rfc3339_time(row.created_at),
        "attempted_at": rfc3339_time(row.tried_at),
        "due_at": rfc3339_time(row.due_at),
    }
    return select(as_text(json_object(fields)))


async def get_listing(_reads: ReadSession, filters: WebhookFilter) -> BoundListing:
    """Return the webhooks that match (``WebhookPublic``)."""
    shape, values = split_filters(active=[] if filters.active is None else [filters.active])
    return BoundListing(_build_query(shape), values)


@lru_cache(maxsize=4)
def _build_query(shape: FilterShape) -> ListQuery:
    ids = select(_HOOK.id).where(*shape.match(_HOOK.active, "active"))
    return ListQuery.by_id(_select_webhooks(), _HOOK.id, ids)


@cache
def _select_webhook() -> PreparedSelect:
    return PreparedSelect(
        _select_webhooks().where(_HOOK.id == bindparam("id", type_=BigInteger, required=True)), with_state=True
    )


async def get_item(reads: ReadSession, ident: int) -> str:
    """Return a webhook as JSON text; raise NotFound if there is none."""
    rows = await reads.fetch(_select_webhook(), {"id": ident})
    if not rows:
        raise NotFound(f"There is no webhook {ident}.")
    return str(rows[0][0])


async def get_delivery_listing(reads: ReadSession, ident: int, filters: DeliveryFilter) -> BoundListing:
    """Return the messages to a webhook that match (``DeliveryPublic``); raise NotFound if there is no such webhook."""
    await get_item(reads, ident)
    shape, values = split_filters(webhook=ident, state=split_commas(filters.state))
    return BoundListing(_build_delivery_query(shape), values)


@lru_cache(maxsize=8)
def _build_delivery_query(shape: FilterShape) -> ListQuery:
    is_to_webhook = _DELIVERY.webhook_id == shape.bind("webhook", BigInteger)
    ids = select(_DELIVERY.id).where(is_to_webhook, *shape.match(_DELIVERY.state, "state"))
    return ListQuery.by_id(_select_deliveries(), _DELIVERY.id, ids)


@cache
def _select_delivery() -> PreparedSelect:
    return PreparedSelect(_select_deliveries().where(_DELIVERY.id == bindparam("id", type_=BigInteger, required=True)))


async def get_delivery(reads: ReadSession, ident: int) -> str:
    """Return an existing message as JSON text."""
    return str((await reads.fetch(_select_delivery(), {"id": ident}))[0][0])


# Queries of the deliverer


def list_with_work(session: Session, now: dt.datetime) -> Sequence[int]:
    """Return the ids of the active webhooks with new revisions, or with deliveries that are due."""
    newest = select(func.coalesce(func.max(_REVISION.id), 0)).scalar_subquery()
    due = select(_DELIVERY.id).where(_DELIVERY.webhook_id == _HOOK.id, IS_WAITING, _DELIVERY.due_at <= now).exists()
    ids = select(_HOOK.id).where(_HOOK.active.is_(True), or_(_HOOK.position < newest, due)).order_by(_HOOK.id)
    return session.execute(ids).scalars().all()


def find_due_delivery(session: Session, webhook_id: int, now: dt.datetime) -> Delivery | None:
    """Return the delivery to the webhook that has been due the longest, if any is due."""
    row = _DELIVERY
    due = select(row).where(row.webhook_id == webhook_id, IS_WAITING, row.due_at <= now).order_by(row.due_at, row.id)
    delivery: Delivery | None = session.execute(due.limit(1)).scalar()
    return delivery


def count_waiting(session: Session, webhook_id: int, limit: int) -> int:
    """Return how many deliveries wait for the webhook, counted up to ``limit``."""
    row = _DELIVERY
    waiting = select(row.id).where(row.webhook_id == webhook_id, IS_WAITING)
    # The order lets the databases use the index of the waiting deliveries.
    first = waiting.order_by(row.due_at).limit(limit).subquery()
    return int(session.execute(select(func.count()).select_from(first)).scalar_one())


def has_delivered_since(session: Session, webhook_id: int, moment: dt.datetime) -> bool:
    """Return True if any delivery has reached the webhook since then."""
    row = _DELIVERY
    reached = and_(row.webhook_id == webhook_id, row.state == DeliveryState.DELIVERED, row.tried_at >= moment)
    return session.execute(select(row.id).where(reached).limit(1)).first() is not None
