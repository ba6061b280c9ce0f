from typing import Annotated

from pydantic import BaseModel, Field

from app.schemas.common import ListParams, SpeakerBrief
from app.schemas.document import DocumentPublic


class VersionStatement(BaseModel):
    """A statement as one version prints it."""

    id: int
    speaker: SpeakerBrief | None
    words: str = Field(description="The words as printed.")


class StayedStatement(BaseModel):
    """A statement that both versions print alike."""

    id: int = Field(description="Its id in this version.")
    previous_id: int = Field(description="Its id in the version before.")


class ChangedStatement(BaseModel):
    """A statement with other words, or another speaker, than in the version before."""

    id: int = Field(description="Its id in this version.")
    similarity: float = Field(description="Similarity of the words, from 0 to 1; 1 if only the speaker differs.")
    previous: VersionStatement
    current: VersionStatement


class VersionChanges(BaseModel):
    """A comparison with the version before."""

    previous_id: int = Field(description="Id of the version before.")
    is_text_unchanged: bool = Field(description="True if the text is the same.")
    similarity: float = Field(description="Similarity of the texts, from 0 to 1.")
    added_length: int = Field(description="Code points that were added; lines that only moved do not count.")
    removed_length: int = Field(description="Code points that were removed.")
    unchanged_statements: list[StayedStatement] = Field(description="Statements with the same words and speaker.")
    changed_statements: list[ChangedStatement] = Field(description="Statements with similar words, or another speaker.")
    removed_statements: list[VersionStatement] = Field(
        description="Statements of the version before that this one does not print."
    )
    added_statements: list[VersionStatement] = Field(description="Statements that the version before did not print.")


class DocumentVersion(DocumentPublic):
    """One capture of an item, compared with the capture before it."""

    comparison: VersionChanges | None = Field(description="Null for the first.")


class DocumentVersionFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?retrieved$")] = Field(
        default="retrieved", description="Order, by the moment of capture; `-` reverses."
    )
