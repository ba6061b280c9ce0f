"""``/webhooks``: the addresses that `dateline deliver` tells of changes, and what came of it.

An address may hold what is secret, as a chat's does: to read of webhooks takes the same key as to change them.
"""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Response

from app.api.routers import responses
from app.api.web.reads import WriterReadDep
from app.api.web.requests import RecordId
from app.api.web.writes import CHANGE, CREATE, WriteDep, WriteRequest
from app.database.models import Delivery, Webhook
from app.database.reads import ThreadReadSession, run_sync
from app.queries import webhooks
from app.schemas.common import Id, Page
from app.schemas.webhook import (
    DeliveryFilter,
    DeliveryPublic,
    WebhookCreate,
    WebhookFilter,
    WebhookPublic,
    WebhookSecret,
    WebhookUpdate,
)
from app.store.revisions import WriteSession
from app.webhooks import records

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


DeliveryId = Annotated[Id, Path(alias="delivery", description="Id of the message.")]


@router.get("", response_model=Page[WebhookPublic], responses=responses.UNCACHED_LIST)
async def list_webhooks(read: WriterReadDep, filters: Annotated[WebhookFilter, Query()]) -> Response:
    """List webhooks, in the order in which they were added."""
    return await responses.build_uncached_list(
        read, filters, WebhookPublic, lambda reads: webhooks.get_listing(reads, filters)
    )


@router.get("/{id}", response_model=WebhookPublic, responses=responses.UNCACHED_RECORD)
async def get_webhook(read: WriterReadDep, ident: RecordId) -> Response:
    """Return one webhook, with the revision up to which it has messages."""
    return await responses.build_uncached(read, lambda reads: webhooks.get_item(reads, ident))


@router.get("/{id}/deliveries", response_model=Page[DeliveryPublic], responses=responses.UNCACHED_NESTED_LIST)
async def list_webhook_deliveries(
    read: WriterReadDep, ident: RecordId, filters: Annotated[DeliveryFilter, Query()]
) -> Response:
    """List the messages to a webhook, the latest first, with the results of their delivery."""
    return await responses.build_uncached_list(
        read, filters, DeliveryPublic, lambda reads: webhooks.get_delivery_listing(reads, ident, filters), thorough=True
    )


@router.post("", response_model=WebhookSecret, status_code=201, responses=CREATE)
def create_webhook(write: WriteDep, body: WebhookCreate) -> Response:
    """Add a webhook. Only this response has its secret."""
    with write.open_transaction() as session:
        return _build_response(write, session, 201, records.add_webhook(session, body), secret=True)


@router.patch("/{id}", response_model=WebhookPublic, responses=CHANGE)
def update_webhook(write: WriteDep, ident: RecordId, body: WebhookUpdate) -> Response:
    """Change the fields that the body names. With `since`, all changes after that revision are sent again."""
    write.reject_if_match()
    with write.open_transaction() as session:
        return _build_response(
            write, session, 200, records.change_webhook(session, records.find_webhook(session, ident), body)
        )


@router.delete("/{id}", status_code=204, responses=CHANGE)
def delete_webhook(write: WriteDep, ident: RecordId) -> Response:
    """Delete a webhook and its messages, waiting ones too."""
    write.reject_if_match()
    with write.open_transaction() as session:
        records.remove_webhook(session, records.find_webhook(session, ident))
        return write.build_response(session, 204)


@router.post("/{id}/rotate", response_model=WebhookSecret, responses=CHANGE)
def rotate_webhook_secret(write: WriteDep, ident: RecordId) -> Response:
    """Give a webhook a new secret, which only this response has. For 24 hours, the old one signs its messages too."""
    write.reject_if_match()
    with write.open_transaction() as session:
        return _build_response(
            write, session, 200, records.rotate_secret(session, records.find_webhook(session, ident)), secret=True
        )


@router.post("/{id}/test", response_model=DeliveryPublic, status_code=201, responses=CHANGE)
def test_webhook(write: WriteDep, ident: RecordId) -> Response:
    """Send a message of the type `webhook.test`, without changes."""
    write.reject_if_match()
    with write.open_transaction() as session:
        return _build_delivery_response(
            write, session, 201, records.add_test_delivery(session, records.find_webhook(session, ident))
        )


@router.post("/{id}/deliveries/{delivery}/retry", response_model=DeliveryPublic, responses=CHANGE)
def retry_delivery(write: WriteDep, ident: RecordId, delivery: DeliveryId) -> Response:
    """Send a message again, at once, even if it was delivered."""
    write.reject_if_match()
    with write.open_transaction() as session:
        webhook = records.find_webhook(session, ident)
        return _build_delivery_response(write, session, 200, records.retry_delivery(session, webhook, delivery))


def _build_response(
    write: WriteRequest, session: WriteSession, status: int, webhook: Webhook, *, secret: bool = False
) -> Response:
    assert webhook.id is not None
    item = run_sync(webhooks.get_item(ThreadReadSession(session), webhook.id))
    if secret:
        item = orjson.dumps({**orjson.loads(item), "secret": webhook.secret}).decode()
    return write.build_unversioned_response(session, status, f"/webhooks/{webhook.id}", item)


def _build_delivery_response(write: WriteRequest, session: WriteSession, status: int, delivery: Delivery) -> Response:
    assert delivery.id is not None
    item = run_sync(webhooks.get_delivery(ThreadReadSession(session), delivery.id))
    return write.build_unversioned_response(session, status, f"/webhooks/{delivery.webhook_id}/deliveries", item)
