"""What events and statements can be asked for in one address: the filters of both lists, and nothing of formats."""

from pydantic import Field

from app.schemas.common import CommaRefs
from app.schemas.event import EventSelection
from app.schemas.speaker import Speakers
from app.schemas.statement import Coders, MinConfidence, StatementKinds


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
