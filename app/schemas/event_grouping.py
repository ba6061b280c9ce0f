"""Bodies for merging and splitting events."""

from typing import Annotated

from pydantic import Field, model_validator

from app.schemas.common import Id, Input
from app.schemas.event import EventChanges, EventRef


class EventMerge(Input):
    """Other events that turn out to be this one."""

    refs: Annotated[list[EventRef], Field(min_length=1, max_length=100)] = Field(
        alias="from", description="Ids or external ids of those that are to be merged into it.", examples=[[31]]
    )


class EventSplit(EventChanges):
    """Another event, which was taken for this one; what is left out of its description is as in this one."""

    event: EventRef | None = Field(
        default=None, description="One that was merged into this one, and is to be an event of its own again."
    )
    document_ids: Annotated[
        list[Id], Field(max_length=10_000, description="Ids of documents whose reports and statements go over.")
    ] = []
    statement_ids: Annotated[list[Id], Field(max_length=10_000, description="Ids of statements that go over.")] = []
    claim_ids: Annotated[list[Id], Field(max_length=10_000, description="Ids of claims that go over.")] = []

    @model_validator(mode="after")
    def _moves_something(self) -> "EventSplit":
        if not (self.document_ids or self.statement_ids or self.claim_ids or self.event is not None):
            raise ValueError("name documents, statements or claims of the other event")
        return self
