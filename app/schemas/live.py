import re
from typing import Annotated

from pydantic import BaseModel, Field

from app.core.spans import Digits
from app.core.vocab import Noun, Operation
from app.schemas.common import MAX_ID, Ref, build_list_pattern

# A revision, and the index of a change in it unless all its changes were sent.
EVENT_ID = re.compile("(0|[1-9][0-9]{0,18})(-(0|[1-9][0-9]{0,18}))?")


class StreamParams(BaseModel):
    """The parameters of the stream of changes: filters and its start."""

    noun: Annotated[str, Field(pattern=build_list_pattern(Noun), description="Nouns, comma for OR.")] | None = None
    operation: (
        Annotated[str, Field(pattern=build_list_pattern(Operation), description="Operations, comma for OR.")] | None
    ) = None
    search: (
        Annotated[Ref, Field(description="A saved search, by slug or id: what matches it, with the items.")] | None
    ) = None
    since: Annotated[int, Field(ge=0, le=MAX_ID, description="The last revision already known."), Digits] | None = None
    last_event_id: Annotated[str, Field(pattern=f"^{EVENT_ID.pattern}$")] | None = Field(
        default=None, description="The id of the last event already known, for a first connection; beats `since`."
    )
