"""Bodies for merging and splitting events."""

from typing import Annotated

from pydantic import Field, model_validator

from app.schemas.common import Id, Input
from app.schemas.event import EventChanges, EventRef


class EventMerge(Input):
    """Other events to merge into this one."""

    refs: Annotated[list[EventRef], Field(min_length=1, max_length=100)] = Field(
        alias="from", description="Ids or external ids of the events to merge.", examples=[[31]]
    )


class EventSplit(EventChanges):
    """Another event to split off from this one; absent fields are as in this one."""

    event: EventRef | None = Field(
        default=None, description="An event that was merged into this one, to be an event of its own again."
    )
    document_ids: Annotated[
        list[Id], Field(max_length=10_000, description="Ids of documents whose reports and statements move.")
    ] = []
    statement_ids: Annotated[list[Id], Field(max_length=10_000, description="Ids of statements that move.")] = []
    claim_ids: Annotated[list[Id], Field(max_length=10_000, description="Ids of claims that move.")] = []

    @model_validator(mode="after")
    def _moves_something(self) -> "EventSplit":
        if not (self.document_ids or self.statement_ids or self.claim_ids or self.event is not None):
            raise ValueError("name documents, statements or claims of the other event")
        return self
