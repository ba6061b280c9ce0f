"""``/webhooks``: the addresses that `dateline deliver` tells of changes, and what came of it.

An address may hold what is secret, as a chat's does: to read of webhooks takes the same key as to change them.
"""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Response
from sqlmodel import Session

from app.api.routers import answers
from app.api.web.deps import RecordId
from app.api.web.fresh import FreshForWritersDep
from app.api.web.writer import CHANGE, CREATE, Writer, WriterDep
from app.database.models import Delivery, Webhook
from app.database.read_pool import ThreadReadSession, run_sync
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
from app.webhooks import records

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


DeliveryId = Annotated[Id, Path(alias="delivery", description="Id of the message.")]


@router.get("", response_model=Page[WebhookPublic], responses=answers.FRESH_MANY)
async def list_webhooks(read: FreshForWritersDep, filters: Annotated[WebhookFilter, Query()]) -> Response:
    """Webhooks, in the order in which they were added."""
    return await answers.fresh_many(read, filters, WebhookPublic, lambda reads: webhooks.get_listing(reads, filters))


@router.get("/{id}", response_model=WebhookPublic, responses=answers.FRESH_ONE)
async def get_webhook(read: FreshForWritersDep, ident: RecordId) -> Response:
    """One webhook, and how far it has been told."""
    return await answers.fresh_one(read, lambda reads: webhooks.get_item(reads, ident))


@router.get("/{id}/deliveries", response_model=Page[DeliveryPublic], responses=answers.FRESH_NESTED)
async def list_webhook_deliveries(
    read: FreshForWritersDep, ident: RecordId, filters: Annotated[DeliveryFilter, Query()]
) -> Response:
    """The messages to a webhook, the latest first, and what became of them."""
    return await answers.fresh_many(
        read, filters, DeliveryPublic, lambda reads: webhooks.get_delivery_listing(reads, ident, filters), thorough=True
    )


@router.post("", response_model=WebhookSecret, status_code=201, responses=CREATE)
def create_webhook(writer: WriterDep, body: WebhookCreate) -> Response:
    """Tell one more address of changes. Its secret is in this answer, and in no other."""
    with writer.transaction() as session:
        return _shown(writer, session, 201, records.add(session, body), secret=True)


@router.patch("/{id}", response_model=WebhookPublic, responses=CHANGE)
def update_webhook(writer: WriterDep, ident: RecordId, body: WebhookUpdate) -> Response:
    """Only the fields that the body names. With `since` it is told once more of all changes after that revision."""
    writer.check_untagged()
    with writer.transaction() as session:
        return _shown(writer, session, 200, records.change(session, records.find(session, ident), body))


@router.delete("/{id}", status_code=204, responses=CHANGE)
def delete_webhook(writer: WriterDep, ident: RecordId) -> Response:
    """Forget a webhook and its messages, those that wait to be sent too."""
    writer.check_untagged()
    with writer.transaction() as session:
        session.delete(records.find(session, ident))
        return writer.answer(session, 204)


@router.post("/{id}/rotate", response_model=WebhookSecret, responses=CHANGE)
def rotate_webhook_secret(writer: WriterDep, ident: RecordId) -> Response:
    """Give a webhook a new secret, which this answer shows. For 24 hours the old one signs its messages as well."""
    writer.check_untagged()
    with writer.transaction() as session:
        return _shown(writer, session, 200, records.rotate(session, records.find(session, ident)), secret=True)


@router.post("/{id}/test", response_model=DeliveryPublic, status_code=201, responses=CHANGE)
def test_webhook(writer: WriterDep, ident: RecordId) -> Response:
    """Have a message of the type `webhook.test` sent, which tells of nothing."""
    writer.check_untagged()
    with writer.transaction() as session:
        return _delivery(writer, session, 201, records.test(session, records.find(session, ident)))


@router.post("/{id}/deliveries/{delivery}/retry", response_model=DeliveryPublic, responses=CHANGE)
def retry_delivery(writer: WriterDep, ident: RecordId, delivery: DeliveryId) -> Response:
    """Have a message sent once more, at once, even if it was delivered."""
    writer.check_untagged()
    with writer.transaction() as session:
        webhook = records.find(session, ident)
        return _delivery(writer, session, 200, records.send_again(session, webhook, delivery))


def _shown(writer: Writer, session: Session, status: int, webhook: Webhook, *, secret: bool = False) -> Response:
    assert webhook.id is not None
    item = run_sync(webhooks.get_item(ThreadReadSession(session), webhook.id))
    if secret:
        item = orjson.dumps({**orjson.loads(item), "secret": webhook.secret}).decode()
    return writer.show(session, status, f"/webhooks/{webhook.id}", item)


def _delivery(writer: Writer, session: Session, status: int, delivery: Delivery) -> Response:
    assert delivery.id is not None
    item = run_sync(webhooks.get_delivery(ThreadReadSession(session), delivery.id))
    return writer.show(session, status, f"/webhooks/{delivery.webhook_id}/deliveries", item)
