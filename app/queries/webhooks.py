"""Webhooks, and the messages that were made for them."""

import datetime as dt
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlmodel import Session

from app.core.errors import NotFound
from app.core.vocab import DeliveryState
from app.database.json_sql import as_text, json_boolean, json_object, parse_json, rfc3339_time
from app.database.models import Delivery, Revision, SavedSearch, Webhook
from app.database.statements import PreparedSelect, ReadSession
from app.database.tables import Table
from app.queries.listing import BoundListing, ListQuery
from app.queries.parameters import FilterShape, split_filters
from app.schemas.common import comma_list
from app.schemas.webhook import DeliveryFilter, WebhookFilter

_HOOK: Table = Webhook
_DELIVERY: Table = Delivery
_SEARCH: Table = SavedSearch
_REVISION: Table = Revision

# In so many words, by which SQLite knows the index of the messages that wait.
_WAITS = _DELIVERY.state == literal_column(f"'{DeliveryState.WAITING}'")


@cache
def _webhooks() -> Select[str]:
    """One JSON text a webhook (``WebhookPublic``), never with its secret."""
    hook = _HOOK
    fields = {
        "id": hook.id,
        "url": hook.url,
        "description": hook.description,
        "search": _SEARCH.slug,
        "nouns": parse_json(cast(hook.nouns, Text)),
        "operations": parse_json(cast(hook.operations, Text)),
        "position": hook.position,
        "active": json_boolean(hook.active),
        "disabled_at": rfc3339_time(hook.disabled_at),
        "disabled_reason": hook.disabled_reason,
        "old_secret_until": rfc3339_time(hook.old_secret_until),
        "created_at": rfc3339_time(hook.created_at),
    }
    return select(as_text(json_object(fields))).select_from(hook).outerjoin(_SEARCH, _SEARCH.id == hook.search_id)


@cache
def _deliveries() -> Select[str]:
    """One JSON text a message (``DeliveryPublic``)."""
    row = _DELIVERY
    told = {name: getattr(row, name) for name in ("changes", "state", "attempts", "status", "detail")}
    moments = {name: rfc3339_time(getattr(row, name)) for name in ("created_at", "tried_at", "due_at")}
    return select(as_text(json_object({"id": row.id, "message": row.message_id, **told, **moments})))


async def get_listing(_reads: ReadSession, filters: WebhookFilter) -> BoundListing:
    """The webhooks that match (``WebhookPublic``)."""
    shape, values = split_filters(active=[] if filters.active is None else [filters.active])
    return BoundListing(_build_query(shape), values)


@lru_cache(maxsize=4)
def _build_query(shape: FilterShape) -> ListQuery:
    found = select(_HOOK.id).where(*shape.among(_HOOK.active, "active"))
    return ListQuery.by_id(_webhooks(), _HOOK.id, found)


@cache
def _one() -> PreparedSelect:
    return PreparedSelect(
        _webhooks().where(_HOOK.id == bindparam("id", type_=BigInteger, required=True)), with_state=True
    )


async def get_item(reads: ReadSession, ident: int) -> str:
    """A webhook as JSON text; raises NotFound."""
    rows = await reads.fetch(_one(), {"id": ident})
    if not rows:
        raise NotFound(f"There is no webhook {ident}.")
    return str(rows[0][0])


async def get_delivery_listing(reads: ReadSession, ident: int, filters: DeliveryFilter) -> BoundListing:
    """The messages to a webhook that match (``DeliveryPublic``); raises NotFound."""
    await get_item(reads, ident)
    shape, values = split_filters(webhook=ident, state=comma_list(filters.state))
    return BoundListing(_build_delivery_query(shape), values)


@lru_cache(maxsize=8)
def _build_delivery_query(shape: FilterShape) -> ListQuery:
    of_webhook = _DELIVERY.webhook_id == shape.value("webhook", BigInteger)
    found = select(_DELIVERY.id).where(of_webhook, *shape.among(_DELIVERY.state, "state"))
    return ListQuery.by_id(_deliveries(), _DELIVERY.id, found)


@cache
def _one_delivery() -> PreparedSelect:
    return PreparedSelect(_deliveries().where(_DELIVERY.id == bindparam("id", type_=BigInteger, required=True)))


