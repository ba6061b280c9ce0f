import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.core.vocab import ImportState
from app.schemas.common import ListParams


class ImportPublic(BaseModel):
    """One import, as far as it is committed."""

    id: int
    format: str = Field(description="`lines` for Dateline's own JSON lines, or another format of `dateline import`.")
    name: str = Field(description="Name of the file; over HTTP the `message`.")
    author: str = Field(description="The key or command that sent it.")
    state: ImportState = Field(
        description="`running`, `finished` or `broken_off`. An import whose server was stopped stays `running`."
    )
    line_count: int = Field(description="Lines that are committed.")
    taken_count: int = Field(description="Lines that made a new record.")
    changed_count: int = Field(description="Lines that changed a record.")
    unchanged_count: int = Field(description="Lines with nothing new.")
    waiting_count: int = Field(description="Lines that wait for a record to which they refer.")
    skipped_count: int = Field(
        description="Skipped lines, such as a machine's version of a record that a person has edited."
    )
    rejected_count: int = Field(description="Invalid lines.")
    count_by_reason: dict[str, int] = Field(description="Skipped and rejected lines, counted by reason.")
    started_at: dt.datetime = Field(description="Moment of the start, in UTC.")
    changed_at: dt.datetime = Field(description="Moment of the last commit, in UTC.")
    revision: int | None = Field(description="Its last revision; null if it has changed nothing yet.")


class LineProblem(BaseModel):
    """A line that was skipped or rejected."""

    line: int = Field(description="Its number, from 1.")
    field: str | None = Field(description="Path of the wrong field, such as `event.date`, if it is one field.")
    detail: str


class ImportReport(ImportPublic):
    """An import with the problems in the lines of this request."""

    problems: list[LineProblem] = Field(description="The first 100; `format=jsonl` reports every line.")


ReportFormat = Annotated[
    Literal["json", "jsonl"] | None,
    Field(description="`jsonl` for a line on each line, sent while they are committed; otherwise `Accept` decides."),
]


class ImportFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="-id", description="Order; `-` reverses.")
