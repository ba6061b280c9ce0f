"""What events, and statements, can be asked for without pages: the filters of their lists, and nothing of formats."""

from typing import Annotated

from pydantic import Field

from app.schemas.common import CommaRefs, DateParams, Digits, Ids, Name, SearchText
from app.schemas.event import Bbox, EventTypes
from app.schemas.source import Countries, Sources
from app.schemas.speaker import Speakers
from app.schemas.statement import Coders, MinConfidence, StatementKinds

Least = Annotated[int, Field(ge=1, le=10_000), Digits]


class EventSelection(DateParams):
    """The filters of ``/events``."""

    id: Ids | None = None
    source: Sources | None = None
    speaker: Speakers | None = None
    country: Countries | None = None
    place: Name | None = Field(default=None, description="Part of the place's name, taken literally.")
    bbox: Bbox | None = None
    type: EventTypes | None = None
    q: SearchText | None = None
    min_sources: Least | None = Field(default=None, description="Least number of outlets that reported it.")
    min_origins: Least | None = Field(default=None, description="Least number of independent origins of their reports.")


class EitherSelection(EventSelection):
    """The filters of ``/events``, and those that ``/statements`` has besides."""

    via: Speakers | None = Field(default=None, description="Who relayed a statement, comma for OR.")
    event: CommaRefs | None = Field(default=None, description="Events of a statement by id, comma for OR.")
    utterance: CommaRefs | None = Field(default=None, description="Utterances of a statement by id, comma for OR.")
    kind: StatementKinds | None = Field(default=None, description="Kinds of statements, comma for OR.")
    coded_by: Coders | None = Field(default=None, description="Whose reading a statement is, comma for OR.")
    min_confidence: MinConfidence | None = Field(
        default=None, description="No statement that its coder was less sure of; those without a confidence stay."
    )
