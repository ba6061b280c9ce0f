from typing import Annotated

from pydantic import BaseModel, Field

from app.core.vocab import Noun
from app.schemas.common import CommaRefs, ListParams, SearchText


class SearchPublic(BaseModel):
    """A record in which the words occur."""

    noun: Noun
    id: int
    title: str | None = Field(description="Title of the event or document; for a statement, its speaker's name.")
    snippet: str = Field(description="The passage as HTML: escaped, with the words in `<mark>`.")
    href: str = Field(description="Address of the record.")
    revision: int = Field(description="The revision that last changed the record.")


class SearchFilter(ListParams):
    q: SearchText
    noun: CommaRefs | None = Field(
        default=None,
        pattern="^(events|statements|documents)(,(events|statements|documents))*$",
        description="Nouns to search, comma for OR.",
    )
    sort: Annotated[str, Field(pattern="^-?date$")] = Field(default="-date", description="Order; `-` reverses.")
