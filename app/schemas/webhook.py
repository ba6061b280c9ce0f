import datetime as dt
from typing import Annotated

from pydantic import BaseModel, Field

from app.core.spans import Digits, Text
from app.core.urls import HttpUrl
from app.core.vocab import DeliveryState, Noun, Operation
from app.schemas.common import MAX_ID, Input, ListParams, Ref, build_list_pattern, omittable_field

WebhookUrl = Annotated[
    HttpUrl,
    Field(
        max_length=2000,
        description="Where messages are sent by POST: http or https, without a user name or password in it.",
        examples=["https://hooks.example.org/dateline"],
    ),
]
Description = Annotated[Text, Field(min_length=1, max_length=1000, description="What it is for.")]
Search = Annotated[Ref, Field(description="Only changes of records that this saved search finds; by slug or id.")]
Nouns = Annotated[list[Noun], Field(max_length=len(Noun), description="Only changes of these; none: of all.")]
Operations = Annotated[
    list[Operation], Field(max_length=len(Operation), description="Only changes of these kinds; none: of all.")
]
Since = Annotated[
    Annotated[int, Field(ge=0, le=MAX_ID), Digits],
    Field(description="The last revision that the receiver knows: it is told of all changes after that one."),
]
Active = Annotated[
    bool, Field(description="Whether messages are sent. One that is made active again goes on where it stopped.")
]


class WebhookCreate(Input):
    """An address to tell of changes."""

    url: WebhookUrl
    description: Description | None = None
    search: Search | None = None
    nouns: Nouns = []
    operations: Operations = []
    since: Since | None = Field(default=None, description="The present one, when left out.")


class WebhookUpdate(Input):
    url: WebhookUrl = omittable_field()
    description: Description | None = None
    search: Search | None = None
    nouns: Nouns = omittable_field()
    operations: Operations = omittable_field()
    since: Since = omittable_field()
    active: Active = omittable_field()


class WebhookPublic(BaseModel):
    """An address that is told of changes."""

    id: int
    url: str
    description: str | None = Field(description="What it is for.")
    search_slug: str | None = Field(description="Slug of the saved search that it follows.")
    nouns: list[Noun] = Field(description="The nouns whose changes it is told of; none: all.")
    operations: list[Operation] = Field(description="The kinds of changes that it is told of; none: all.")
    position: int = Field(description="The last revision of which messages were made.")
    active: bool = Field(description="Whether messages are sent.")
    disabled_at: dt.datetime | None = Field(description="When it was given up, in UTC; null: it was not.")
    disabled_reason: str | None = Field(description="Why it was given up.")
    old_secret_expires_at: dt.datetime | None = Field(
        description="Until when the secret before the present one signs as well, in UTC."
    )
    created_at: dt.datetime = Field(description="When it was added, in UTC.")


class WebhookSecret(WebhookPublic):
    """A webhook with its secret, which is shown this once."""

    secret: str = Field(description="Signs its messages: `whsec_` and 32 random bytes in base64. Keep it.")


class DeliveryPublic(BaseModel):
    """A message to a webhook, and what came of sending it last."""

    id: int
    message_id: str = Field(description="What the message carries as `webhook-id`, each time that it is sent.")
    change_count: int = Field(description="Changes that it tells of; none: it is a test.")
    state: DeliveryState = Field(
        description="`waiting` to be sent or sent again, `delivered`, or `failed` after the last attempt."
    )
    attempt_count: int = Field(description="How often it was sent.")
    http_status: int | None = Field(description="The HTTP status that was answered last.")
    detail: str | None = Field(description="What went wrong last.")
    created_at: dt.datetime = Field(description="When it was made, in UTC.")
    attempted_at: dt.datetime | None = Field(description="When it last was sent, in UTC.")
    due_at: dt.datetime = Field(description="When it is to be sent, or was to be sent last, in UTC.")


class WebhookFilter(ListParams):
    active: bool | None = Field(default=None, description="Only those to which messages are sent, or are not.")
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="id", description="Order; `-` reverses.")


class DeliveryFilter(ListParams):
    state: (
        Annotated[str, Field(pattern=build_list_pattern(DeliveryState), description="States, comma for OR.")] | None
    ) = None
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="-id", description="Order; `-` reverses.")
