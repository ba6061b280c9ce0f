import datetime as dt
from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.core.spans import Digits
from app.core.vocab import Noun, Operation
from app.schemas.common import MAX_ID, ListParams


class RevisionPublic(BaseModel):
    """One write transaction."""

    id: int = Field(description="Its number: later is greater, gaps are possible.")
    revised_at: dt.datetime = Field(description="When, in UTC.")
    author: str = Field(description="The key or command that made it.")
    message: str = Field(description="Why.")


class RevisionFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="-id", description="Order; `-` reverses.")


class ChangePublic(BaseModel):
    """What one revision did to one record."""

    revision: int = Field(description="Its number.")
    revised_at: dt.datetime = Field(description="When, in UTC.")
    noun: Noun
    id: int = Field(description="Id of the record.")
    operation: Operation
    href: str = Field(description="Address of the record as this revision left it, or found it when it was deleted.")


class ChangeFilter(ListParams):
    since: Annotated[int, Field(ge=0, le=MAX_ID, description="The last revision already known."), Digits] = 0
    sort: Annotated[str, Field(pattern="^-?revision$")] = Field(
        default="revision", description="Order: as it happened; `-` reverses."
    )


class VersionPublic(BaseModel):
    """One state of one record, as a revision left it."""

    revision: int = Field(description="Its number.")
    revised_at: dt.datetime = Field(description="When, in UTC.")
    author: str = Field(description="The key or command that made it.")
    message: str = Field(description="Why.")
    operation: Operation
    snapshot: dict[str, Any] | None = Field(description="The record's own columns; null once deleted.")


class HistoryFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?revision$")] = Field(default="-revision", description="Order; `-` reverses.")