async def get_delivery(reads: ReadSession, ident: int) -> str:
    """A message that is there, as JSON text."""
    return str((await reads.fetch(_one_delivery(), {"id": ident}))[0][0])


# What the deliverer asks and keeps


def list_with_work(session: Session, now: dt.datetime) -> Sequence[int]:
    """The webhooks that have something to be told: of revisions that are new to them, or by messages that are due."""
    newest = select(func.coalesce(func.max(_REVISION.id), 0)).scalar_subquery()
    due = select(_DELIVERY.id).where(_DELIVERY.webhook_id == _HOOK.id, *_due(now)).exists()
    found = select(_HOOK.id).where(_HOOK.active.is_(True), or_(_HOOK.position < newest, due)).order_by(_HOOK.id)
    return session.execute(found).scalars().all()


def find_due_delivery(session: Session, webhook: int, now: dt.datetime) -> Delivery | None:
    """The message to the webhook that has been due the longest."""
    row = _DELIVERY
    due = select(row).where(row.webhook_id == webhook, *_due(now)).order_by(row.due_at, row.id).limit(1)
    found: Delivery | None = session.execute(due).scalar()
    return found


def _due(now: dt.datetime) -> tuple[Any, ...]:
    return _WAITS, _DELIVERY.due_at <= now


def count_waiting(session: Session, webhook: int, most: int) -> int:
    """How many messages wait to be sent to the webhook; counted up to ``most``."""
    row = _DELIVERY
    waits = select(row.id).where(row.webhook_id == webhook, _WAITS)
    some = waits.order_by(row.due_at).limit(most).subquery()  # by the order the databases know the index of those alone
    return int(session.execute(select(func.count()).select_from(some)).scalar_one())


def advance_position(session: Session, webhook: int, since: int, until: int) -> bool:
    """Move the position of an active webhook, if it still is where it was; returns whether it was."""
    here = update(_HOOK).where(_HOOK.id == webhook, _HOOK.position == since, _HOOK.active.is_(True))
    return _changed(session, here.values(position=until)) == 1


def update_delivery(session: Session, delivery: int, lease: dt.datetime, **values: Any) -> bool:
    """Give a message that waits these values, if it still is due at the end of the lease; returns whether it was."""
    row = _DELIVERY
    here = update(row).where(row.id == delivery, _WAITS, row.due_at == lease)
    return _changed(session, here.values(**values)) == 1


def postpone_deliveries(session: Session, webhook: int, now: dt.datetime, until: dt.datetime) -> None:
    """Leave the webhook's messages that are due until then."""
    _changed(session, update(_DELIVERY).where(_DELIVERY.webhook_id == webhook, *_due(now)).values(due_at=until))


def has_delivered_since(session: Session, webhook: int, moment: dt.datetime) -> bool:
    """Whether any message has reached the webhook since then."""
    row = _DELIVERY
    reached = and_(row.webhook_id == webhook, row.state == DeliveryState.DELIVERED, row.tried_at >= moment)
    return session.execute(select(row.id).where(reached).limit(1)).first() is not None


def requeue_undelivered(session: Session, webhook: int, now: dt.datetime) -> None:
    """Let all messages to the webhook that were not delivered be due, as if they had never been sent."""
    row = _DELIVERY
    missed = update(row).where(row.webhook_id == webhook, row.state != DeliveryState.DELIVERED)
    _changed(session, missed.values(state=DeliveryState.WAITING, attempts=0, due_at=now))


def delete_delivered(session: Session, before: dt.datetime) -> None:
    """Forget the messages that were delivered before then."""
    row = _DELIVERY
    _changed(session, delete(row).where(row.state == DeliveryState.DELIVERED, row.tried_at < before))


def clear_old_secrets(session: Session, now: dt.datetime) -> None:
    """Forget the secrets that do not sign any more."""
    over = update(_HOOK).where(_HOOK.old_secret_until <= now)
    _changed(session, over.values(old_secret=None, old_secret_until=None))


def _changed(session: Session, statement: Any) -> int:
    """How many rows a statement has changed; those that the session holds already are left as they are."""
    result: Any = session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)
