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
        description="The receiver of POST requests: http or https, without a user name or password in it.",
        examples=["https://hooks.example.org/dateline"],
    ),
]
Description = Annotated[Text, Field(min_length=1, max_length=1000, description="Its purpose.")]
Search = Annotated[Ref, Field(description="Only changes of records that this saved search finds; by slug or id.")]
Nouns = Annotated[list[Noun], Field(max_length=len(Noun), description="Only changes of these; none: of all.")]
Operations = Annotated[
    list[Operation], Field(max_length=len(Operation), description="Only changes of these kinds; none: of all.")
]
Since = Annotated[
    Annotated[int, Field(ge=0, le=MAX_ID), Digits],
    Field(description="The last revision that the receiver knows: it gets all later changes."),
]
Active = Annotated[
    bool, Field(description="True if messages are sent. A webhook that is made active again goes on where it stopped.")
]


class WebhookCreate(Input):
    """A URL to send change notifications to."""

    url: WebhookUrl
    description: Description | None = None
    search: Search | None = None
    nouns: Nouns = []
    operations: Operations = []
    since: Since | None = Field(default=None, description="By default the current revision.")


class WebhookUpdate(Input):
    url: WebhookUrl = omittable_field()
    description: Description | None = None
    search: Search | None = None
    nouns: Nouns = omittable_field()
    operations: Operations = omittable_field()
    since: Since = omittable_field()
    active: Active = omittable_field()


class WebhookPublic(BaseModel):
    """A URL that receives change notifications."""

    id: int
    url: str
    description: str | None = Field(description="Its purpose.")
    search_slug: str | None = Field(description="Slug of the saved search that selects the changes.")
    nouns: list[Noun] = Field(description="The nouns whose changes it gets; none: all.")
    operations: list[Operation] = Field(description="The kinds of changes that it gets; none: all.")
    position: int = Field(description="The last revision with messages.")
    active: bool = Field(description="True if messages are sent.")
    disabled_at: dt.datetime | None = Field(
        description="Moment of disabling after failed deliveries, in UTC; null if not disabled."
    )
    disabled_reason: str | None = Field(description="The reason for disabling.")
    old_secret_expires_at: dt.datetime | None = Field(
        description="Moment until which the previous secret signs too, in UTC."
    )
    created_at: dt.datetime = Field(description="Moment of adding, in UTC.")


class WebhookSecret(WebhookPublic):
    """A webhook with its secret, which no other response has."""

    secret: str = Field(description="Signs its messages: `whsec_` and 32 random bytes in base64. Keep it.")


class DeliveryPublic(BaseModel):
    """A message to a webhook, with the result of the last attempt."""

    id: int
    message_id: str = Field(description="The `webhook-id` of the message, the same in each attempt.")
    change_count: int = Field(description="Changes in the message; 0 for a test.")
    state: DeliveryState = Field(
        description="`waiting` to be sent or sent again, `delivered`, or `failed` after the last attempt."
    )
    attempt_count: int = Field(description="Attempts so far.")
    http_status: int | None = Field(description="HTTP status of the last answer.")
    detail: str | None = Field(description="The last error.")
    created_at: dt.datetime = Field(description="Moment of making, in UTC.")
    attempted_at: dt.datetime | None = Field(description="Moment of the last attempt, in UTC.")
    due_at: dt.datetime = Field(description="Moment when the next attempt is, or the last one was, due, in UTC.")


class WebhookFilter(ListParams):
    active: bool | None = Field(default=None, description="Only active webhooks, or only inactive ones.")
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="id", description="Order; `-` reverses.")


class DeliveryFilter(ListParams):
    state: (
        Annotated[str, Field(pattern=build_list_pattern(DeliveryState), description="States, comma for OR.")] | None
    ) = None
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="-id", description="Order; `-` reverses.")
