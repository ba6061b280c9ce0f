import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.core.vocab import ImportState
from app.schemas.common import ListParams


class ImportPublic(BaseModel):
    """One import, as far as it is committed."""

    id: int
    format: str = Field(description="`lines` for Dateline's own JSON lines; what else `dateline import` reads.")
    name: str = Field(description="Name of the file; over HTTP the `message`.")
    author: str = Field(description="The key or command that sent it.")
    state: ImportState = Field(
        description="`running`, `finished` or `broken_off`. One whose server was stopped stays `running`."
    )
    line_count: int = Field(description="Lines that are done, and committed with whatever they brought.")
    taken_count: int = Field(description="Lines that made a new record.")
    changed_count: int = Field(description="Lines that changed a record.")
    unchanged_count: int = Field(description="Lines that say what the store holds already.")
    waiting_count: int = Field(description="Lines kept aside until what they refer to is there.")
    skipped_count: int = Field(description="Lines passed over, such as a machine's reading of what a person has read.")
    rejected_count: int = Field(description="Lines that are wrong.")
    count_by_reason: dict[str, int] = Field(description="Why lines were skipped or rejected, and how many.")
    started_at: dt.datetime = Field(description="When, in UTC.")
    changed_at: dt.datetime = Field(description="When the last lines were committed, in UTC.")
    revision: int | None = Field(description="The last revision that it made; null where nothing has changed yet.")


class LineProblem(BaseModel):
    """A line that was skipped or rejected."""

    line: int = Field(description="Its number, from 1.")
    field: str | None = Field(description="Path of what is wrong, such as `event.date`, where it is one field.")
    detail: str


class ImportReport(ImportPublic):
    """An import, and what was wrong with the lines of this request."""

    problems: list[LineProblem] = Field(description="The first 100; `format=jsonl` tells of every line.")


ReportFormat = Annotated[
    Literal["json", "jsonl"] | None,
    Field(description="`jsonl` for a line on each line, sent while they are committed; otherwise `Accept` decides."),
]


class ImportFilter(ListParams):
    sort: Annotated[str, Field(pattern="^-?id$")] = Field(default="-id", description="Order; `-` reverses.")
