import datetime as dt
from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.core.spans import Digits
from app.core.vocab import Noun, Operation
from app.schemas.common import MAX_ID, ListParams


class RevisionPublic(BaseModel):
    """One write transaction."""

    id: int = Field(description="Its number: later is greater, gaps are possible.")
    revised_at: dt.datetime = Field(description="Moment of the revision, in UTC.")
    author: str = Field(description="The key or command that made it.")
    message: str = Field(description="The reason that its author gave.")


class RevisionFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="-id", description="Order; `-` reverses.")


class ChangePublic(BaseModel):
    """A change of one record by one revision."""

    revision: int = Field(description="Its number.")
    revised_at: dt.datetime = Field(description="Moment of the revision, in UTC.")
    noun: Noun
    id: int = Field(description="Id of the record.")
    operation: Operation
    href: str = Field(description="Address of the record after this revision, or before it if it was deleted.")


class ChangeFilter(ListParams):
    since: Annotated[int, Field(ge=0, le=MAX_ID, description="The last revision already known."), Digits] = 0
    sort: Annotated[str, Field(pattern="^-?revision$")] = Field(
        default="revision", description="Order: as it happened; `-` reverses."
    )


class VersionPublic(BaseModel):
    """One version of a record, made by a revision."""

    revision: int = Field(description="Its number.")
    revised_at: dt.datetime = Field(description="Moment of the revision, in UTC.")
    author: str = Field(description="The key or command that made it.")
    message: str = Field(description="The reason that its author gave.")
    operation: Operation
    snapshot: dict[str, Any] | None = Field(description="The record's own columns in this version; null if deleted.")


class HistoryFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?revision$")] = Field(default="-revision", description="Order; `-` reverses.")
